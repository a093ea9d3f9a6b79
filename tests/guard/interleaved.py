"""What a provider says in pieces, in every kind of text that each format streams, all at once.

A `Way` knows the event of a piece of one text, and how a reader puts that text together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Event", "interleaved", "joined", "repeated", "sse"]

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Way:
    """One streamed text: the event of a piece, and how to read that piece back."""

    key: str
    event: Callable[[str], Event]
    read: Callable[[Event], str | None]
    json: bool = False


def interleaved(form: str, prompt: str, size: int, order: Iterable[int] = ()) -> list[Event]:
    """The events of a reply that says the masked `prompt` in all of its texts at once.

    `size` is the characters of a piece; `order` says whose turn it is, then they take turns.
    """
    texts = []
    for way in _WAYS[form]:
        text = json.dumps({"to": prompt}, ensure_ascii=False) if way.json else prompt
        texts.append([way.event(text[at : at + size]) for at in range(0, len(text), size)])
    events: list[Event] = []
    turns = iter(order)
    while any(texts):
        waiting = [one for one in texts if one]
        events.append(waiting[next(turns, len(events)) % len(waiting)].pop(0))
    return [*_START.get(form, ()), *events, *_END[form]]


def joined(form: str, events: Iterable[Event]) -> dict[str, str]:
    """What a reader puts together of these events, by the name of each text."""
    found: dict[str, str] = {way.key: "" for way in _WAYS[form]}
    for event in events:
        for way in _WAYS[form]:
            found[way.key] += way.read(event) or ""
    return found


def repeated(form: str, texts: dict[str, str], clear: str) -> bool:
    """Whether every text is the `clear` prompt, arguments inside their JSON."""
    return all(
        (json.loads(texts[way.key])["to"] if way.json else texts[way.key]) == clear
        for way in _WAYS[form]
    )


def sse(events: Iterable[Event], end: str = "\n", style: str = "plain") -> bytes:
    """The bytes of events, with this end of line. `noisy` adds comments, ids and split data."""
    out = "\ufeff" if style == "noisy" else ""
    for number, event in enumerate(events):
        data = json.dumps(event, ensure_ascii=False, indent=1 if style == "noisy" else None)
        if style == "noisy":
            out += f": comment {number}{end}id: {number}{end}retry: 10{end}"
        out += f"event: {event['type']}{end}" if "type" in event else ""
        out += "".join(f"data: {line}{end}" for line in data.splitlines()) + end
    return (out + f"data: [DONE]{end}{end}").encode()


# The formats ----------------------------------------------------------------------------------------


def _chat(choice: int, delta: Event, finish: str | None = None) -> Event:
    one = {"index": choice, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [one]}


def _content(choice: int) -> _Way:
    def read(event: Event) -> str | None:
        texts = [
            c["delta"].get("content") for c in event.get("choices", ()) if c["index"] == choice
        ]
        return "".join(text or "" for text in texts)

    return _Way(f"choice {choice}", lambda piece: _chat(choice, {"content": piece}), read)


def _call(index: int) -> _Way:
    def event(piece: str) -> Event:
        return _chat(0, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})

    def read(event: Event) -> str | None:
        calls = [
            call
            for one in event.get("choices", ())
            for call in one["delta"].get("tool_calls", ())
            if call["index"] == index
        ]
        return "".join(call["function"]["arguments"] for call in calls)

    return _Way(f"call {index}", event, read, json=True)


def _completion(index: int) -> _Way:
    def event(piece: str) -> Event:
        one = {"index": index, "text": piece, "logprobs": None, "finish_reason": None}
        return {"id": "c", "object": "text_completion", "model": "m", "choices": [one]}

    def read(event: Event) -> str | None:
        return "".join(one["text"] for one in event.get("choices", ()) if one["index"] == index)

    return _Way(f"choice {index}", event, read)


def _response(index: int, kind: str, *, json: bool = False) -> _Way:
    where = {"output_index": index, "item_id": f"i{index}"} | ({} if json else {"content_index": 0})
    name = f"response.{kind}.delta"

    def read(event: Event) -> str | None:
        return (
            event["delta"] if event.get("type") == name and event["output_index"] == index else None
        )

    return _Way(
        f"{kind} {index}", lambda piece: {"type": name, "delta": piece, **where}, read, json
    )


def _block(index: int, kind: str, field: str, *, json: bool = False) -> _Way:
    def event(piece: str) -> Event:
        delta = {"type": kind, field: piece}
        return {"type": "content_block_delta", "index": index, "delta": delta}

    def read(event: Event) -> str | None:
        mine = event.get("type") == "content_block_delta" and event["index"] == index
        return event["delta"].get(field) if mine else None

    return _Way(f"block {index}", event, read, json)


_WAYS = {
    "chat": [_content(0), _content(1), _call(0), _call(1)],
    "completions": [_completion(0), _completion(1)],
    "responses": [
        _response(0, "output_text"),
        _response(1, "output_text"),
        _response(2, "function_call_arguments", json=True),
        _response(3, "function_call_arguments", json=True),
    ],
    "messages": [
        _block(0, "thinking_delta", "thinking"),
        _block(1, "text_delta", "text"),
        _block(2, "input_json_delta", "partial_json", json=True),
        _block(3, "input_json_delta", "partial_json", json=True),
    ],
}
_START: dict[str, list[Event]] = {
    "messages": [{"type": "message_start", "message": {"content": []}}],
}
_ENDED = {"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}
_END: dict[str, list[Event]] = {
    "chat": [_chat(0, {}, "stop"), _chat(1, {}, "stop")],
    "completions": [{"id": "c", "choices": [_ENDED, _ENDED | {"index": 1}]}],
    "responses": [{"type": "response.completed", "response": {"id": "r", "output": []}}],
    "messages": [{"type": "message_stop"}],
}
