"""How the provider of `testing` speaks Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["events", "whole"]

_PIECES = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}


def whole(model: str, said: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return the message that says `said`: its `content` is a text or a list of blocks.

    `size` is the size of the request, in bytes, for the usage that the message tells.
    """
    content = said.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    called = any(block["type"] == "tool_use" for block in blocks)
    return {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": model,
        "stop_reason": "tool_use" if called else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": size, "output_tokens": 1},
        **said,
        "content": blocks,
    }


def events(message: Mapping[str, Any], piece: int) -> Iterator[bytes]:
    """Yield the events of a streamed `message`, its texts in pieces of `piece` characters."""
    opened = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    yield _event({"type": "message_start", "message": opened})
    for index, block in enumerate(message["content"]):
        for one in _block(block, piece):
            yield _event(one | {"index": index})
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    yield _event({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 1}})
    yield _event({"type": "message_stop"})


def _block(block: Mapping[str, Any], piece: int) -> Iterator[dict[str, Any]]:
    opened, deltas = dict(block), []
    if block["type"] in _PIECES:
        kind, name = _PIECES[block["type"]]
        opened[name] = ""
        deltas = [{"type": kind, name: part} for part in _cut(block[name], piece)]
    elif "input" in block:
        opened["input"] = {}
        text = json.dumps(block["input"], ensure_ascii=False)
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in _cut(text, piece)]
    if "signature" in block:
        opened["signature"] = ""
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    yield {"type": "content_block_start", "content_block": opened}
    for delta in deltas:
        yield {"type": "content_block_delta", "delta": delta}
    yield {"type": "content_block_stop"}


def _cut(text: str, piece: int) -> list[str]:
    return [text[at : at + piece] for at in range(0, len(text), piece)]


def _event(said: Mapping[str, Any]) -> bytes:
    data = json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return f"event: {said['type']}\n".encode() + b"data: " + data + b"\n\n"
