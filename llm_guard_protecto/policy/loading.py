"""From a policy file, or what was parsed from one, to the settings of a policy."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy.built_in import BUILT_IN, action_of, settings_of
from llm_guard_protecto.policy.custom import declared, placed
from llm_guard_protecto.policy.mistakes import mistakes, unknown
from llm_guard_protecto.policy.places import ToolRule
from llm_guard_protecto.policy.rules import EntityRule, own_rule

__all__ = ["merged", "read"]


def read(path: Path) -> dict[str, Any]:
    """The data of a policy file. Raises `ConfigurationError` when it cannot be read."""
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
    return {"name": path.stem} | placed(data, path.parent)


def merged(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What `data` says, on top of what it extends, and the mistakes found on the way."""
    body = dict(data)
    wrong: list[str] = []
    parent_name = body.pop("extends", "default")
    if not isinstance(parent_name, str) or parent_name not in BUILT_IN:
        wrong.append("extends: " + unknown("policy", parent_name, BUILT_IN))
        parent_name = "default"
    parent = settings_of(parent_name)
    custom, more = declared(body.pop("custom", {}))
    wrong += more
    entities: dict[str, EntityRule] = dict(parent["entities"])
    for name in custom:
        entities.setdefault(name, own_rule(name, action_of(parent_name)))
    wrong += _change(entities, body.pop("entities", {}))
    for name in ("mask", "restore", "surfaces"):
        if name in body and not isinstance(body[name], Mapping):
            wrong.append(f"{name}: must be a table of settings")
            del body[name]
    if "restore" in body:
        body["restore"], more = _tools(body["restore"])
        wrong += more
    famous = {"allow_famous_places": parent["allow_famous_places"]}
    return famous | body | {"entities": entities, "custom": custom}, wrong


def _tools(restore: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The table `restore` with the rule of each tool read, and the mistakes in these."""
    tools = restore.get("tools", True)
    if isinstance(tools, bool):
        return dict(restore), []
    if not isinstance(tools, Mapping):
        return dict(restore) | {"tools": True}, [
            "restore.tools: must be true, false or a table of tool names"
        ]
    rules: dict[str, bool | ToolRule] = {}
    wrong: list[str] = []
    for name, rule in tools.items():
        if isinstance(rule, bool):
            rules[name] = rule
        elif not isinstance(rule, Mapping):
            wrong.append(f"restore.tools.{name}: must be true, false or a table of settings")
        else:
            try:
                rules[name] = ToolRule.model_validate(dict(rule))
            except ValidationError as error:
                wrong += mistakes(error, f"restore.tools.{name}", ToolRule)
    return dict(restore) | {"tools": rules}, wrong


def _change(entities: dict[str, EntityRule], changes: object) -> list[str]:
    """Change the rules as a policy file says; give the mistakes."""
    if not isinstance(changes, Mapping):
        return ["entities: must be a table of entity names"]
    wrong: list[str] = []
    for name, change in changes.items():
        if name not in entities:
            wrong.append(f"entities.{name}: " + unknown("entity", name, entities))
        elif not isinstance(change, Mapping):
            wrong.append(f"entities.{name}: must be a table of settings")
        else:
            try:
                entities[name] = EntityRule.model_validate(
                    entities[name].model_dump() | dict(change)
                )
            except ValidationError as error:
                wrong += mistakes(error, f"entities.{name}", EntityRule)
    return wrong
