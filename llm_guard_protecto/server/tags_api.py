"""Custom tags over HTTP: entities of a policy that an address of the caller's own finds.

What may be asked is the operator's to say (`LLM_GUARD_ENDPOINTS`), never the caller's. Headers of
an address are secrets: they are kept sealed and never told again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.tags import Address, Tag
from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.policy import CustomEntity, Policy
from llm_guard_protecto.policy.rules import own_rule
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.metadata_api import CHANGING, data_of, policy_of, rebuilt

__all__ = ["delete", "details", "identification", "known_values"]

HIDDEN = "***"
"""What stands for the value of a header when a tag is shown."""

MOST_TAGS = 100
"""Entities of its own that a policy may have: each of them is asked for every new text."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[ -~]{0,4000}")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-type"})
_METHODS = {"detector": ("PUT", "POST"), "values": ("GET", "PUT", "POST")}
_KEYS = {
    "detector": "identification_endpoint_details",
    "values": "pi_elements_list_endpoint_details",
}


def identification(vault: LocalVault, body: Any) -> dict[str, str]:
    """Say which address finds a tag; the tag is made when there is none of that name."""
    return _put(vault, body, "detector")


def known_values(vault: LocalVault, body: Any) -> dict[str, str]:
    """Say which address lists the values that a tag is known to have."""
    return _put(vault, body, "values")


def details(vault: LocalVault, body: Any) -> dict[str, Any]:
    """How a tag is masked and where its finds come from, headers without their values."""
    data = data_of(body)
    policy, tag = _held(vault, data)
    rule = policy.rule(tag.name)
    shown: dict[str, Any] = {
        "token_name": "Default Token",
        "format_name": "Default Format",
        "tag_type": tag.name,
        "prefix": rule.prefix,
        "suffix": rule.suffix,
        "description": policy.custom[tag.name].description,
    }
    for part, address in (("detector", tag.detector), ("values", tag.values)):
        if address is not None:
            hidden = dict.fromkeys(address.headers, HIDDEN)
            told = {"headers": hidden, "method": address.method, "url": address.url}
            shown[_KEYS[part]] = told
    return shown


def delete(vault: LocalVault, body: Any) -> dict[str, str]:
    """Look for a tag no more. Its tokens stay valid, and its name may be used again."""
    data = data_of(body)
    with CHANGING:
        policy, tag = _held(vault, data)
        custom, entities = dict(policy.custom), dict(policy.entities)
        if custom[tag.name] == _declared(tag.name):  # else the policy's file has more to say of it
            del custom[tag.name], entities[tag.name]
            vault.put_policy(rebuilt(policy, custom=custom, entities=entities))
        vault.tags.delete(policy.name, tag.name)
    return {"message": f"custom tag {tag.name} deleted successfully."}


def _put(vault: LocalVault, body: Any, part: str) -> dict[str, str]:
    data = data_of(body)
    name = _name(data)
    address = _address(vault, data.get(_KEYS[part]), part)
    if name in ENTITIES:
        raise Refusal("tag_type is the name of an entity that is there already")
    with CHANGING:
        policy = _policy(vault, data)
        tag = vault.tags.get(policy.name, name) or Tag(policy.name, name)
        if name not in policy.custom:
            if len(policy.custom) >= MOST_TAGS:
                raise Refusal(f"A policy has at most {MOST_TAGS} custom tags")
            custom = {**policy.custom, name: _declared(name)}
            entities = {**policy.entities, name: own_rule(name, _action(policy))}
            vault.put_policy(rebuilt(policy, custom=custom, entities=entities))
        if part == "detector":
            vault.tags.put(replace(tag, detector=address))
        else:
            vault.tags.put(replace(tag, values=address))
    return {"message": f"custom tag {name} added or updated successfully."}


def _declared(name: str) -> CustomEntity:
    return CustomEntity(description=name)


def _action(policy: Policy) -> Any:
    """A new tag is treated as people are: anonymised where nothing can be turned back."""
    action = policy.rule("PERSON").action
    return "pseudonymize" if action == "exclude" else action


def _held(vault: LocalVault, data: Mapping[str, Any]) -> tuple[Policy, Tag]:
    policy = _policy(vault, data)
    tag = vault.tags.get(policy.name, _name(data))
    if tag is None or tag.name not in policy.custom:
        raise Refusal("Custom tag doesn't exist.")
    return policy, tag


def _policy(vault: LocalVault, data: Mapping[str, Any]) -> Policy:
    name = data.get("policy_name")
    if name is not None and not isinstance(name, str):
        raise Refusal("Missing policy_name")
    return policy_of(vault, name)


def _name(data: Mapping[str, Any]) -> str:
    name = data.get("tag_type")
    if not isinstance(name, str) or not name:
        raise Refusal("Missing tag_type")
    if not _NAME.fullmatch(name):
        raise Refusal("tag_type has letters, digits and _ only, and a letter first")
    return name


def _address(vault: LocalVault, said: Any, part: str) -> Address:
    if not isinstance(said, dict):
        raise Refusal(f"{_KEYS[part]} missing")
    url, method, headers = said.get("url"), said.get("method"), said.get("headers")
    if not isinstance(url, str) or not url:
        raise Refusal("Missing url")
    if not vault.tags.sources.allows(url):
        raise Refusal("url is not one that this server may call")
    methods = _METHODS[part]
    method = methods[0] if method is None else method
    if not isinstance(method, str) or method.upper() not in methods:
        raise Refusal(f"method is one of {', '.join(methods)}")
    headers = {} if headers is None else headers
    if not isinstance(headers, dict) or len(headers) > 50:
        raise Refusal("headers are an object of strings")
    for key, value in headers.items():
        if not isinstance(value, str) or not _HEADER.fullmatch(key) or not _VALUE.fullmatch(value):
            raise Refusal("headers are an object of strings")
        if key.lower() in _OURS:
            raise Refusal("headers cannot say how a request is sent")
    return Address(url, method.upper(), headers)
