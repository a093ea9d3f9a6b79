"""Masking a whole value by token type and format, without searching it.

Names are Protecto's and compared without regard to case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llm_guard_protecto.engine.looks import Look
from llm_guard_protecto.entities import Unit
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item
from llm_guard_protecto.policy import EntityRule

__all__ = ["FORMATS", "TOKEN_NAMES", "Whole", "whole_rule"]

TOKEN_NAMES: dict[str, Literal["text", "digits"] | Look] = {
    "default token": "text",
    "text token": "text",
    "numeric token": "digits",
    "special token": "special",
    "person token": "person",
    "date token": "date",
    "state token": "state",
    "city token": "city",
    "address token": "address",
}
"""The alphabet of each token type, or what its tokens look like."""

FORMATS: dict[str, Unit] = {
    "default format": "value",
    "address": "word",
    "credit card": "value",
    "email address": "email",
    "ip address": "digits",
    "person name": "word",
    "phone number": "digits",
    "social identification numbers": "word",
    "url": "url",
}

FITTING: dict[Look, frozenset[str]] = {
    "person": frozenset({"default format", "person name"}),
    "city": frozenset({"default format", "address"}),
    "state": frozenset({"default format", "address"}),
    "address": frozenset({"default format", "address"}),
    "date": frozenset({"default format"}),
}
"""The formats of token types that look like something: a name has no telephone number in it."""


@dataclass(frozen=True, slots=True)
class Whole:
    """How a whole value is masked: `look` is None for ordinary runs."""

    rule: EntityRule
    look: Look | None = None


def whole_rule(item: Item) -> Whole | None:
    """How an item that names a token type is masked; None for one that is to be searched.

    Raises `ConfigurationError`, with Protecto's message, for an unknown or missing name and for a
    type that has no such format.
    """
    if item.token_name is None and item.format is None:
        return None
    if not item.token_name:
        raise ConfigurationError("Missing token_name")
    kind = TOKEN_NAMES.get(item.token_name.lower())
    if kind is None:
        raise ConfigurationError(f"token_name not defined: {{{item.token_name}}}")
    unit: Unit = "value"
    if item.format is not None:
        if not item.format:
            raise ConfigurationError("Missing format")
        found = FORMATS.get(item.format.lower())
        if found is None:
            raise ConfigurationError(f"format name not defined: {{{item.format}}}")
        unit = found
    if kind == "text" or kind == "digits":
        digits = kind == "digits" or unit == "digits"
        return Whole(EntityRule(prefix="", suffix="", kind=_kind(digits), unit=unit))
    if item.format is not None and item.format.lower() not in FITTING.get(kind, FORMATS):
        raise ConfigurationError("Token and Format Metadata not available")
    return Whole(EntityRule(prefix="", suffix="", kind=_kind(unit == "digits"), unit=unit), kind)


def _kind(digits: bool) -> Literal["text", "digits"]:
    return "digits" if digits else "text"
