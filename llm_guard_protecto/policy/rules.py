"""What happens to one entity, and how its tokens look."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from llm_guard_protecto.entities import ENTITIES, Entity, Unit

__all__ = ["Action", "EntityRule", "default_rule", "default_wrapper", "own_rule"]

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


def default_wrapper(entity: str) -> tuple[str, str]:
    """Prefix and suffix of an entity's tokens where no policy says otherwise."""
    tag = ENTITIES[entity].tag if entity in ENTITIES else entity
    return f"<{tag}>", f"</{tag}>"


def own_rule(name: str, action: Action) -> EntityRule:
    """The rule of an entity that a policy declares, before the policy says more."""
    prefix, suffix = default_wrapper(name)
    return EntityRule(action=action, prefix=prefix, suffix=suffix)


def default_rule(entity: Entity, action: Action = "pseudonymize") -> EntityRule:
    """The rule of an entity of the table, before a policy says more."""
    prefix, suffix = default_wrapper(entity.name)
    return EntityRule(
        action=action,
        prefix=prefix,
        suffix=suffix,
        unit=entity.unit,
        kind="digits" if entity.unit == "digits" else "text",
    )
