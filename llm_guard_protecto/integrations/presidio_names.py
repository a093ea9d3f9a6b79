"""Policies for programs that name entities as Presidio and LLM Guard do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import Policy

__all__ = ["HIDDEN", "NAMES", "policy_for"]

HIDDEN = "CUSTOM"
"""The entity of words that the program lists itself."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "BTC_ADDRESS": ("CRYPTO",),
    "CREDIT_CARD_RE": ("CREDIT_CARD",),
    "DATE_RE": ("DATE_TIME",),
    "EMAIL_ADDRESS_RE": ("EMAIL_ADDRESS",),
    "LOCATION": ("LOCATION", "ADDRESS"),
    "NRP": ("NATIONALITY",),
    "ORGANIZATION": ("ORG",),
    "PHONE_NUMBER_WITH_EXT": ("PHONE_NUMBER",),
    "PHONE_NUMBER_ZH": ("PHONE_NUMBER",),
    "PO_BOX_RE": ("ADDRESS",),
    "TIME_RE": ("DATE_TIME",),
    "UK_NHS": ("NATIONAL_ID",),
    "URL_RE": ("URL",),
    "US_BANK_NUMBER": ("ACC_NO",),
    "US_DRIVER_LICENSE": ("DRIVING_LICENSE_NUMBER",),
    "US_PASSPORT": ("PASSPORT_NUMBER",),
    "US_SSN_RE": ("US_SSN",),
}
"""Names of theirs that are not ours, or stand for more here."""


def policy_for(
    entities: Iterable[str] | None,
    *,
    hidden: Sequence[str] = (),
    allowed: Iterable[str] = (),
    patterns: Mapping[str, Sequence[str]] | None = None,
    threshold: float | None = None,
) -> Policy:
    """The policy that masks these entities and nothing else; None: what `default` masks.

    `hidden` words are always masked, `allowed` ones never; `patterns` gives expressions by the name
    of a new entity; finds below `threshold` do not count. Raises `ConfigurationError` for a name
    that nobody knows and for what no policy can do.
    """
    rules: dict[str, dict[str, Any]] = {}
    if entities is not None:
        wanted = {ours for name in entities for ours in _ours(name)}
        for name in ENTITIES:
            rules[name] = {"action": "pseudonymize" if name in wanted else "exclude"}
    if threshold is not None:
        for name in ENTITIES:
            rules.setdefault(name, {})["threshold"] = threshold
    custom: dict[str, dict[str, Any]] = {
        name: {"patterns": list(given)} for name, given in (patterns or {}).items()
    }
    if hidden:
        custom.setdefault(HIDDEN, {})["values"] = list(hidden)
    return Policy.parse(
        {
            "name": "presidio-names",
            "extends": "default",
            "entities": rules,
            "custom": custom,
            "allow": sorted(allowed),
        }
    )


def _ours(name: str) -> tuple[str, ...]:
    if name in NAMES:
        return NAMES[name]
    if name in ENTITIES:
        return (name,)
    if name == HIDDEN:
        return ()
    raise ConfigurationError(f"no entity {name!r} is known, neither here nor as Presidio's")
