"""Many callers of a server from one thread, on raw sockets, so that they cost little themselves."""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Ask", "Load", "call", "put"]

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request as it goes over the wire, the status that is right, who wants the answer."""

    raw: bytes
    status: int = 200
    then: Callable[[bytes], None] | None = None


@dataclass(slots=True)
class Load:
    """What came of it. `latencies` are in seconds, sorted; `wrong` counts statuses by name."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        return self.latencies[min(int(share * len(self.latencies)), len(self.latencies) - 1)]


def put(path: str, token: str, body: Any, verb: str = "PUT") -> bytes:
    """A request as it goes over the wire."""
    content = b"" if body is None else json.dumps(body).encode()
    return (
        f"{verb} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content


def call(
    address: tuple[str, int],
    asks: Iterator[Ask],
    *,
    callers: int,
    seconds: float,
    rate: float | None = None,
) -> Load:
    """Ask for `seconds`: each caller again as soon as it has its answer, or all at `rate` a second."""
    load = Load()
    with selectors.DefaultSelector() as waiting:
        free: deque[socket.socket] = deque()
        for _ in range(callers):
            connection = socket.create_connection(address, timeout=30)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting.register(connection, selectors.EVENT_READ, bytearray())
            free.append(connection)
        asked: dict[Any, tuple[Ask, float]] = {}
        began = time.perf_counter()
        end, sent = began + seconds, 0
        while (now := time.perf_counter()) < end or asked:
            due = len(free) if rate is None else int((now - began) * rate) - sent
            while free and due > 0 and now < end:
                connection, ask = free.popleft(), next(asks)
                asked[connection] = (ask, time.perf_counter())
                connection.sendall(ask.raw)
                sent, due = sent + 1, due - 1
            for key, _ in waiting.select(0.01 if rate else 1):
                buffer: bytearray = key.data
                buffer += key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                if (body := _whole(buffer)) is None:
                    continue
                ask, since = asked.pop(key.fileobj)
                load.latencies.append(time.perf_counter() - since)
                status = int(buffer[9:12])
                if status != ask.status:
                    load.wrong[f"{status} for {ask.status}"] += 1
                elif ask.then is not None:
                    ask.then(body)
                buffer.clear()
                free.append(key.fileobj)  # type: ignore[arg-type]
        load.seconds = time.perf_counter() - began
        for key in list(waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    load.latencies.sort()
    return load


def _whole(buffer: bytearray) -> bytes | None:
    """The body of an answer, when it has arrived whole."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = _LENGTH.search(buffer, 0, head)
    size = int(length[1]) if length else 0
    return bytes(buffer[head + 4 :]) if len(buffer) >= head + 4 + size else None
