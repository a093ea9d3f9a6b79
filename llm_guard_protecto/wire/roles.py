"""Who says what stands at a place of a request."""

from __future__ import annotations

from llm_guard_protecto.wire.json_text import JsonText, Path

__all__ = ["role_at"]

_TOOL_ROLES = ("tool", "function")
_ANSWERS = ("_output", "_result", "tool_search_output", "mcp_list_tools", "mcp_approval_response")


def role_at(doc: JsonText, path: Path) -> str:
    """Return who says it: `system`, `developer`, `user`, `assistant` or `tool`.

    "" is what nobody says: tools, schemas, metadata, user ids, and what names no role. The same
    words in a line of a batch are said by the same.
    """
    top = _top(path)
    way = path[top:]
    if not way:
        return ""
    if way[0] in ("system", "instructions"):
        return "system"
    if way[0] in ("prompt", "suffix"):
        return "user"
    if way[0] == "messages" and len(way) > 2:
        return _message(doc, path[: top + 2], way[2:])
    if way[0] in ("input", "items"):
        return "user" if len(way) < 3 else _item(doc, path[: top + 2])
    return ""


def _top(path: Path) -> int:
    """How many steps lead to the request, if it is one of several in a body."""
    if path[:1] == ("body",):
        return 1
    return 3 if path[:1] == ("requests",) and path[2:3] == ("params",) else 0


def _message(doc: JsonText, message: Path, inside: Path) -> str:
    """A message of a chat. A tool's answer may be a block of the user's message."""
    if len(inside) > 2 and inside[0] == "content":
        kind = _said(doc, (*message, *inside[:2], "type"))
        if kind.endswith("tool_result"):
            return "tool"
    role = _said(doc, (*message, "role"))
    return "tool" if role in _TOOL_ROLES else role


def _item(doc: JsonText, item: Path) -> str:
    """An item of a response's input: a message has a role, the rest is a model's or a tool's."""
    role = _said(doc, (*item, "role"))
    kind = _said(doc, (*item, "type"))
    if kind in ("", "message"):
        return role
    if kind.endswith(_ANSWERS):
        return "tool"
    return role or "assistant"


def _said(doc: JsonText, path: Path) -> str:
    leaf = doc.at(path)
    return leaf.value if leaf is not None and leaf.kind == "string" else ""
