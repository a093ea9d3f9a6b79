"""Masking a whole value by token type and format, without searching it.

Names are Protecto's and compared without regard to case.
"""

from __future__ import annotations

from llm_guard_protecto.entities import Unit
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item
from llm_guard_protecto.policy import EntityRule

__all__ = ["FORMATS", "TOKEN_NAMES", "whole_rule"]

TOKEN_NAMES = {
    "default token": "text",
    "text token": "text",
    "special token": "text",
    "person token": "text",
    "state token": "text",
    "city token": "text",
    "address token": "text",
    "numeric token": "digits",
    "date token": "digits",
}
"""The alphabet of each token type. The realistic looks that Protecto gives to the tokens for
people, places and dates are not made: their spaces are too small to be turned back for sure."""

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


def whole_rule(item: Item) -> EntityRule | None:
    """The rule for an item that names a token type; None for one that is to be searched.

    Raises `ConfigurationError`, with Protecto's message, for an unknown or missing name.
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
    digits = kind == "digits" or unit == "digits"
    return EntityRule(prefix="", suffix="", kind="digits" if digits else "text", unit=unit)
