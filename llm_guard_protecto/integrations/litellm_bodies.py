"""LiteLLM's dictionaries and objects as the bytes they stand for, and back.

LiteLLM hands its hooks a call's arguments, an answer as an object, and a stream as objects or, for
the Messages API, as bytes. All of them are given to the guard as what a provider would see or say.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.exchange import Exchange, Outgoing
from llm_guard_protecto.guard.flow import Flow
from llm_guard_protecto.guard.memory import Guard
from llm_guard_protecto.wire.sse import Event, Events

__all__ = ["FIELDS", "Chunks", "masked_fields", "whole"]

_TOOLS = ("tools", "tool_choice", "functions", "function_call", "response_format")
_OPENAI = ("user", "safety_identifier", "prompt_cache_key", "extra_body")

FIELDS: Mapping[str, tuple[str, ...]] = {
    "/v1/chat/completions": ("messages", *_TOOLS, "stop", "prediction", *_OPENAI),
    "/v1/completions": ("prompt", "suffix", "stop", *_OPENAI),
    "/v1/embeddings": ("input", *_OPENAI),
    "/v1/responses": ("input", "instructions", "prompt", "text", *_TOOLS, *_OPENAI),
    "/v1/messages": ("system", "messages", "tools", "tool_choice", "stop_sequences", "metadata"),
}
"""The arguments of a call that say something. The others choose, count, or belong to LiteLLM."""

_AT = "llm_guard_piece"
"""A field of our own in an event: the number of the object it was made from."""


def masked_fields(
    path: str, data: Mapping[str, Any], guard: Guard
) -> Flow[tuple[dict[str, Any], Exchange]]:
    """What the arguments of a call say, masked, and what restores the answer.

    Raises `UnknownFormat` for arguments that are no JSON, and what `Guard.open` raises.
    """
    kept = ("user_id",)  # of Anthropic's metadata; in LiteLLM's own lie its settings
    said = {
        name: data[name]
        for name in FIELDS[path]
        # The class of a structured answer is the program's own; LiteLLM makes a schema of it.
        if data.get(name) is not None and not isinstance(data[name], type)
    }
    if isinstance(said.get("metadata"), dict):
        said["metadata"] = {k: v for k, v in said["metadata"].items() if k in kept}
    body = _dumped({"model": "any", **said, "stream": bool(data.get("stream"))})
    exchange = yield from guard.open(Outgoing("POST", path, "application/json", body))
    masked = json.loads(exchange.body)
    fields = {name: value for name, value in masked.items() if name not in ("model", "stream")}
    if "metadata" in fields:
        fields["metadata"] = {**data["metadata"], **fields["metadata"]}
    return fields, exchange


def whole(answer: Any, exchange: Exchange) -> Any:
    """The answer with its values: a copy, for LiteLLM logs the object that it has."""
    said = _read(answer)
    restored = json.loads(exchange.reply("application/json", _dumped(said)))
    return _said(answer, said, restored)


class Chunks:
    """A streamed answer, object by object or as bytes. Objects come out when they are certain."""

    def __init__(self, exchange: Exchange) -> None:
        """Restore by what `exchange` masked."""
        self._stream = exchange.stream("text/event-stream")
        self._events = Events()
        self._waiting: dict[int, tuple[Any, Any]] = {}
        self._next = 0
        self._bytes: type | None = None

    def feed(self, chunk: Any) -> Iterator[Any]:
        """Take a chunk; give what may be passed on."""
        if isinstance(chunk, (bytes, str)):
            self._bytes = type(chunk)
            yield from self._as_it_came(self._stream.feed(_encoded(chunk)))
            return
        said = _read(chunk)
        self._waiting[self._next] = chunk, said
        event = b"data: " + _dumped({**said, _AT: self._next}) + b"\n\n"
        self._next += 1
        yield from self._objects(self._stream.feed(event))

    def flush(self) -> Iterator[Any]:
        """The stream has ended: give what was held back."""
        rest = self._stream.flush()
        if self._bytes is not None:
            yield from self._as_it_came(rest)
        else:
            yield from self._objects(rest)

    def _as_it_came(self, data: bytes) -> Iterator[Any]:
        if data:
            yield data.decode() if self._bytes is str else data

    def _objects(self, data: bytes) -> Iterator[Any]:
        for event in self._events.feed(data):
            yield self._object(event)

    def _object(self, event: Event) -> Any:
        restored = json.loads(event.data or "{}")
        number = restored.pop(_AT)
        # What came before it has left, or was taken up in it.
        for old in [at for at in self._waiting if at < number]:
            del self._waiting[old]
        chunk, said = self._waiting[number]
        return _said(chunk, said, restored)


def _read(answer: Any) -> Any:
    """What an object says, as JSON has it."""
    if isinstance(answer, dict):
        return answer
    if hasattr(answer, "model_dump"):
        return answer.model_dump(mode="json")
    raise UnknownFormat(f"an answer of type {type(answer).__name__} cannot be restored")


def _said(thing: Any, old: Any, new: Any) -> Any:
    """`thing`, or a copy of it that says `new` where it said `old`."""
    return thing if old == new else _put(copy.deepcopy(thing), old, new)


def _put(thing: Any, old: Any, new: Any) -> Any:
    """`thing`, which said `old`, changed to say `new`; only texts differ."""
    if old == new:
        return thing
    if isinstance(new, str):
        return new
    if isinstance(new, list):
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            thing[at] = _put(thing[at], before, after)
        return thing
    for name, after in new.items():
        if old.get(name) != after:
            if isinstance(thing, dict):
                thing[name] = _put(thing[name], old[name], after)
            else:
                setattr(thing, name, _put(getattr(thing, name), old[name], after))
    return thing


def _encoded(chunk: bytes | str) -> bytes:
    return chunk.encode() if isinstance(chunk, str) else chunk


def _dumped(value: object) -> bytes:
    try:
        return json.dumps(value, allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError):
        pass
    raise UnknownFormat("the arguments of this call are no JSON, so it was not sent")


def _plain(value: Any) -> Any:
    """An object among the arguments, such as a message of an earlier answer."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    raise TypeError(type(value).__name__)
