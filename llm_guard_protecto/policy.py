"""Policies: what happens to each entity, and how its tokens look.

A policy file (TOML or JSON) is a few lines on top of a built-in one::

    name = "support"
    extends = "default"
    allow = ["Acme Corp"]

    [entities.PERSON]
    prefix = "{Person Name "
    suffix = "}"

    [entities.URL]
    action = "exclude"

Unknown keys, entities and values are errors that name the mistake (`ConfigurationError`).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from llm_guard_protecto.entities import ENTITIES, Entity, Family, Unit
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["BUILT_IN", "EntityRule", "Policy"]

Action = Literal["pseudonymize", "anonymize", "exclude"]
Wrapper = Annotated[str, Field(max_length=64)]


class EntityRule(BaseModel):
    """What happens to one entity.

    Lengths count characters of one token run: clamp(length of the unit, min, max). The default
    alphabet `safe` has 46 characters: consonants of both cases and 2-9, without look-alikes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action = "pseudonymize"
    prefix: Wrapper
    suffix: Wrapper
    kind: Literal["text", "digits"] = "text"
    unit: Unit = "value"
    min_length: int = Field(default=5, ge=3, le=40)
    max_length: int = Field(default=10, ge=3, le=40)
    alphabet: Literal["safe", "base62"] = "safe"
    threshold: float = Field(default=0.5, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _lengths_in_order(self) -> EntityRule:
        if self.min_length > self.max_length:
            raise ValueError("min_length is larger than max_length")
        if self.unit == "digits" and self.kind != "digits":
            raise ValueError('unit "digits" needs kind "digits"')
        return self


class Policy(BaseModel):
    """A named, immutable set of rules. Build one with `Policy.load`, `.parse` or `.built_in`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    entities: dict[str, EntityRule]
    allow: frozenset[str] = Field(default=frozenset(), repr=False)
    allow_famous_places: bool = False
    toxicity: bool = True

    @classmethod
    def built_in(cls, name: str = "default") -> Policy:
        """One of `default`, `strict`, `minimal`, `anonymize`."""
        if name not in BUILT_IN:
            raise ConfigurationError(_unknown("policy", name, BUILT_IN))
        return _built_in(name)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Policy:
        """Build a policy from parsed TOML or JSON; every mistake is named in one error."""
        body = dict(data)
        mistakes: list[str] = []
        parent_name = body.pop("extends", "default")
        if not isinstance(parent_name, str) or parent_name not in BUILT_IN:
            mistakes.append("extends: " + _unknown("policy", parent_name, BUILT_IN))
            parent_name = "default"
        parent = _built_in(parent_name)
        entities = dict(parent.entities)
        changes = body.pop("entities", {})
        if not isinstance(changes, Mapping):
            mistakes.append("entities: must be a table of entity names")
            changes = {}
        for name, change in changes.items():
            if name not in ENTITIES:
                mistakes.append(f"entities.{name}: " + _unknown("entity", name, ENTITIES))
            elif not isinstance(change, Mapping):
                mistakes.append(f"entities.{name}: must be a table of settings")
            else:
                try:
                    entities[name] = EntityRule.model_validate(
                        entities[name].model_dump() | dict(change)
                    )
                except ValidationError as error:
                    mistakes += _mistakes(error, f"entities.{name}", EntityRule)
        merged = {
            "description": "",
            "allow": parent.allow,
            "allow_famous_places": parent.allow_famous_places,
            "toxicity": parent.toxicity,
        } | body
        try:
            policy = cls.model_validate(merged | {"entities": entities})
        except ValidationError as error:
            mistakes += _mistakes(error, "", cls)
        if mistakes:
            raise ConfigurationError("policy cannot work: " + "; ".join(mistakes)) from None
        return policy

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy file: `.json` as JSON, anything else as TOML.

        Raises `ConfigurationError` when the file cannot be read or holds a mistake.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
            data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConfigurationError(f"policy file {path}: {reason}") from None
        except ValueError as error:
            raise ConfigurationError(f"policy file {path}: not readable: {error}") from None
        if not isinstance(data, Mapping):
            raise ConfigurationError(f"policy file {path}: must be a table")
        return cls.parse({"name": path.stem} | dict(data))

    def rule(self, entity: str) -> EntityRule:
        """The rule of an entity; raises `ConfigurationError` for one the policy does not know."""
        try:
            return self.entities[entity]
        except KeyError:
            raise ConfigurationError(_unknown("entity", entity, self.entities)) from None

    @cached_property
    def wrappers(self) -> tuple[tuple[str, str], ...]:
        """Every distinct (prefix, suffix) of the policy, longest prefix first."""
        pairs = {(rule.prefix, rule.suffix) for rule in self.entities.values()}
        return tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair)))

    @cached_property
    def fingerprint(self) -> str:
        """A digest of everything in the policy: it changes when, and only when, a rule does."""
        data = self.model_dump(mode="json")
        data["allow"] = sorted(self.allow)
        text = json.dumps(data, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _default_rule(entity: Entity, action: Action = "pseudonymize") -> EntityRule:
    return EntityRule(
        action=action,
        prefix=f"<{entity.tag}>",
        suffix=f"</{entity.tag}>",
        unit=entity.unit,
        kind="digits" if entity.unit == "digits" else "text",
    )


def _rules(excluded: Iterable[Family | str], action: Action) -> dict[str, EntityRule]:
    left_alone = set(excluded)
    return {
        name: _default_rule(
            entity,
            "exclude" if entity.family in left_alone or name in left_alone else action,
        )
        for name, entity in ENTITIES.items()
    }


# name -> (description, families and entities left alone, action, famous places left alone)
_BUILT_IN: dict[str, tuple[str, tuple[str, ...], Action, bool]] = {
    "default": (
        "Protecto's entities and every secret; ages, nationalities and dates stay.",
        ("DATE_TIME", "AGE", "NATIONALITY", "UUID", "USER_NAME", "CUSTOM_ID"),
        "pseudonymize",
        True,
    ),
    "strict": (
        "As default, and also dates, ages, nationalities and ids.",
        (),
        "pseudonymize",
        False,
    ),
    "minimal": (
        "People, contact data, numbers and secrets; organisations, places and URLs stay.",
        ("context", "place", "organisation", "URL"),
        "pseudonymize",
        True,
    ),
    "anonymize": (
        "As default, but nothing can be turned back.",
        ("DATE_TIME", "AGE", "NATIONALITY", "UUID", "USER_NAME", "CUSTOM_ID"),
        "anonymize",
        True,
    ),
}

BUILT_IN: tuple[str, ...] = tuple(_BUILT_IN)


@cache
def _built_in(name: str) -> Policy:
    description, excluded, action, famous = _BUILT_IN[name]
    return Policy(
        name=name,
        description=description,
        entities=_rules(excluded, action),
        allow_famous_places=famous,
    )


def _unknown(what: str, name: object, known: Iterable[str]) -> str:
    return f"unknown {what} {name!r}; known: {', '.join(known)}"


def _mistakes(error: ValidationError, where: str, model: type[BaseModel]) -> list[str]:
    """Each mistake as `place: what is wrong`, without echoing the value that was given."""
    found = []
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join([where, *map(str, detail["loc"])]).strip(".")
        if detail["type"] == "extra_forbidden":
            fields = ", ".join(model.model_fields)
            found.append(f"{place}: unknown key; known: {fields}")
        else:
            found.append(f"{place}: {detail['msg']}")
    return found
