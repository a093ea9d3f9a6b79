"""One request under `/api/vault`, from its first byte to its last: limits, deadline, log, counts.

What is at hand is answered in the event loop's own thread; anything that has to search a text, read
rows or write goes to a thread of the pool (see `engine.store.at_hand`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from llm_guard_protecto.engine.store import at_hand
from llm_guard_protecto.server.dispatch import answer as answer_to
from llm_guard_protecto.server.dispatch import plausible, routes_of
from llm_guard_protecto.server.limits import Rates, Seats
from llm_guard_protecto.server.logs import request_id
from llm_guard_protecto.server.messages import Answer, Refusal, Request, refused
from llm_guard_protecto.server.pool import Pool
from llm_guard_protecto.server.receiving import Gone, drain, piece_of
from llm_guard_protecto.server.service import Service

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from llm_guard_protecto.server.meters import Meters

__all__ = ["PREFIX", "Exchange", "encoded"]

PREFIX = "/api/vault"

SHORT = 4096
"""Bytes that a body may have to be tried in the event loop, which it holds up meanwhile."""

log = logging.getLogger("llm_guard_protecto.server")


_ENCODER = json.JSONEncoder(separators=(",", ":"))


class Exchange:
    """Answers every request under the prefix; an ASGI application without a lifespan."""

    def __init__(self, service: Service, pool: Pool, meters: Meters) -> None:
        """`pool` is for what cannot be answered at once, `meters` count."""
        self._service = service
        self._pool = pool
        self._meters = meters
        settings = service.settings
        self._limit, self._seconds = settings.body_limit, settings.request_seconds
        self.seats, self._rates = Seats(settings.concurrent), Rates(settings.rate_limit)
        self._routes = routes_of(settings)
        self._quick = service.namespaces.vault.store.nearby

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        headers = dict(scope["headers"])
        path = scope["path"][len(PREFIX) :].rstrip("/") or "/"
        number = request_id(headers.get(b"x-request-id"))
        try:
            with self.seats.one():
                answer = await self._answer(scope, headers, path, receive)
        except Refusal as refusal:
            answer = refused(refusal)
        except Gone:
            return
        await _reply(send, answer, number)
        seconds = time.perf_counter() - began
        route = path if path in self._routes else "other"
        self._meters.answered(route, scope["method"], answer.status, seconds)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "%s %s %s %.1f ms",
                scope["method"],
                route,
                answer.status,
                1000 * seconds,
                extra={
                    "request": number,
                    "method": scope["method"],
                    "route": route,
                    "status": answer.status,
                    "ms": round(1000 * seconds, 1),
                },
            )

    async def _answer(
        self, scope: Scope, headers: Mapping[bytes, bytes], path: str, receive: Receive
    ) -> Answer:
        said = headers.get(b"authorization", b"").decode("latin-1")
        known, body, arrived = plausible(said), b"", False
        try:
            async with asyncio.timeout(self._seconds) as timer:
                if known:
                    self._rates.take(said)
                    body = await _body(headers, receive, self._limit)
                else:
                    await drain(receive, self._limit)
                arrived = True
                query = scope["query_string"]
                asked = dict(parse_qsl(query.decode("latin-1"), True)) if query else {}
                request = Request(scope["method"], path, said, asked, body)
                if self._quick and path == "/mask" and len(body) <= SHORT:
                    try:
                        with at_hand.only():
                            return answer_to(self._service, request)
                    except at_hand.NotAtHand:
                        pass
                timer.reschedule(asyncio.get_running_loop().time() + self._seconds)
                return await self._pool.run(partial(answer_to, self._service, request))
        except TimeoutError:
            if arrived:
                raise Refusal("The request was not answered in time, try again", 504) from None
            late = Refusal("The request did not arrive in time", 408, Connection="close")
            raise late from None


async def _body(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """The body of a request. Raises `Refusal` for one that is packed or too large."""
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        await drain(receive, limit)
        raise Refusal("Content-Encoding is not supported", 415)
    said = headers.get(b"content-length", b"")
    more = True
    if not (said.isdigit() and int(said) > limit):
        body, more = await piece_of(receive)
        if more:
            pieces = bytearray(body)
            while more and len(pieces) <= limit:
                body, more = await piece_of(receive)
                pieces += body
            body = bytes(pieces)
        if len(body) <= limit:
            return body
    if more:
        await drain(receive, limit)
    raise Refusal(f"A request has at most {limit} bytes", 413, Connection="close")


def encoded(answer: Answer) -> bytes:
    """The body of an answer. A lone surrogate travels as an escape."""
    return _ENCODER.encode(answer.content).encode()


async def _reply(send: Send, answer: Answer, number: str) -> None:
    content = encoded(answer)
    headers = [
        (b"content-length", str(len(content)).encode()),
        (b"content-type", b"application/json"),
        *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
        (b"x-request-id", number.encode()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
