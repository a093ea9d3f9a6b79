"""The messages of any framework as the one call they mean: masked and restored by the same rules.

A framework's message is taken apart into pieces (a text with its role, a tool call, a speaker's
name). The pieces go through the guard as a chat completions request, and those of the answer as its
reply. So policies about roles, places, tools and links hold here as they do for a client's bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.exchange import Exchange, Outgoing
from llm_guard_protecto.guard.flow import Flow
from llm_guard_protecto.guard.memory import Guard

__all__ = ["Call", "Name", "Piece", "Text", "answered", "asked"]


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody says: `role` is system, user, assistant or tool."""

    role: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool, with arguments that can be written as JSON."""

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """What a speaker is called, in the few characters that a provider takes for it."""

    role: str
    name: str = field(repr=False)


Piece = Text | Call | Name


def asked(pieces: Sequence[Piece], guard: Guard) -> Flow[tuple[list[Piece], Exchange]]:
    """Mask the pieces of a request together; also gives what restores its answer.

    Raises what `Guard.open` raises, and `UnknownFormat` for arguments that are no JSON.
    """
    body = _dumped({"model": "any", "messages": [_message(one) for one in pieces]})
    exchange = yield from guard.open(
        Outgoing("POST", "/v1/chat/completions", "application/json", body)
    )
    messages = json.loads(exchange.body)["messages"]
    masked = messages[len(messages) - len(pieces) :]  # a policy's hint may stand before them
    return [_piece(old, new) for old, new in zip(pieces, masked, strict=True)], exchange


def answered(pieces: Sequence[Piece], exchange: Exchange) -> list[Piece]:
    """The pieces of an answer with the values of its request, as far as the policy lets them."""
    choices = [{"index": at, "message": _message(one)} for at, one in enumerate(pieces)]
    restored = exchange.reply("application/json", _dumped({"choices": choices}))
    said = json.loads(restored)["choices"]
    return [_piece(old, new["message"]) for old, new in zip(pieces, said, strict=True)]


def _message(piece: Piece) -> dict[str, Any]:
    if isinstance(piece, Text):
        more = {"tool_call_id": "call"} if piece.role == "tool" else {}
        return {"role": piece.role, "content": piece.text, **more}
    if isinstance(piece, Name):
        return {"role": piece.role, "name": piece.name, "content": ""}
    arguments = _dumped(piece.arguments).decode()
    function = {"name": piece.tool, "arguments": arguments}
    calls = [{"id": "call", "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _piece(old: Piece, message: Mapping[str, Any]) -> Piece:
    """The same piece as a message says it now."""
    if isinstance(old, Text):
        return Text(old.role, message["content"])
    if isinstance(old, Name):
        return Name(old.role, message["name"])
    [call] = message["tool_calls"]
    return Call(old.tool, json.loads(call["function"]["arguments"]))


def _dumped(value: object) -> bytes:
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError):
        pass
    raise UnknownFormat("the arguments of a tool call are no JSON, so they were not sent")
