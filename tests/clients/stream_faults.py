"""What can go wrong with a stream, for every way to stream.

Whatever ends a stream early: its connection goes back or is closed, what was shown is the beginning
of the clear text without half a wrapper, and the next call works. Each client has a pool of one
connection, so that a leaked one is missed at once.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from tests.clients.bench import NAME, PROMPT, Bench, each, now
from tests.clients.streaming import (
    ASYNC,
    BARE,
    FAULTS,
    Event,
    Fault,
    Stage,
    Way,
    bytes_of,
    cut_in_characters,
    fault,
    numbered,
    only,
    read,
    sending,
)
from tests.guard.interleaved import interleaved as woven
from tests.guard.interleaved import joined, repeated
from tests.wireserver import CUT, Piece

__all__ = ["broken", "register"]


def register(
    ways: Iterable[Way], forms: dict[str, Callable[[Any], Awaitable[None]]], cases: list[Any]
) -> None:
    """Make a form of every fault of every way."""
    for name, run, kinds in broken(ways):
        forms[name] = run
        cases += [(name, kind) for kind in kinds]


def broken(
    ways: Iterable[Way],
) -> Iterator[tuple[str, Callable[[Bench], Awaitable[None]], tuple[str, ...]]]:
    """Every fault of every way: its name, the form, and the kinds of clients it is for."""
    for way in ways:
        for name, one in FAULTS.items():
            if not (name in BARE and way.managed):
                kinds = ("async",) if name in ASYNC else ("sync", "async")
                yield f"{name}_{way.name}", _form(one, way), kinds


def _form(one: Fault, way: Way) -> Callable[[Bench], Awaitable[None]]:
    async def run(bench: Bench) -> None:
        limits = bench.http.Limits(max_connections=1)
        settings = {"limits": limits, "timeout": bench.http.Timeout(30, pool=5)}
        client = bench.client(settings)
        stage = Stage(bench, way)
        if way.ready is not None:
            await now(way.ready(client))
        well = stage.make
        await asyncio.wait_for(one(bench, way, stage, client), 60)
        stage.make = well
        assert await asyncio.wait_for(read(way, client), 30) == PROMPT
        await now(client.close())
        assert await asyncio.to_thread(bench.server.wait_for_all)
        bench.sent()

    return run


def half(text: str) -> str:
    """A masked prompt that ends in the middle of a token."""
    return text[: text.index("</PER>") - 2]


BEFORE = PROMPT[: PROMPT.index(NAME)]
"""What is certain of it."""


async def shown(
    way: Way, client: Any, certain: threading.Event | None = None
) -> tuple[str, Exception | None, list[Any]]:
    """What a stream says until it ends, what it ends with, and its events.

    `certain` is set as soon as it has said all of `BEFORE`.
    """
    seen: list[Any] = []
    ended: Exception | None = None
    try:
        async with sending(way, client) as stream:
            async for event in each(stream):
                seen.append(event)
                if certain is not None and "".join(map(way.said, seen)) == BEFORE:
                    certain.set()
    except Exception as error:  # noqa: BLE001 - whichever it is, it is looked at
        ended = error
    return "".join(map(way.said, seen)), ended, seen


# The stream as it is made -------------------------------------------------------------------------


@fault
async def any_dress(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """CRLF, CR, comments, ids, data on many lines, characters of several bytes cut."""
    for end, noisy in (("\r\n", True), ("\r", True), ("\r\n", False)):

        def make(text: str, end: str = end, noisy: bool = noisy) -> list[Piece]:
            return cut_in_characters(bytes_of(way.events(text), end, noisy=noisy))

        stage.make = make
        assert await read(way, client) == PROMPT


@only(BARE)
async def interleaved(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """Choices, blocks and parallel tool calls take turns, as the SDK reads them."""
    for size, order in ((2, ()), (5, (3, 3, 0, 1, 2, 2, 0) * 9)):

        def make(text: str, size: int = size, order: tuple[int, ...] = order) -> list[Piece]:
            events = woven(way.form, text, size, order)
            return cut_in_characters(bytes_of(events, "\r\n", noisy=True))

        stage.make = make
        async with sending(way, client) as stream:
            events = [event.to_dict() async for event in each(stream)]
        assert repeated(way.form, joined(way.form, events), PROMPT)


# The program --------------------------------------------------------------------------------------


@asynccontextmanager
async def unfinished(bench: Bench, stage: Stage) -> AsyncIterator[None]:
    """Inside, a reply does not end; behind, its connection must be closed."""
    well, never = stage.make, threading.Event()
    stage.make = lambda text: [*well(text)[:-1], never]
    try:
        yield
    finally:
        stage.make = well
        never.set()
    assert await asyncio.to_thread(bench.server.wait_for_end)


@fault
async def closed_early(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    for _ in range(2):
        async with unfinished(bench, stage), sending(way, client) as stream:
            async for event in each(stream):
                if way.said(event):
                    await now(stream.close())
                    break


@fault
async def never_read(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    async with unfinished(bench, stage), sending(way, client):
        pass


class Stop(Exception):
    """The program's own."""


@fault
async def consumer_raises(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    raised = 0
    async with unfinished(bench, stage):
        try:
            async with sending(way, client) as stream:
                async for event in each(stream):
                    if way.said(event):
                        raise Stop
        except Stop:
            raised += 1
    assert raised


@only(BARE)
async def dropped(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """Nobody closes it; it is only forgotten, and some time collected."""

    async def forget() -> None:
        stream = await now(way.opens(client))
        async with aclosing(each(stream)) as events:
            async for event in events:
                if way.said(event):
                    return

    async with unfinished(bench, stage):
        await forget()
        for _ in range(3):  # what one collection closes lets go of more
            gc.collect()
            await asyncio.sleep(0.01)


@fault
async def client_closed(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """The whole client is closed in the middle of a stream."""
    other = bench.client()
    if way.ready is not None:
        await now(way.ready(other))
    async with sending(way, other) as stream:
        async for event in each(stream):
            if way.said(event):
                await now(other.close())
                break


@only(ASYNC)
async def cancelled(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """The task is cancelled while it waits: for the reply to begin, and in the middle of it."""
    well = stage.make
    for before in (0, 5):
        reached, never = threading.Event(), threading.Event()

        def make(
            text: str,
            before: int = before,
            reached: threading.Event = reached,
            never: threading.Event = never,
        ) -> list[Piece]:
            reached.set()
            return [*well(text)[:before], never]

        stage.make = make
        task = asyncio.create_task(shown(way, client))
        await asyncio.to_thread(reached.wait, 30)
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        never.set()
        assert await asyncio.to_thread(bench.server.wait_for_end)


# The network and the provider ---------------------------------------------------------------------


@fault
async def cut(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """The connection breaks in the middle of a token, and in the middle of an event.

    It breaks when the program has read what is certain: aiohttp throws away what it has not yet
    handed on (its `StreamReader.set_exception`), with a guard before it or without.
    """
    for part in (0, 9):
        certain = threading.Event()

        def make(text: str, part: int = part, certain: threading.Event = certain) -> list[Piece]:
            *whole, last = bytes_of(numbered(way.begins(half(text))))
            assert isinstance(last, bytes)
            return [*whole, last[:-part] if part else last, certain, CUT]

        stage.make = make
        seen, error, _ = await shown(way, client, certain)
        assert error is not None
        assert seen == BEFORE
        assert await asyncio.to_thread(bench.server.wait_for_end)


@fault
async def silent(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """Nothing comes any more, and the program's own patience ends."""
    never = threading.Event()
    stage.make = lambda text: [*bytes_of(numbered(way.begins(half(text)))), never]
    seen, error, _ = await shown(way, client.with_options(timeout=0.3))
    assert "imeout" in type(error).__name__
    assert seen == BEFORE
    never.set()
    assert await asyncio.to_thread(bench.server.wait_for_end)


@fault
async def error_event(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """An error in the middle of a token: no half wrapper before it, and its words restored."""

    def make(text: str) -> list[Piece]:
        failed = way.error(f"cannot say {text}")
        return bytes_of(numbered([*way.begins(half(text)), failed]))

    stage.make = make
    seen, error, events = await shown(way, client)
    assert seen == BEFORE
    # Some SDKs raise what such an event says, some hand it on.
    told = repr(events[-1]) if error is None else f"{error} {getattr(error, 'body', '')}"
    assert f"cannot say {PROMPT}" in told


@fault
async def no_json(bench: Bench, way: Way, stage: Stage, client: Any) -> None:
    """What no program reads as JSON ends as it would without us."""
    broken: Event = {"type": "message_start"}

    def make(text: str) -> list[Piece]:
        [head] = bytes_of([broken])
        assert isinstance(head, bytes)
        return [*bytes_of(numbered(way.begins(text[:5]))), head.replace(b"{", b"[{", 1)]

    stage.make = make
    _, error, _ = await shown(way, client)
    assert error is not None
