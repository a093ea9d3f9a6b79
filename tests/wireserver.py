"""A scripted HTTP/1.1 server on a real socket: exact bytes out, exact bytes recorded.

    with WireServer(lambda request: Script(body=[b"{}"], headers={"content-type": "..."})) as server:
        ... server.url ... server.requests

No framework stands between a test and the wire, so a test says where the body is cut into pieces,
how long the server waits between two of them, and where the connection breaks.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self

__all__ = ["CUT", "Cut", "Piece", "Received", "Script", "WireServer"]


class Cut:
    """In a body: the server breaks the connection here."""


CUT = Cut()

Piece = bytes | threading.Event | Cut
"""Bytes to send at once, an event to wait for, or the end of the connection."""


@dataclass(frozen=True, slots=True)
class Script:
    """One answer. `headers` beyond the framing ones; each piece of `body` is sent on its own.

    The body is framed by its length, or by chunks of one piece each when `chunked`.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Sequence[Piece] = ()
    chunked: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """One request: its parts, and `raw`, every byte of it as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes


class WireServer:
    """Answers each request with what `answer` makes of it; `requests` holds all that came.

    `requests` has an entry for each whole request; `heard` every byte that came on any connection,
    whole request or not. `ended` counts the connections that are closed again.
    """

    def __init__(self, answer: Callable[[Received], Script]) -> None:
        self.answer = answer
        self.requests: list[Received] = []
        self.heard = bytearray()
        self.accepted = 0
        self._ended = threading.Semaphore(0)
        self._awaited = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        """The address, without a path."""
        return "http://{}:{}".format(*self._listener.getsockname())

    def wait_for_end(self, connections: int = 1) -> bool:
        """Wait until that many more connections have been closed by the client or by a cut."""
        self._awaited += connections
        return all(self._ended.acquire(timeout=30) for _ in range(connections))

    def wait_for_all(self) -> bool:
        """Wait until every connection that was ever opened has been closed."""
        return self.wait_for_end(self.accepted - self._awaited)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()
        self._accepting.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.accepted += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            waiting = b""
            while True:
                request, waiting = self._receive(connection, waiting)
                with self._lock:
                    self.requests.append(request)
                if not self._send(connection, self.answer(request)):
                    return
        except OSError:
            return  # the client went away, or the server was closed
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
            self._ended.release()

    def _receive(self, connection: socket.socket, data: bytes) -> tuple[Received, bytes]:
        while b"\r\n\r\n" not in data:
            data += self._more(connection)
        head, _, rest = data.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (x.partition(":") for x in lines)
        }
        if "transfer-encoding" in headers:
            raise AssertionError("a masked request has a known length")
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            rest += self._more(connection)
        method, path, _ = start.split(" ")
        raw = head + b"\r\n\r\n" + rest[:length]
        return Received(method, path, headers, rest[:length], raw), rest[length:]

    def _more(self, connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        if not data:
            raise ConnectionError
        with self._lock:
            self.heard += data
        return data

    def _send(self, connection: socket.socket, script: Script) -> bool:
        """Send one answer; False when the connection is at its end."""
        frame = {"transfer-encoding": "chunked"}
        if not script.chunked:
            size = sum(len(piece) for piece in script.body if isinstance(piece, bytes))
            # A body that will be cut promises one byte more than comes.
            frame = {"content-length": str(size + (CUT in script.body))}
        head = [f"HTTP/1.1 {script.status} {HTTPStatus(script.status).phrase}"]
        head += [f"{name}: {value}" for name, value in (frame | dict(script.headers)).items()]
        connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
        for piece in script.body:
            if isinstance(piece, Cut):
                return False
            if isinstance(piece, threading.Event):
                piece.wait(timeout=30)
            elif piece:
                connection.sendall(
                    b"%x\r\n%b\r\n" % (len(piece), piece) if script.chunked else piece
                )
        if script.chunked:
            connection.sendall(b"0\r\n\r\n")
        return True
