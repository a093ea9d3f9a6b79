"""The way out: what the guard sees of a request, and the request that leaves in its place."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.clients.limits import Limits, check_size
from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.exchange import Exchange, Outgoing
from llm_guard_protecto.wire.switches import NEVER

if TYPE_CHECKING:
    import httpx2

__all__ = ["outgoing", "rebuilt"]

# The SDKs make these of arguments such as `betas`, `user_profile_id`, `organization`.
_SDK_HEADERS = ("anthropic-", "openai-")
_WORDS = re.compile(r"[A-Za-z0-9_.:/+=|~#-]*(?:, ?[A-Za-z0-9_.:/+=|~#-]*)*")


def outgoing(request: httpx2.Request, body: bytes, limits: Limits) -> Outgoing:
    """The request as the guard sees it. Raises `UnknownFormat` for what cannot be looked into."""
    headers = request.headers
    if "upgrade" in headers:
        raise UnknownFormat(
            f"a protected client cannot open WebSockets: they are not masked {NEVER}"
        )
    for name, value in headers.items():
        if name.startswith(_SDK_HEADERS) and not _WORDS.fullmatch(value):
            raise UnknownFormat(f"the header {name} cannot be masked, so the call was not sent")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnknownFormat(
            f"a compressed request body cannot be masked; send it uncompressed {NEVER}"
        )
    check_size("request", len(body), limits.request)
    return Outgoing(
        method=request.method,
        path=request.url.path,
        content_type=headers.get("content-type", ""),
        body=body,
        query=request.url.query.decode("ascii", "replace"),
        host=request.url.netloc.decode("ascii", "replace"),
    )


def rebuilt(http: Any, request: httpx2.Request, body: bytes, exchange: Exchange) -> httpx2.Request:
    """The request to send: masked body, its own length, no compression asked for.

    A new object, because the old length is wrong and the host may send its own again (a retry, a
    redirect), which must be masked anew. `extensions` carry the time-outs.
    """
    headers = request.headers
    if exchange.body != body and headers.get("authorization", "").startswith("AWS4-"):
        raise UnknownFormat(
            f"this request's body is signed, so it cannot be masked on its way {NEVER}"
        )
    replaced = (b"content-length", b"transfer-encoding", b"accept-encoding")
    kept = [(name, value) for name, value in headers.raw if name.lower() not in replaced]
    kept.append((b"accept-encoding", b"identity"))
    if exchange.body or "content-length" in headers:
        kept.append((b"content-length", str(len(exchange.body)).encode()))
    made: httpx2.Request = http.Request(
        request.method,
        request.url,
        headers=kept,
        stream=http.ByteStream(exchange.body),
        extensions=dict(request.extensions),
    )
    made.read()  # so that an event hook of the inner client can look at what is sent
    made.stream = _leaving(http)(exchange)
    return made


@cache
def _leaving(http: Any) -> Any:
    """The body of a request of this family, and what is done once it has left.

    While the provider thinks there is time to get ready for its answer.
    """

    class Leaving(http.ByteStream):  # type: ignore[misc]
        def __init__(self, exchange: Exchange) -> None:
            super().__init__(exchange.body)
            self.exchange = exchange

        def __iter__(self) -> Iterator[bytes]:
            yield self.exchange.body
            self.get_ready()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield self.exchange.body
            self.get_ready()

        def get_ready(self) -> None:
            # What fails here fails again where the answer is restored, and is told there.
            with suppress(Exception):
                self.exchange.get_ready()

    return Leaving
