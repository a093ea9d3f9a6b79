"""A wire that fails: a TCP proxy that resets, stalls, slices, cuts or will not close."""

from __future__ import annotations

import asyncio
import enum
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

__all__ = ["Fault", "Wire", "failing"]


class Fault(enum.Enum):
    """What happens to the bytes that go one way."""

    NONE = "they pass"
    RESET = "after some the connection is reset, both ways"
    STALL = "after some nothing follows"
    SLICES = "they come one to three at a time"
    CUT = "after some the connection is closed, as if that were all"
    SLOW_CLOSE = "all pass, and the end of the connection does not"


_BREAKS = (Fault.RESET, Fault.STALL, Fault.CUT)


@dataclass
class Wire:
    """A running proxy. `url` is its own; `asked` and `answered` hold what passed each way.

    The ways of its next connections fail as `ask` and `answer` say; those that break, once `after`
    has passed there.
    """

    url: str
    ask: Fault = Fault.NONE
    answer: Fault = Fault.NONE
    after: bytes = b""
    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)

    def mend(self) -> None:
        """Let everything pass, and forget what did."""
        self.ask = self.answer = Fault.NONE
        self.asked, self.answered = bytearray(), bytearray()


@contextmanager
def failing(url: str) -> Iterator[Wire]:
    """A wire to `url`; nothing fails yet."""
    there = httpx.URL(url)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    wire = Wire("http://{}:{}".format(*listener.getsockname()))
    ends: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(there.host, there.port)
        ends.update((writer, far_writer))
        await asyncio.gather(
            _pass(wire.after, reader, far_writer, wire.ask, wire.asked, (writer, far_writer)),
            _pass(wire.after, far_reader, writer, wire.answer, wire.answered, (writer, far_writer)),
        )

    async def serve(started: threading.Event, over: asyncio.Event) -> None:
        async with await asyncio.start_server(connected, sock=listener):
            started.set()
            await over.wait()
            for one in ends:
                one.transport.abort()

    loop, over, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(started, over),))
    thread.start()
    started.wait(30)
    try:
        yield wire
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.run_until_complete(_settled())
        loop.close()


async def _pass(
    after: bytes,
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    fault: Fault,
    passed: bytearray,
    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
) -> None:
    """Pass bytes on until they end or the fault comes."""
    chance, begun = random.Random(7), len(passed)
    with suppress(OSError):
        while data := await source.read(65536):
            at = (bytes(passed[begun:]) + data).find(after) if fault in _BREAKS else -1
            if at >= 0:
                data = data[: max(0, at + len(after) - (len(passed) - begun))]
            passed += data
            for piece in _slices(data, chance) if fault is Fault.SLICES else (data,):
                sink.write(piece)
                await sink.drain()
                if fault is Fault.SLICES:
                    await asyncio.sleep(0)
            if at >= 0:
                if fault is not Fault.STALL:
                    _break(fault, ends)
                return
        if fault is not Fault.SLOW_CLOSE:
            sink.write_eof()


def _break(fault: Fault, ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]) -> None:
    for one in ends:
        if fault is Fault.RESET:
            linger = struct.pack("ii", 1, 0)
            one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            one.transport.abort()
        else:
            one.close()


async def _settled() -> None:
    """Let what was aborted come to its end."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)


def _slices(data: bytes, chance: random.Random) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = chance.randint(1, 3)
        yield data[at : at + size]
        at += size
