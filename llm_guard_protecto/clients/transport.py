"""The transport: masks on the way out, restores on the way back, and owns no network.

It sends through the caller's own HTTP client, so that client's proxies, mounts, TLS, pool and
event hooks stay as they were, and see masked text only. One source serves `httpx` and `httpx2`:
the family is a parameter, and neither is imported here.

    host client ─► GuardTransport ─► guard.open ─► caller's client ─► provider
    host client ◄─ GuardTransport ◄─ exchange.reply / exchange.stream ◄─┘
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from functools import cache
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.clients.limits import Limits, awithin, check_size, within
from llm_guard_protecto.clients.refusal import NOT_MASKED, as_guard_error, refusal
from llm_guard_protecto.clients.replies import (
    BadReply,
    Collected,
    Restoring,
    Treatment,
    answer,
    treatment,
    whole,
)
from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.exchange import Exchange, Guard, Outgoing
from llm_guard_protecto.guard.flow import adrive, drive
from llm_guard_protecto.vault import AsyncVault, Vault

if TYPE_CHECKING:
    import httpx2

__all__ = ["transports"]


def _nothing() -> None:
    """Close nothing: the vault is the caller's."""


@cache
def transports(http: Any) -> tuple[type, type]:
    """Make the blocking and the async transport of a family; `http` is `httpx` or `httpx2`.

    Both are built from `(inner, guard, vault, limits)`: the client to send through, and what
    guards it. Closing one closes `inner`, and then calls `closing`, which closes what was opened
    for this transport alone.
    """

    class GuardTransport(http.BaseTransport):  # type: ignore[misc]
        def __init__(
            self,
            inner: httpx2.Client,
            guard: Guard,
            vault: Vault,
            limits: Limits,
            closing: Callable[[], None] = _nothing,
        ) -> None:
            self.inner, self.guard, self.vault, self.limits = inner, guard, vault, limits
            self.closing = closing

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            body = request.read()
            try:
                flow = self.guard.open(_outgoing(request, body, self.limits))
                exchange = within(self.limits.seconds, lambda: drive(flow, self.vault))
                masked = _rebuilt(http, request, body, exchange)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be sent
                return refusal(http, as_guard_error(error, NOT_MASKED))
            reply = self.inner.send(masked, stream=True, auth=None, follow_redirects=False)
            try:
                if (how := treatment(reply)) is Treatment.WHOLE:
                    content = Collected(self.limits.reply)
                    for piece in reply.iter_bytes():
                        content.add(piece)
                    return whole(http, reply, exchange, content)
                stream = Events(reply, exchange) if how is Treatment.EVENTS else Bytes(reply)
                return answer(http, reply, how, stream)
            except BadReply as error:
                reply.close()
                return error.answer(http)
            except BaseException:
                reply.close()
                raise

        def close(self) -> None:
            self.inner.close()
            self.closing()

    class Bytes(http.SyncByteStream):  # type: ignore[misc]
        def __init__(self, reply: httpx2.Response) -> None:
            self.reply = reply

        def __iter__(self) -> Iterator[bytes]:
            yield from self.reply.iter_raw()

        def close(self) -> None:
            self.reply.close()

    class Events(Bytes):
        def __init__(self, reply: httpx2.Response, exchange: Exchange) -> None:
            super().__init__(reply)
            self.restoring = Restoring(reply, exchange)

        def __iter__(self) -> Iterator[bytes]:
            for piece in self.reply.iter_bytes():
                if restored := self.restoring.feed(piece):
                    yield restored
                if self.restoring.failed:
                    self.close()
                    return
            if rest := self.restoring.flush():
                yield rest

    class AsyncGuardTransport(http.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(
            self,
            inner: httpx2.AsyncClient,
            guard: Guard,
            vault: Vault | AsyncVault,
            limits: Limits,
            closing: Callable[[], None] = _nothing,
        ) -> None:
            self.inner, self.guard, self.vault, self.limits = inner, guard, vault, limits
            self.closing = closing

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            body = await request.aread()
            try:
                flow = self.guard.open(_outgoing(request, body, self.limits))
                exchange = await awithin(self.limits.seconds, adrive(flow, self.vault))
                masked = _rebuilt(http, request, body, exchange)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be sent
                return refusal(http, as_guard_error(error, NOT_MASKED))
            reply = await self.inner.send(masked, stream=True, auth=None, follow_redirects=False)
            try:
                if (how := treatment(reply)) is Treatment.WHOLE:
                    content = Collected(self.limits.reply)
                    async for piece in reply.aiter_bytes():
                        content.add(piece)
                    return whole(http, reply, exchange, content)
                stream = (
                    AsyncEvents(reply, exchange) if how is Treatment.EVENTS else AsyncBytes(reply)
                )
                return answer(http, reply, how, stream)
            except BadReply as error:
                await reply.aclose()
                return error.answer(http)
            except BaseException:
                await reply.aclose()
                raise

        async def aclose(self) -> None:
            await self.inner.aclose()
            self.closing()

    class AsyncBytes(http.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, reply: httpx2.Response) -> None:
            self.reply = reply

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async with _closing(self.reply.aiter_raw()) as pieces:
                async for piece in pieces:
                    yield piece

        async def aclose(self) -> None:
            await self.reply.aclose()

    class AsyncEvents(AsyncBytes):
        def __init__(self, reply: httpx2.Response, exchange: Exchange) -> None:
            super().__init__(reply)
            self.restoring = Restoring(reply, exchange)

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async with _closing(self.reply.aiter_bytes()) as pieces:
                async for piece in pieces:
                    if restored := self.restoring.feed(piece):
                        yield restored
                    if self.restoring.failed:
                        await self.aclose()
                        return
            if rest := self.restoring.flush():
                yield rest

    return GuardTransport, AsyncGuardTransport


def _outgoing(request: httpx2.Request, body: bytes, limits: Limits) -> Outgoing:
    """The request as the guard sees it. Raises `UnknownFormat` for what cannot be looked into."""
    headers = request.headers
    if "upgrade" in headers:
        raise UnknownFormat("a protected client cannot open WebSockets: they are not masked")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnknownFormat("a compressed request body cannot be masked; send it uncompressed")
    check_size("request", len(body), limits.request)
    return Outgoing(
        method=request.method,
        path=request.url.path,
        content_type=headers.get("content-type", ""),
        body=body,
        query=request.url.query.decode("ascii", "replace"),
    )


def _rebuilt(http: Any, request: httpx2.Request, body: bytes, exchange: Exchange) -> httpx2.Request:
    """The request to send: masked body, its own length, no compression asked for.

    A new object, because the old length is wrong and the host may send its own again (a retry, a
    redirect), which must be masked anew. `extensions` carry the time-outs.
    """
    headers = request.headers
    if exchange.body != body and headers.get("authorization", "").startswith("AWS4-"):
        raise UnknownFormat("this request's body is signed, so it cannot be masked on its way")
    replaced = (b"content-length", b"transfer-encoding", b"accept-encoding")
    kept = [(name, value) for name, value in headers.raw if name.lower() not in replaced]
    kept.append((b"accept-encoding", b"identity"))
    if exchange.body or "content-length" in headers:
        kept.append((b"content-length", str(len(exchange.body)).encode()))
    rebuilt: httpx2.Request = http.Request(
        request.method,
        request.url,
        headers=kept,
        stream=http.ByteStream(exchange.body),
        extensions=dict(request.extensions),
    )
    rebuilt.read()  # so that an event hook of the inner client can look at what is sent
    return rebuilt


def _closing(pieces: AsyncIterator[bytes]) -> aclosing[Any]:
    """Close an async generator with the block, not when the collector comes round."""
    return aclosing(pieces)
