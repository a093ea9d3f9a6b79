"""The four policies that come with the package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llm_guard_protecto.entities import ENTITIES, Family
from llm_guard_protecto.policy.rules import Action, EntityRule, default_rule

__all__ = ["BUILT_IN", "action_of", "settings_of"]

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
"""The names of the built-in policies."""


def settings_of(name: str) -> dict[str, Any]:
    """The settings of a built-in policy."""
    description, excluded, action, famous = _BUILT_IN[name]
    return {
        "name": name,
        "description": description,
        "entities": _rules(excluded, action),
        "allow_famous_places": famous,
    }


def action_of(name: str) -> Action:
    """What a built-in policy does with what it masks."""
    return _BUILT_IN[name][2]


def _rules(excluded: Iterable[Family | str], action: Action) -> dict[str, EntityRule]:
    left_alone = set(excluded)
    return {
        name: default_rule(
            entity,
            "exclude" if entity.family in left_alone or name in left_alone else action,
        )
        for name, entity in ENTITIES.items()
    }
