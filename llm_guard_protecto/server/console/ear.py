"""Hearing what really goes to a provider and comes back, for the one call that asks for it.

An `Overhearing` transport stands between the gateway's clients and the network. A call made inside
`hearing` has the body it sends and every piece of its answer told, to the byte; for all others the
transport does nothing. Headers are never told: the provider's key is among them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import httpx

__all__ = ["Overhearing", "hearing"]

Tell = Callable[[Literal["sent", "heard"], bytes], Awaitable[None]]

_TELL: ContextVar[Tell | None] = ContextVar("tell", default=None)


@contextmanager
def hearing(tell: Tell) -> Iterator[None]:
    """Tell what the calls of this block, and of tasks begun in it, send and get."""
    before = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(before)


class Overhearing(httpx.AsyncBaseTransport):
    """A transport that tells who asks for it; give it to `Upstreams`."""

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None) -> None:
        """`inner` is what sends; by default the network, without a proxy of the environment."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        self._inner = inner or httpx.AsyncHTTPTransport(limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        tell = _TELL.get()
        if tell is None:
            return await self._inner.handle_async_request(request)
        await tell("sent", await request.aread())
        response = await self._inner.handle_async_request(request)
        stream = response.stream
        if isinstance(stream, httpx.AsyncByteStream):
            response.stream = _Told(stream, tell)
        return response

    async def aclose(self) -> None:
        """Close what sends."""
        await self._inner.aclose()


class _Told(httpx.AsyncByteStream):
    """A body that is told as it comes."""

    def __init__(self, inner: httpx.AsyncByteStream, tell: Tell) -> None:
        self._inner, self._tell = inner, tell

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            await self._tell("heard", piece)
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()
