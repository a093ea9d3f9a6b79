"""A policy as the short file that somebody would write for it, and back.

A file says only what differs from the built-in policy it extends, so that a person can read and
change it. What comes over HTTP can name no file of the server and hold no control characters where
the vault keeps names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from llm_guard_protecto.engine.custom import compiled
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import BUILT_IN, Policy
from llm_guard_protecto.policy.built_in import action_of
from llm_guard_protecto.policy.rules import own_rule

__all__ = ["LONGEST", "policy_from", "reads_files", "source_of"]

LONGEST = 50_000
"""Characters that the source of a policy may have."""

_WRONG = "policy cannot work: "


def source_of(policy: Policy) -> str:
    """The shortest TOML that says the same as `policy`, as a change of a built-in one."""
    return min((tomli_w.dumps(_said(policy, parent)) for parent in BUILT_IN), key=len)


def reads_files(policy: Policy) -> bool:
    """Whether the policy names files of the server: such a one is not for editing over HTTP."""
    return any(one.values_file for one in policy.custom.values())


def policy_from(source: object) -> Policy:
    """The policy that a TOML text says. Raises `ConfigurationError` that names every mistake."""
    if not isinstance(source, str) or not source.strip():
        raise ConfigurationError("the policy is empty")
    if len(source) > LONGEST:
        raise ConfigurationError(f"a policy has at most {LONGEST} characters here")
    try:
        source.encode()
        data = tomllib.loads(source)
    except UnicodeEncodeError:
        raise ConfigurationError("half of a character (a lone surrogate) is in the text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"this is no TOML: {error}") from None
    wrong = _foreign(data)
    try:
        policy = Policy.parse(data)
        if not wrong:
            compiled(policy)
    except ConfigurationError as error:
        wrong.append(str(error).removeprefix(_WRONG))
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return policy


def _foreign(data: Mapping[str, Any]) -> list[str]:
    """What a policy file may say, and one that comes over HTTP may not."""
    wrong = []
    name = data.get("name")
    if isinstance(name, str) and not (name.strip() and name.isprintable()):
        wrong.append("name: must be readable characters")
    custom = data.get("custom")
    for entity, table in custom.items() if isinstance(custom, Mapping) else ():
        if isinstance(table, Mapping) and "values_file" in table:
            wrong.append(f"custom.{entity}.values_file: no file of the server can be named here")
    return wrong


def _said(policy: Policy, parent_name: str) -> dict[str, Any]:
    """What a file says that extends this built-in policy and means `policy`."""
    said = policy.model_dump(mode="json")
    plain = Policy.built_in(parent_name).model_dump(mode="json")
    entities = {}
    for name, rule in said.pop("entities").items():
        before = plain["entities"].get(name)
        if before is None:
            before = own_rule(name, action_of(parent_name)).model_dump(mode="json")
        if changed := _changed(rule, before):
            entities[name] = changed
    custom = {
        name: _changed(one, type(policy.custom[name])().model_dump(mode="json"))
        for name, one in said.pop("custom").items()
    }
    head = {"name": said.pop("name")}
    described = said.pop("description")
    if described:
        head["description"] = described
    head["extends"] = parent_name
    said["allow"] = sorted(policy.allow)
    changed = _changed(said, plain)
    tables = {"custom": custom, "entities": entities}
    return head | changed | {name: table for name, table in tables.items() if table}


def _changed(said: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `said` that differ, tables entry by entry; what is None is what a file
    leaves out.
    """
    changed: dict[str, Any] = {}
    for key, value in said.items():
        before = plain.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            value = _changed(value, before)
            if not value:
                continue
        elif value == before or value is None:
            continue
        changed[key] = _without_none(value)
    return changed


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return value
