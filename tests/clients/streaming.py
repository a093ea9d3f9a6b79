"""Ways to stream: how an SDK opens a stream, what the provider says in it, how it is read.

A `Way` is one method of one SDK; `stream_faults` breaks each of them in every way that a network,
a provider or a program can.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.clients.bench import EVENTS, Bench, each, held, now
from tests.wireserver import Piece, Received, Script

__all__ = [
    "ASYNC",
    "BARE",
    "FAULTS",
    "Event",
    "Fault",
    "Stage",
    "Way",
    "bytes_of",
    "cut_in_characters",
    "fault",
    "numbered",
    "only",
    "read",
    "sending",
]

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One method that streams.

    opens: from a client, what the method gives for `PROMPT`: a stream, something to await, or a
    manager. asked: the masked prompt in a request. begins, ends: the events that say a text, and
    those that end it. said: the text of one of the SDK's events. error: the event of an error.
    whole: the answer to a request that does not stream, and `ready`, what to call once before.
    form: what `tests.guard.streams` calls the format. managed: what `opens` gives needs a `with`.
    """

    name: str
    form: str
    opens: Callable[[Any], Any]
    asked: Callable[[Received], str]
    begins: Callable[[str], list[Event]]
    ends: Callable[[str], list[Event]]
    said: Callable[[Any], str]
    error: Callable[[str], Event]
    whole: Callable[[str], Event] | None = None
    ready: Callable[[Any], Any] | None = None
    managed: bool = False

    def events(self, text: str) -> list[Event]:
        """A whole reply."""
        return numbered([*self.begins(text), *self.ends(text)])


def numbered(events: Sequence[Event]) -> list[Event]:
    """The events with their numbers, where the format has them."""
    return [
        event | {"sequence_number": number} if "sequence_number" in event else event
        for number, event in enumerate(events)
    ]


class Stage:
    """The provider's side of one way: it streams `make(masked prompt)`, piece by piece."""

    def __init__(self, bench: Bench, way: Way) -> None:
        self._way, self._asked = way, ""
        self.make: Callable[[str], Sequence[Piece]] = lambda text: bytes_of(way.events(text))
        bench.script = self._answer

    def _answer(self, request: Received) -> Script:
        if request.method == "POST":
            self._asked = self._way.asked(request)
            if not json.loads(request.body).get("stream") and self._way.whole is not None:
                data = json.dumps(self._way.whole(self._asked)).encode()
                return Script(200, {"content-type": "application/json"}, [data])
        return Script(200, EVENTS, self.make(self._asked), chunked=True)


def bytes_of(events: Iterable[Event], end: str = "\n", *, noisy: bool = False) -> list[Piece]:
    """Each event's bytes; `noisy` ones have comments, ids and data on many lines."""
    told: list[Piece] = []
    for number, event in enumerate(events):
        lines = [f"event: {event['type']}"] if "type" in event else []
        data = json.dumps(event, ensure_ascii=False, indent=1 if noisy else None)
        if noisy:
            lines = [f": comment {number}", f"id: {number}", *lines, "retry: 10"]
        lines += [f"data: {line}" for line in data.splitlines()]
        told.append(end.join([*lines, "", ""]).encode())
    return told


def cut_in_characters(pieces: Iterable[Piece]) -> list[Piece]:
    """The same bytes, cut inside every character of several bytes and every CRLF."""
    data = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    ends = [found.end() for found in re.finditer(rb"[\xc0-\xff]|\r(?=\n)", data)]
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


@asynccontextmanager
async def sending(way: Way, client: Any) -> AsyncIterator[Any]:
    """A stream, held open; leaving the block closes it."""
    async with held(await now(way.opens(client))) as stream:
        yield stream


async def read(way: Way, client: Any) -> str:
    """All that a stream says."""
    async with sending(way, client) as stream:
        return "".join([way.said(event) async for event in each(stream)])


# What can go wrong ---------------------------------------------------------------------------------

Fault = Callable[[Bench, Way, Stage, Any], Awaitable[None]]
FAULTS: dict[str, Fault] = {}
ASYNC: set[str] = set()
"""The faults that make sense for async clients alone."""
BARE: set[str] = set()
"""Those that make no sense for what has to be opened by `with`."""


def fault(run: Fault) -> Fault:
    """A fault of every way."""
    FAULTS[run.__name__] = run
    return run


def only(kinds: set[str]) -> Callable[[Fault], Fault]:
    """A fault of these only."""

    def mark(run: Fault) -> Fault:
        kinds.add(run.__name__)
        return fault(run)

    return mark
