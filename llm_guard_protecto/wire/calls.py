"""Which tool the pieces of a reply are arguments of, and where in the arguments they stand.

A whole reply says so itself: the call holds its tool's name beside its arguments. In a stream the
name comes first, in an event of its own or with the first piece, and is remembered by the numbers
of the choice, the item or the block.

What a provider's own tools are asked to do (code, shell commands, patches, searches) is a call of a
tool named like the item without `_call`: `code_interpreter`, `shell`, `apply_patch`. What a tool
answered is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from llm_guard_protecto.wire.json_text import JsonText, Path

__all__ = ["Argument", "Calls"]


@dataclass(frozen=True, slots=True)
class Argument:
    """A place in the arguments of a call.

    `tool` is the tool's name, "" when it is not known. `way` leads to the place from the top of the
    arguments; where they are JSON in a string, to that string, so it is `()`.
    """

    tool: str
    way: Path


_BLOCKS = ("tool_use", "server_tool_use", "mcp_tool_use")
_ARGUMENTS = ("arguments", "input")
# What the provider's own calls hold beside ids: what was asked for, not what came of it.
_ASKED = ("action", "actions", "code", "operation", "queries")
_EVENT = re.compile(
    r"response\.(?P<call>[a-z_]*?_call)_(?P<part>[a-z_]+)\.(?:delta|done|added)\Z"
    r"|response\.(?P<arguments>function_call_arguments|mcp_call_arguments)\."
)
_NAMED = ("function_call", "mcp_call", "mcp_approval_request", "custom_tool_call")
_PIECES = ("delta", "arguments", "input", "code", "command", "diff")

Key = tuple[str | int, ...]


def _own(call: str) -> str:
    """The name of a provider's own tool, by the type of its call; "" for a call that has a name."""
    return "" if call in _NAMED else call.removesuffix("_call")


class Calls:
    """Follows one reply, whole or streamed. `note` each body or event before asking `at`."""

    def __init__(self) -> None:
        """Start before the first event."""
        self._names: dict[Key, str] = {}
        self._doc: JsonText | None = None
        self._strings: Mapping[Path, str] = {}

    def note(self, doc: JsonText) -> None:
        """Learn the names that `doc` brings; the pieces of a name belong together."""
        self._look_at(doc)
        for path, value in self._strings.items():
            if path[-1:] == ("name",):
                key = self._key(path[:-1])
                if key is None:
                    continue
                # An item comes whole, and again at its end; a chat may bring a name in pieces.
                before = self._names.get(key, "") if "delta" in path else ""
                self._names[key] = before + value

    def at(self, doc: JsonText, path: Path) -> Argument | None:
        """The place in a call's arguments that is at `path` of `doc`; None when it is in none."""
        self._look_at(doc)
        for depth, step in enumerate(path):
            here, below = path[:depth], path[depth + 1 :]
            if step == "tool_calls" and len(below) > 1 and below[0] != "type":
                return self._chat(path, depth)
            if step == "function_call" and below[:1] == ("arguments",):
                return Argument(self._name(path[: depth + 1]), ())
            kind = self._strings.get((*here, "type"), "")
            if kind in _BLOCKS:
                return Argument(self._name(here), below) if step == "input" else None
            if kind.endswith("_call") or kind == "mcp_approval_request":
                return self._item(here, kind, step, below)
        return self._event(path)

    def _chat(self, path: Path, depth: int) -> Argument | None:
        call, inside = path[: depth + 2], path[depth + 2 :]
        if len(inside) < 2 or inside[1] not in _ARGUMENTS:
            return None
        return Argument(self._name((*call, inside[0])), inside[2:])

    def _item(self, item: Path, kind: str, step: str | int, below: Path) -> Argument | None:
        if step in _ARGUMENTS:
            return Argument(self._name(item) or _own(kind), below)
        if step in _ASKED:
            return Argument(self._name(item) or _own(kind), (step, *below))
        return None

    def _event(self, path: Path) -> Argument | None:
        """A piece in an event of its own: its tool was named earlier."""
        kind = self._strings.get(("type",), "")
        if kind == "content_block_delta" and path[:2] == ("delta", "partial_json"):
            return Argument(self._names.get(("block", self._number("index")), ""), ())
        found = _EVENT.match(kind)
        if found is None or not path or path[0] not in _PIECES:
            return None
        call, part = found["call"] or "function_call", found["part"] or "arguments"
        if "output" in part:
            return None
        name = self._names.get(("item", self._item_number()), "")
        way: Path = () if part in _ARGUMENTS else tuple(part.split("_"))
        if part == "command":
            way = ("action", "commands", self._number("command_index"))
        return Argument(name or _own(call), (*way, *path[1:]))

    def _name(self, call: Path) -> str:
        key = self._key(call)
        if key is not None and key in self._names:
            return self._names[key]
        return self._strings.get((*call, "name"), "")

    def _key(self, call: Path) -> Key | None:
        """By what the call at `call` is known in later events; None when none will follow."""
        if "delta" in call and call[:1] == ("choices",):
            numbers = [self._index(call[: n + 1]) for n, p in enumerate(call) if isinstance(p, int)]
            return ("choice", *numbers, str(call[-1])) if call[-1] != "delta" else None
        if call == ("item",):
            return ("item", self._item_number())
        if call == ("content_block",):
            return ("block", self._number("index"))
        return None

    def _index(self, path: Path) -> int:
        """The number of what stands at `path` of a list: its `index`, or its position."""
        said = self._strings.get((*path, "index"), "")
        last = path[-1]
        return int(said) if said.isdecimal() else last if isinstance(last, int) else 0

    def _item_number(self) -> str:
        return self._strings.get(("output_index",)) or self._strings.get(("item_id",)) or ""

    def _number(self, name: str) -> int:
        said = self._strings.get((name,), "")
        return int(said) if said.isdecimal() else 0

    def _look_at(self, doc: JsonText) -> None:
        if doc is not self._doc:
            self._doc = doc
            self._strings = {
                leaf.path: leaf.value for leaf in doc.leaves if leaf.kind in ("string", "number")
            }
