"""The HTTP client for providers: requests and answers are httpx's, the wire is aiohttp's.

Through httpx's own pool and parser a call costs a third of what a whole call of the gateway may.
Nothing is added to a request and nothing is remembered of an answer: no cookie, no redirect.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import aiohttp
import httpx
import yarl

__all__ = ["Sending", "Sends"]

KEEP = 60.0
"""Seconds for which a connection without a request stays open."""

_UNASKED = ("accept", "accept-encoding", "content-type", "user-agent")
"""Headers that aiohttp would add where a caller has none."""


class Sends(Protocol):
    """What sends requests to a provider."""

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = True,
        auth: None = None,
        follow_redirects: bool = False,
    ) -> httpx.Response:
        """Send as it is, and return an answer whose body is still to be read."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class Sending:
    """Sends to one provider, over as many connections as there are calls at once."""

    def __init__(self, seconds: float, connect: float) -> None:
        """`seconds` is how long the provider may be silent, `connect` how long to reach it."""
        self._timeout = aiohttp.ClientTimeout(sock_connect=connect, sock_read=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = True,
        auth: None = None,
        follow_redirects: bool = False,
    ) -> httpx.Response:
        """Send as it is, and return an answer whose body is still to be read.

        Takes what `httpx.AsyncClient.send` takes, and nothing but these values of it. Raises what
        that raises: `httpx.TimeoutException`, `ConnectError` or another `TransportError`.
        """
        del stream, auth, follow_redirects
        if self._session is None:
            self._session = self._opened(request.url.scheme == "https")
        ready = getattr(request.stream, "get_ready", None)
        if ready is not None:
            asyncio.get_running_loop().call_soon(ready)  # while the provider thinks
        with _as_httpx():
            answer = await self._session.request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=request.headers,
                data=request.content or None,
                allow_redirects=False,
                timeout=self._timeout,
            )
        return httpx.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=_Body(answer),
            request=request,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _opened(self, tls: bool) -> aiohttp.ClientSession:
        trusted = httpx.create_ssl_context(trust_env=False) if tls else True
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP, ssl=trusted)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_UNASKED,
            auto_decompress=False,
        )


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        """Let go of the connection; one whose answer was not read to its end is closed."""
        self._answer.close()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise aiohttp's errors as httpx's, without their texts."""
    made: Any = None
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        made = httpx.ConnectTimeout("no connection in time")
    except TimeoutError:
        made = httpx.ReadTimeout("silent for too long")
    except aiohttp.ClientConnectorError:
        made = httpx.ConnectError("no connection")
    except (aiohttp.ClientError, OSError):
        made = httpx.RemoteProtocolError("the connection broke")
    if made is not None:
        raise made
