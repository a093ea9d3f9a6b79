"""What may leave at all, and whose words are searched: the tables `[surfaces]` and `[mask]`."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

__all__ = ["ROLES", "Masking", "Role", "Surfaces"]

Role = Literal["system", "developer", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "developer", "user", "assistant", "tool")
"""Who speaks in a request. A function's answer counts as a tool's."""


class Masking(BaseModel):
    """Whose words are searched.

    What the other `roles` say is sent as it is, but for values that were found in what these say:
    a value that is masked in one place of a request is masked in every place of it. What nobody
    says (tools, schemas, metadata, user ids) is always searched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[Role, ...] = Field(default=ROLES, min_length=1)

    @field_validator("roles")
    @classmethod
    def _in_order(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        return tuple(role for role in ROLES if role in roles)


class Surfaces(BaseModel):
    """What may be sent although nobody can look into it. All of it is refused by default.

    `images`, `audio`, `files`: pictures, sound, documents and what the provider fetches or was
    given before; `token_ids`: text as numbers; `replayed_logprobs`: a text in pieces. True sends
    these as they are.
    `unknown_types`: parts and items of a type that is not listed; true masks all strings in them.
    `unknown_routes`: calls that are not covered; "mask" masks all strings of their JSON bodies,
    "send" sends and returns them as they are.
    `unknown_fields`: fields that are not listed; "mask" masks what is in them, "refuse" refuses
    the request, "keep" sends them as they are.
    `logprobs` of a reply that was restored: "keep" leaves them as they came, with tokens in them,
    "drop" takes them out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: StrictBool = False
    audio: StrictBool = False
    files: StrictBool = False
    token_ids: StrictBool = False
    replayed_logprobs: StrictBool = False
    unknown_types: StrictBool = False
    unknown_routes: Literal["refuse", "mask", "send"] = "refuse"
    unknown_fields: Literal["mask", "refuse", "keep"] = "mask"
    logprobs: Literal["keep", "drop"] = "keep"

    @cached_property
    def opened(self) -> frozenset[str]:
        """The names of the switches that are on, `name=value` where there are more than two."""
        names = {name for name in type(self).model_fields if getattr(self, name) is True}
        if self.unknown_fields != "mask":
            names.add(f"unknown_fields={self.unknown_fields}")
        if self.unknown_routes != "refuse":
            names.add(f"unknown_routes={self.unknown_routes}")
        return frozenset(names)
