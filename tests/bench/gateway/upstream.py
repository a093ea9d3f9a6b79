"""A provider that is never the limit: `python -m tests.bench.gateway.upstream`.

A protocol on the event loop's bare transports, some ten thousand answers a second. It says back the
last message of a chat, whole or as a stream of `seed` events that come `n` milliseconds apart: two numbers
that any gateway passes on.
Prints its port.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any, cast

__all__ = ["main"]

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Provider(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._heard = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._out = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is there."""
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._heard, 0, end + 2)
            size = int(found[1]) if found else 0
            if len(self._heard) < end + 4 + size:
                return
            body = bytes(self._heard[end + 4 : end + 4 + size])
            del self._heard[: end + 4 + size]
            if body:
                self._answer(json.loads(body))
            else:
                self._out.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")

    def _answer(self, asked: dict[str, Any]) -> None:
        said = asked["messages"][-1]["content"]
        if asked.get("stream"):
            events, pause = asked.get("seed") or 20, asked.get("n") or 0
            step = -(-len(said) // events)
            pieces = [said[at : at + step] for at in range(0, len(said), step)]
            head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            self._out.write(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
            self._event(pieces, 0, pause / 1000)
            return
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}).encode()
        head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        self._out.write(f"{head}content-length: {len(whole)}\r\n\r\n".encode() + whole)

    def _event(self, pieces: list[str], at: int, pause: float) -> None:
        while at < len(pieces):
            choice = {"index": 0, "delta": {"content": pieces[at]}, "finish_reason": None}
            chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
            self._chunk(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            at += 1
            if pause and at < len(pieces):
                asyncio.get_running_loop().call_later(pause, self._event, pieces, at, pause)
                return
        self._chunk(b"data: [DONE]\n\n")
        self._out.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self._out.write(b"%x\r\n%b\r\n" % (len(data), data))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    import uvloop

    uvloop.run(_serve())


if __name__ == "__main__":
    main()
