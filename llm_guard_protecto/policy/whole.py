"""The policy as a whole: a named, immutable set of rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy.built_in import BUILT_IN, settings_of
from llm_guard_protecto.policy.custom import CustomEntity
from llm_guard_protecto.policy.loading import merged, read
from llm_guard_protecto.policy.mistakes import mistakes, unknown
from llm_guard_protecto.policy.places import Restoring
from llm_guard_protecto.policy.rules import EntityRule
from llm_guard_protecto.policy.surfaces import Masking, Surfaces

__all__ = ["Policy"]

LONGEST_HINT = 2000
"""Characters that a hint of one's own may have."""


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
    mask: Masking = Masking()
    restore: Restoring = Restoring()
    surfaces: Surfaces = Surfaces()
    hint: bool | str = Field(default=False, repr=False)

    @field_validator("hint", mode="before")
    @classmethod
    def _short(cls, hint: object) -> object:
        if not isinstance(hint, (bool, str)):
            raise ValueError("must be true, false or a text")  # noqa: TRY004 - as pydantic asks
        if isinstance(hint, str) and not 0 < len(hint.strip()) <= LONGEST_HINT:
            raise ValueError(f"a hint has 1 to {LONGEST_HINT} characters")
        return hint

    @classmethod
    def built_in(cls, name: str = "default") -> Policy:
        """One of `default`, `strict`, `minimal`, `anonymize`."""
        if name not in BUILT_IN:
            raise ConfigurationError(unknown("policy", name, BUILT_IN))
        return _built_in(name)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Policy:
        """Build a policy from parsed TOML or JSON; every mistake is named in one error."""
        settings, wrong = merged(data)
        try:
            policy = cls.model_validate(settings)
        except ValidationError as error:
            wrong += mistakes(error, "", cls)
        if wrong:
            raise ConfigurationError("policy cannot work: " + "; ".join(wrong)) from None
        return policy

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy file: `.json` as JSON, anything else as TOML.

        The path of a `values_file` is relative to the policy file. Raises `ConfigurationError`
        when the file cannot be read or holds a mistake.
        """
        return cls.parse(read(Path(path)))

    def rule(self, entity: str) -> EntityRule:
        """The rule of an entity; raises `ConfigurationError` for one the policy does not know."""
        try:
            return self.entities[entity]
        except KeyError:
            raise ConfigurationError(unknown("entity", entity, self.entities)) from None

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


@cache
def _built_in(name: str) -> Policy:
    return Policy(**settings_of(name))
