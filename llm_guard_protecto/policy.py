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

    [custom.EMPLOYEE_ID]
    patterns = ["EMP-[0-9]{6}"]

Unknown keys, entities and values are errors that name the mistake (`ConfigurationError`).
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from llm_guard_protecto.entities import ENTITIES, Entity, Family, Unit
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["BUILT_IN", "CustomEntity", "EntityRule", "Policy", "default_wrapper"]

Action = Literal["pseudonymize", "anonymize", "exclude"]
Wrapper = Annotated[str, Field(max_length=64)]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


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


class CustomEntity(BaseModel):
    """An entity that the policy itself declares, or more ways to find one of the entity table.

    `patterns` are expressions of the linear-time engine: no look-around and no back-reference,
    `(?i)` for any case; a match counts between word borders. `score` is what a match is worth, and
    a word of `near` within 40 characters before it or 18 after makes it certain (1.0): below 0.5
    a match counts beside such a word only. `values` are found wherever they stand as whole words,
    in any case with `fold`; `values_file` holds more of them, one a line, or in a CSV or TSV file
    the column of this name or number (from 1, then without a header). With none of these the
    entity is left to detectors of the caller.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    patterns: tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...] = Field(
        default=(), max_length=200
    )
    near: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(
        default=(), max_length=200
    )
    score: float = Field(default=1.0, gt=0.0, le=1.0)
    values: tuple[str, ...] = Field(default=(), max_length=10_000, repr=False)
    values_file: str | None = Field(default=None, min_length=1)
    column: str | int | None = None
    fold: bool = False

    @model_validator(mode="after")
    def _can_find(self) -> CustomEntity:
        if self.patterns and self.score < 0.5 and not self.near:
            raise ValueError("a score below 0.5 finds nothing without words in near")
        if self.near and not self.patterns:
            raise ValueError("near needs patterns")
        if self.column is not None and self.values_file is None:
            raise ValueError("column needs values_file")
        if isinstance(self.column, int) and self.column < 1:
            raise ValueError("columns are counted from 1")
        return self


class Policy(BaseModel):
    """A named, immutable set of rules. Build one with `Policy.load`, `.parse` or `.built_in`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    entities: dict[str, EntityRule]
    custom: dict[str, CustomEntity] = {}
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
        custom, more = _declared(body.pop("custom", {}))
        mistakes += more
        entities = dict(parent.entities)
        for name in custom:
            entities.setdefault(name, _own_rule(name, _BUILT_IN[parent_name][2]))
        changes = body.pop("entities", {})
        if not isinstance(changes, Mapping):
            mistakes.append("entities: must be a table of entity names")
            changes = {}
        for name, change in changes.items():
            if name not in entities:
                mistakes.append(f"entities.{name}: " + _unknown("entity", name, entities))
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
            policy = cls.model_validate(merged | {"entities": entities, "custom": custom})
        except ValidationError as error:
            mistakes += _mistakes(error, "", cls)
        if mistakes:
            raise ConfigurationError("policy cannot work: " + "; ".join(mistakes)) from None
        return policy

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy file: `.json` as JSON, anything else as TOML.

        The path of a `values_file` is relative to the policy file. Raises `ConfigurationError` when the file cannot be read or holds a mistake.
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
        return cls.parse({"name": path.stem} | _placed(data, path.parent))

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


def default_wrapper(entity: str) -> tuple[str, str]:
    """Prefix and suffix of an entity's tokens where no policy says otherwise."""
    tag = ENTITIES[entity].tag if entity in ENTITIES else entity
    return f"<{tag}>", f"</{tag}>"


def _own_rule(name: str, action: Action) -> EntityRule:
    prefix, suffix = default_wrapper(name)
    return EntityRule(action=action, prefix=prefix, suffix=suffix)


def _declared(tables: object) -> tuple[dict[str, CustomEntity], list[str]]:
    """The custom entities of a policy file, and the mistakes in them."""
    if not isinstance(tables, Mapping):
        return {}, ["custom: must be a table of entity names"]
    custom: dict[str, CustomEntity] = {}
    mistakes: list[str] = []
    for name, table in tables.items():
        if not _NAME.fullmatch(str(name)):
            mistakes.append(f"custom.{name}: a name is letters, digits and _, a letter first")
        elif not isinstance(table, Mapping):
            mistakes.append(f"custom.{name}: must be a table of settings")
        else:
            try:
                custom[name] = CustomEntity.model_validate(dict(table))
            except ValidationError as error:
                mistakes += _mistakes(error, f"custom.{name}", CustomEntity)
                custom[name] = CustomEntity()  # it is declared, however badly
    return custom, mistakes


def _placed(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The data of a policy file in `folder`, with the paths in it made absolute."""
    placed = dict(data)
    tables = placed.get("custom")
    if isinstance(tables, Mapping):
        placed["custom"] = {
            name: table | {"values_file": str((folder / table["values_file"]).absolute())}
            if isinstance(table, dict) and isinstance(table.get("values_file"), str)
            else table
            for name, table in tables.items()
        }
    return placed


def _default_rule(entity: Entity, action: Action = "pseudonymize") -> EntityRule:
    prefix, suffix = default_wrapper(entity.name)
    return EntityRule(
        action=action,
        prefix=prefix,
        suffix=suffix,
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
