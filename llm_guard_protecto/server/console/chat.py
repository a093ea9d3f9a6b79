"""A call through the gateway that shows both of its sides as it goes.

`POST /console/chat/NAME/v1/...` is what `POST /NAME/v1/...` is to the gateway: the same caller,
policy and limits. The answer is a line of JSON for each thing that happens, in order:

    {"sent": "..."}                 the body that went to the provider
    {"status": 200, "receipt": {}}  the answer begins; the receipt as far as it goes
    {"heard": "..."}                a piece of what the provider said
    {"got": "..."}                  a piece of what the caller got
    {"ended": true}                 the answer is whole; without it, it broke off
"""

from __future__ import annotations

import asyncio
import codecs
import json
import logging
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.clients.receipts import HEADER
from llm_guard_protecto.server.console.ear import hearing
from llm_guard_protecto.server.console.pages import HEADERS, PAGE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CHAT", "Chat"]

CHAT = f"{PAGE}/chat"

AHEAD = 64
"""Pieces that may wait for a slow reader; then the provider waits too."""

log = logging.getLogger("llm_guard_protecto.server")


class Chat:
    """Calls `gateway` and tells both sides; an ASGI application without a lifespan."""

    def __init__(self, gateway: ASGIApp) -> None:
        """`gateway` sends through an `Overhearing`, or the provider's side stays empty."""
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(AHEAD)
        sides = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in _SIDES}

        async def tell(side: str, piece: bytes) -> None:
            if text := sides[side].decode(piece):
                await events.put({side: text})

        async def got(message: Message) -> None:
            if message["type"] == "http.response.start":
                await events.put(_begun(message))
                return
            await tell("got", message.get("body", b""))
            if not message.get("more_body"):
                await events.put({"ended": True})

        async def call() -> None:
            try:
                with hearing(tell):
                    path = scope["path"].removeprefix(CHAT)
                    inside = {**scope, "path": path, "raw_path": path.encode()}
                    await self._gateway(inside, receive, got)
            except Exception as error:  # noqa: BLE001 - the answer breaks off; a text may be in it
                log.warning("a call of the console broke off: %s", type(error).__name__)
            await events.put(None)

        headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        headers += [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        work = asyncio.create_task(call())
        try:
            while (event := await events.get()) is not None:
                line = json.dumps(event).encode() + b"\n"
                await send({"type": "http.response.body", "body": line, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


_SIDES = ("sent", "heard", "got")


def _begun(message: Message) -> dict[str, Any]:
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
    receipt = headers.get(HEADER)
    return {"status": message["status"], "receipt": json.loads(receipt) if receipt else None}
