"""One exchange and one streamed reply for every format that streams: to be cut, twisted and broken.

`opened` masks a prompt through the format's own route; `told` is a reply that says it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from llm_guard_protecto import LocalVault
from llm_guard_protecto.guard import Exchange, Guard, Outgoing, drive
from llm_guard_protecto.wire.sse import Events
from tests.guard.interleaved import Event, interleaved, joined, repeated, sse
from tests.texts import VALUES

__all__ = [
    "FORMATS",
    "TEXT",
    "cut_at",
    "masked",
    "opened",
    "run",
    "said",
    "sse",
    "told",
    "whole",
]

TEXT = "Grüße 😀 an " + " and ".join(VALUES[:4])

_PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}
FORMATS = tuple(_PATHS)


@cache
def _opened(form: str, text: str) -> tuple[Exchange, str]:
    prompt: dict[str, Any] = {
        "completions": {"prompt": text},
        "responses": {"input": text},
    }.get(form, {"messages": [{"role": "user", "content": text}]})
    body = json.dumps({"model": "m", **prompt}).encode()
    request = Outgoing("POST", _PATHS[form], "application/json", body)
    exchange = drive(Guard().open(request), LocalVault("memory:", environ={}))
    left = json.loads(exchange.body)
    content = left.get("prompt") or left.get("input") or left["messages"][0]["content"]
    return exchange, str(content)


def opened(form: str = "chat", text: str = TEXT) -> Exchange:
    """The exchange of a request whose prompt is `text`, one for all tests."""
    return _opened(form, text)[0]


def masked(form: str = "chat", text: str = TEXT) -> str:
    """The prompt as it left."""
    return _opened(form, text)[1]


def run(form: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What a reader gets for these pieces of a stream, and for its end."""
    stream = opened(form).stream("text/event-stream; charset=utf-8")
    for piece in pieces:
        yield stream.feed(piece)
    yield stream.flush()


def cut_at(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The bytes, cut at these places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def told(form: str, size: int, order: Iterable[int] = ()) -> list[Event]:
    """The events of a reply that says the masked prompt; see `interleaved`."""
    return interleaved(form, masked(form), size, order)


def said(form: str, data: bytes) -> dict[str, str]:
    """What a reader puts together, by the name of each text; JSON is read."""
    told = (one.data for one in Events().feed(data) if one.data not in (None, "[DONE]"))
    return joined(form, (json.loads(one or "") for one in told))


def whole(form: str, texts: dict[str, str]) -> bool:
    """Whether every text is the clear prompt, arguments inside their JSON."""
    return repeated(form, texts, TEXT)
