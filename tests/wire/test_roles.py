"""Who says what stands at a place of a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.roles import role_at

CHAT = {
    "messages": [
        {"role": "system", "content": "a"},
        {"role": "developer", "content": [{"type": "text", "text": "a"}]},
        {"role": "user", "content": "a", "name": "b"},
        {"role": "assistant", "tool_calls": [{"function": {"arguments": "a"}}]},
        {"role": "tool", "content": "a"},
        {"role": "function", "content": "a"},
        {"content": "a"},
    ],
    "metadata": {"k": "a"},
    "tools": [{"function": {"description": "a"}}],
    "user": "a",
}
RESPONSES = {
    "instructions": "a",
    "input": [
        {"role": "user", "content": "a"},
        {"type": "message", "role": "developer", "content": [{"text": "a"}]},
        {"type": "function_call", "arguments": "a"},
        {"type": "function_call_output", "output": "a"},
        {"type": "reasoning", "summary": [{"text": "a"}]},
        {"type": "mcp_list_tools", "tools": [{"description": "a"}]},
        {"type": "additional_tools", "role": "developer", "tools": [{"description": "a"}]},
    ],
    "prompt": {"variables": {"x": "a"}},
}
MESSAGES = {
    "system": [{"type": "text", "text": "a"}],
    "messages": [
        {"role": "user", "content": [{"type": "tool_result", "content": [{"text": "a"}]}]},
        {"role": "user", "content": [{"type": "text", "text": "a"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "input": {"x": "a"}}]},
    ],
}
ROLES = [
    (CHAT, ["system", "developer", "user", "assistant", "tool", "tool", "", "", "", ""]),
    (RESPONSES, ["system", "user", "developer", "assistant", "tool", "assistant", "tool"]
     + ["developer", "user"]),
    (MESSAGES, ["system", "tool", "user", "assistant"]),
    ({"prompt": ["a"], "suffix": "a", "user": "a"}, ["user", "user", ""]),
    ({"input": "a"}, ["user"]),
    ({"input": ["a"]}, ["user"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "roles"), ROLES)
@pytest.mark.parametrize("around", [None, "body", "requests"])
def test_each_text_has_its_role(body: dict[str, Any], roles: list[str], around: str | None) -> None:
    whole: dict[str, Any] = body
    if around == "body":
        whole = {"custom_id": "1", "body": body}
    elif around == "requests":
        whole = {"requests": [{"custom_id": "1", "params": body}]}
    doc = JsonText(json.dumps(whole))
    leaves = [leaf for leaf in doc.leaves if leaf.kind == "string" and leaf.value == "a"]
    assert [role_at(doc, leaf.path) for leaf in leaves] == roles
