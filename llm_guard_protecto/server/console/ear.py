"""Hearing what really goes to a provider and comes back, for the one call that asks for it.

An `Overhearing` stands between the gateway and what sends. A call made inside `hearing` has the
body it sends and every piece of its answer told, to the byte; for all others it does nothing.
Headers are never told: the provider's key is among them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import httpx

from llm_guard_protecto.server.gateway.sending import Sends

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


class Overhearing:
    """Sends through another one and tells who asks for it; `Upstreams` puts it around its own."""

    def __init__(self, inner: Sends) -> None:
        """`inner` is what sends."""
        self._inner = inner

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """Send a request, as `Sends` does."""
        tell = _TELL.get()
        if tell is not None:
            await tell("sent", await request.aread())
        response = await self._inner.send(request, **how)
        body = response.stream
        if tell is not None and isinstance(body, httpx.AsyncByteStream):
            response.stream = _Told(body, tell)
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
