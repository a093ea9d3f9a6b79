"""Many callers that read streams, on raw sockets: when the first text came, and the longest wait."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

__all__ = ["InTurn", "Streamed", "in_turn", "streamed"]

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Streamed:
    """What came of some streams. All times are in seconds, of each stream that ended well."""

    first: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    wrong: int = 0


@dataclass(slots=True)
class _Reading:
    began: float
    buffer: bytearray = field(default_factory=bytearray)
    first: float = 0.0
    last: float = 0.0
    longest: float = 0.0


def streamed(
    address: tuple[str, int], asks: Iterator[bytes], *, callers: int, each: int
) -> Streamed:
    """Let so many callers read `each` streams, one after the other, all callers at once."""
    found = Streamed()
    with selectors.DefaultSelector() as waiting:
        left: dict[Any, int] = {}
        for _ in range(callers):
            connection = socket.create_connection(address, timeout=60)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            left[connection] = each
            waiting.register(connection, selectors.EVENT_READ, _ask(connection, next(asks)))
        while left:
            ready = waiting.select(60)
            if not ready:
                found.wrong += len(left)
                break
            for key, _ in ready:
                connection, reading = cast(socket.socket, key.fileobj), key.data
                data = connection.recv(1 << 16)
                now = time.perf_counter()
                reading.buffer += data
                if b'"content"' in data and not reading.first:
                    reading.first = reading.last = now
                elif reading.first:
                    reading.longest = max(reading.longest, now - reading.last)
                    reading.last = now
                if data and not reading.buffer.endswith(b"0\r\n\r\n"):
                    continue
                if data and reading.buffer.startswith(b"HTTP/1.1 200") and reading.first:
                    found.first.append(reading.first - reading.began)
                    found.longest.append(reading.longest)
                    found.whole.append(now - reading.began)
                else:
                    found.wrong += 1
                left[connection] -= 1
                if data and left[connection]:
                    waiting.modify(connection, selectors.EVENT_READ, _ask(connection, next(asks)))
                else:
                    waiting.unregister(connection)
                    connection.close()
                    del left[connection]
    return found


def _ask(connection: socket.socket, raw: bytes) -> _Reading:
    began = time.perf_counter()
    connection.sendall(raw)
    return _Reading(began)


@dataclass(slots=True)
class InTurn:
    """What one of several servers did that were called in turn. Times are in seconds."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    wrong: int = 0


def in_turn(
    addresses: Sequence[tuple[str, int]], raws: Iterator[bytes], calls: int
) -> list[InTurn]:
    """Call each server with the same request, one after the other, on connections that stay.

    `first` is when the first text came, which for an answer that is no stream is its first byte.
    """
    found = [InTurn() for _ in addresses]
    ways = [socket.create_connection(one, timeout=60) for one in addresses]
    try:
        for _ in range(calls):
            raw = next(raws)
            for way, one in zip(ways, found, strict=True):
                way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                began, first, buffer = time.perf_counter(), 0.0, bytearray()
                way.sendall(raw)
                while not _whole(buffer) and (data := way.recv(1 << 16)):
                    buffer += data
                    if not first and b'"content"' in buffer:
                        first = time.perf_counter()
                one.first.append(first - began)
                one.whole.append(time.perf_counter() - began)
                one.wrong += not (first and buffer.startswith(b"HTTP/1.1 200"))
    finally:
        for way in ways:
            way.close()
    return found


def _whole(buffer: bytearray) -> bool:
    """Whether an answer has arrived to its end."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return False
    length = _LENGTH.search(buffer, 0, head + 2)
    return len(buffer) >= head + 4 + int(length[1]) if length else buffer.endswith(b"0\r\n\r\n")
