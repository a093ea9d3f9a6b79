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

from llm_guard_protecto.clients.ahead import Ahead
from llm_guard_protecto.clients.limits import Limits, awithin, within
from llm_guard_protecto.clients.receipts import Call, Listeners
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
from llm_guard_protecto.clients.requests import outgoing, rebuilt
from llm_guard_protecto.guard.exchange import Exchange, Guard
from llm_guard_protecto.guard.flow import adrive, drive
from llm_guard_protecto.vault import AsyncVault, Vault

if TYPE_CHECKING:
    import httpx2

__all__ = ["transports"]


NOBODY = Listeners()


def _nothing() -> None:
    """Close nothing: the vault is the caller's."""


@cache
def transports(http: Any) -> tuple[type, type]:
    """Make the blocking and the async transport of a family; `http` is `httpx` or `httpx2`.

    Both are built from `(inner, guard, vault, limits, listeners)`: the client to send through,
    what guards it, and who is told of each call. Closing one closes `inner`, and then calls
    `closing`, which closes what was opened for this transport alone.
    """

    class GuardTransport(http.BaseTransport):  # type: ignore[misc]
        def __init__(
            self,
            inner: httpx2.Client,
            guard: Guard,
            vault: Vault,
            limits: Limits,
            listeners: Listeners = NOBODY,
            closing: Callable[[], None] = _nothing,
        ) -> None:
            self.inner, self.guard, self.vault, self.limits = inner, guard, vault, limits
            self.closing, self.listeners = closing, listeners
            self.ahead = Ahead(vault, guard.policy)

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            body = request.read()
            self.ahead.drop()
            call = _call(self, request)
            try:
                flow = self.guard.open(outgoing(request, body, self.limits))
                exchange = within(self.limits.seconds, lambda: drive(flow, self.vault))
                masked = rebuilt(http, request, body, exchange)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be sent
                call.end("refused")
                return call.stamp(refusal(http, as_guard_error(error, NOT_MASKED)))
            except BaseException:
                call.end("refused")
                raise
            call.opened(exchange)
            try:
                reply = self.inner.send(masked, stream=True, auth=None, follow_redirects=False)
            except BaseException:
                call.end("unanswered")
                raise
            try:
                if (how := treatment(reply, exchange)) is Treatment.WHOLE:
                    content = Collected(self.limits.reply)
                    for piece in reply.iter_bytes():
                        content.add(piece)
                    return drive(whole(http, reply, exchange, content, call), self.vault)
                events = how is Treatment.EVENTS
                stream = Events(reply, exchange, call, self.vault) if events else Bytes(reply, call)
                return answer(http, reply, how, stream, call)
            except BadReply as error:
                reply.close()
                return error.answer(http, call)
            except BaseException:
                call.end("cut")
                reply.close()
                raise

        def close(self) -> None:
            self.ahead.close()
            self.inner.close()
            self.closing()

    class Bytes(http.SyncByteStream):  # type: ignore[misc]
        def __init__(self, reply: httpx2.Response, call: Call) -> None:
            self.reply, self.call = reply, call

        def __iter__(self) -> Iterator[bytes]:
            yield from self.reply.iter_raw()
            self.call.over = True

        def close(self) -> None:
            self.call.end()
            self.reply.close()

    class Events(Bytes):
        def __init__(
            self, reply: httpx2.Response, exchange: Exchange, call: Call, vault: Any
        ) -> None:
            super().__init__(reply, call)
            self.restoring, self.vault = Restoring(reply, exchange, call), vault

        def __iter__(self) -> Iterator[bytes]:
            for piece in self.reply.iter_bytes():
                restored = self.restoring.feed(piece)
                if self.restoring.waits:
                    restored = drive(self.restoring.settled(restored), self.vault)
                if restored:
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
            listeners: Listeners = NOBODY,
            closing: Callable[[], None] = _nothing,
        ) -> None:
            self.inner, self.guard, self.vault, self.limits = inner, guard, vault, limits
            self.closing, self.listeners = closing, listeners
            self.ahead = Ahead(vault, guard.policy)

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            body = await request.aread()
            self.ahead.drop()
            call = _call(self, request)
            try:
                flow = self.guard.open(outgoing(request, body, self.limits))
                exchange = await awithin(self.limits.seconds, adrive(flow, self.vault))
                masked = rebuilt(http, request, body, exchange)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be sent
                call.end("refused")
                return call.stamp(refusal(http, as_guard_error(error, NOT_MASKED)))
            except BaseException:
                call.end("refused")
                raise
            call.opened(exchange)
            try:
                reply = await self.inner.send(
                    masked, stream=True, auth=None, follow_redirects=False
                )
            except BaseException:
                call.end("unanswered")
                raise
            try:
                if (how := treatment(reply, exchange)) is Treatment.WHOLE:
                    content = Collected(self.limits.reply)
                    async for piece in reply.aiter_bytes():
                        content.add(piece)
                    restored = whole(http, reply, exchange, content, call)
                    return await adrive(restored, self.vault)
                events = how is Treatment.EVENTS
                stream = (
                    AsyncEvents(reply, exchange, call, self.vault)
                    if events
                    else AsyncBytes(reply, call)
                )
                return answer(http, reply, how, stream, call)
            except BadReply as error:
                await reply.aclose()
                return error.answer(http, call)
            except BaseException:
                call.end("cut")
                await reply.aclose()
                raise

        async def aclose(self) -> None:
            self.ahead.close()
            await self.inner.aclose()
            self.closing()

    class AsyncBytes(http.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, reply: httpx2.Response, call: Call) -> None:
            self.reply, self.call = reply, call

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async with _closing(self.reply.aiter_raw()) as pieces:
                async for piece in pieces:
                    yield piece
            self.call.over = True

        async def aclose(self) -> None:
            self.call.end()
            await self.reply.aclose()

    class AsyncEvents(AsyncBytes):
        def __init__(
            self, reply: httpx2.Response, exchange: Exchange, call: Call, vault: Any
        ) -> None:
            super().__init__(reply, call)
            self.restoring, self.vault = Restoring(reply, exchange, call), vault

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async with _closing(self.reply.aiter_bytes()) as pieces:
                async for piece in pieces:
                    restored = self.restoring.feed(piece)
                    if self.restoring.waits:
                        restored = await adrive(self.restoring.settled(restored), self.vault)
                    if restored:
                        yield restored
                    if self.restoring.failed:
                        await self.aclose()
                        return
            if rest := self.restoring.flush():
                yield rest

    return GuardTransport, AsyncGuardTransport


def _call(transport: Any, request: httpx2.Request) -> Call:
    """The account of one request through `transport`."""
    return Call(
        request.url.path,
        transport.listeners,
        transport.guard.policy,
        transport.vault,
        transport.limits.reply,
        transport.ahead,
    )


def _closing(pieces: AsyncIterator[bytes]) -> aclosing[Any]:
    """Close an async generator with the block, not when the collector comes round."""
    return aclosing(pieces)
