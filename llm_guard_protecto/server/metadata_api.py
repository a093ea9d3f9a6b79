"""Policies over HTTP: make, list and delete them, and say what happens to each entity.

A policy is built from the few keys below and nothing else of the body: a policy file may name
other files on its machine (`values_file`), and no caller may.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import EntityRule, Policy
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.vault_api import NO_POLICY

__all__ = [
    "CHANGING",
    "categorise",
    "create",
    "data_of",
    "delete",
    "entities",
    "policies",
    "policy_of",
    "rebuilt",
    "rewrap",
]

CATEGORIES = {
    "anonymizable_entities": "anonymize",
    "pseudonymizable_entities": "pseudonymize",
    "excluded_entities": "exclude",
}
ALIASES = {"ORGANIZATION": "ORG", "GPE": "LOCATION"}
"""Names that Protecto's pages also use."""

PARTS = {"ADDRESS": ("LOCATION",)}
"""Entities of ours that are part of one of Protecto's, and change with it."""

CHANGING = threading.Lock()
"""Held from the reading of a policy to its writing."""


def data_of(body: Any) -> Mapping[str, Any]:
    """The object under `data`, which most calls of an administrator have."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        raise Refusal("data missing")
    return data


def create(vault: LocalVault, body: Any) -> dict[str, str]:
    """Make a policy under which everything is pseudonymised in the default wrappers."""
    name = _name(data_of(body))
    try:
        policy = Policy.parse({"name": name, "extends": "strict", "description": ""})
    except ConfigurationError:
        raise Refusal("Missing policy_name") from None
    with CHANGING:
        if name in vault.policies():
            raise Refusal("Policy already exists")
        vault.put_policy(policy)
    return {"message": f"{name} created successfully."}


def policies(vault: LocalVault) -> dict[str, list[str]]:
    """The names of the policies."""
    return {"policies": vault.policies()}


def delete(vault: LocalVault, body: Any) -> dict[str, str]:
    """Delete a policy; its tokens can still be turned back."""
    name = _name(data_of(body))
    try:
        vault.delete_policy(name)
    except ConfigurationError:
        raise Refusal("Policy doesn't exists.") from None
    return {"message": f"{name} deleted successfully."}


def entities(vault: LocalVault, name: str | None) -> dict[str, Any]:
    """What one policy does with each entity, or what each policy does."""
    names = vault.policies() if name is None else [name]
    details = [{"policy_name": one, "metadata": _metadata(policy_of(vault, one))} for one in names]
    return {"details": details, "next_page_token": None}


def categorise(vault: LocalVault, body: Any) -> dict[str, str]:
    """Say which entities are anonymised, pseudonymised and left alone; others stay as they are."""
    data = data_of(body)
    metadata = data.get("metadata")
    if not isinstance(metadata, dict) or not metadata:
        raise Refusal("metadata missing")
    changes: dict[str, dict[str, Any]] = {}
    for category, names in metadata.items():
        if category not in CATEGORIES or not isinstance(names, list):
            raise Refusal(f"metadata has: {', '.join(CATEGORIES)}")
        for name in names:
            if not isinstance(name, str):
                raise Refusal("Missing entity_name")
            if name in changes:
                raise Refusal("An entity is in one category only")
            changes[name] = {"action": CATEGORIES[category]}
    return _changed(vault, _name(data), changes)


def rewrap(vault: LocalVault, body: Any) -> dict[str, str]:
    """Give entities a prefix and a suffix of their own; tokens stay what they are."""
    data = data_of(body)
    metadata = data.get("metadata")
    if not isinstance(metadata, list) or not metadata:
        raise Refusal("metadata missing")
    changes: dict[str, dict[str, Any]] = {}
    for entry in metadata:
        if not isinstance(entry, dict) or not isinstance(entry.get("entity_name"), str):
            raise Refusal("Missing entity_name")
        change = {
            side: entry[key]
            for side in ("prefix", "suffix")
            for key in (f"format_{side}", side)
            if key in entry and entry[key] is not None
        }
        if not change or not all(isinstance(text, str) for text in change.values()):
            raise Refusal("Missing format_prefix or format_suffix")
        changes[entry["entity_name"]] = change
    return _changed(vault, _name(data), changes)


def _changed(
    vault: LocalVault, name: str, changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    with CHANGING:
        policy = policy_of(vault, name)
        rules = dict(policy.entities)
        for entity, change in changes.items():
            entity = ALIASES.get(entity, entity)
            if entity not in rules:
                raise Refusal("Entity doesn't exist.")
            for one in (entity, *(p for p in PARTS.get(entity, ()) if p not in changes)):
                rules[one] = _rule(rules[one], change)
        vault.put_policy(rebuilt(policy, entities=rules, name=name))
    return {"message": f"{name} updated successfully."}


def rebuilt(policy: Policy, **changes: Any) -> Policy:
    """The same policy but for some of its fields."""
    settings = {field: getattr(policy, field) for field in Policy.model_fields}
    return Policy(**settings | changes)


def _rule(rule: EntityRule, change: Mapping[str, Any]) -> EntityRule:
    try:
        changed = EntityRule.model_validate(rule.model_dump() | dict(change))
        f"{changed.prefix}{changed.suffix}".encode()
    except (ValidationError, UnicodeEncodeError):
        raise Refusal("A prefix or suffix has at most 64 characters") from None
    return changed


def _name(data: Mapping[str, Any]) -> str:
    name = data.get("policy_name")
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise Refusal("Missing policy_name")
    return name


def policy_of(vault: LocalVault, name: str | None) -> Policy:
    """One policy; None for the default of the namespace. Raises `Refusal` for an unknown one."""
    try:
        return vault.policy(name)
    except ConfigurationError:
        raise Refusal(NO_POLICY) from None


def _metadata(policy: Policy) -> dict[str, list[dict[str, str]]]:
    return {
        category: [
            {
                "entity_name": name,
                "entity_type": ENTITIES[name].category if name in ENTITIES else "PII",
                "prefix": rule.prefix,
                "suffix": rule.suffix,
                "description": _described(policy, name),
            }
            for name, rule in policy.entities.items()
            if rule.action == action
        ]
        for category, action in CATEGORIES.items()
    }


def _described(policy: Policy, name: str) -> str:
    return ENTITIES[name].description if name in ENTITIES else policy.custom[name].description
