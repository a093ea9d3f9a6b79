"""Clients that sign their bodies (AWS): the SDK's own signature, over what is really sent.

Such an SDK signs just before it hands a request to its HTTP client, and masking comes after that.
So a protected client of this kind signs nothing there; the client behind the transport does it
instead, masked, with the very method of the SDK.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["sign_after_masking", "signs", "unsigned"]


def signs(client: object) -> bool:
    """Whether a client of the Anthropic SDK signs what it sends. With an API key none does."""
    if "Bedrock" in type(client).__name__:
        return getattr(client, "api_key", None) is None
    return bool(getattr(client, "_use_sigv4", False))


def sign_after_masking(client: Any, transport: Any) -> None:
    """Let `client` sign behind `transport`, which has to be its own."""
    sign = client._prepare_request
    if inspect.iscoroutinefunction(sign):
        client._prepare_request = _alater
        transport.inner = _AsyncSigning(transport.inner, sign)
    else:
        client._prepare_request = _later
        transport.inner = _Signing(transport.inner, sign)


def unsigned(inner: Any) -> Any:
    """Return the caller's own HTTP client, from behind a signature."""
    return inner.unsigned if isinstance(inner, _Signing | _AsyncSigning) else inner


def _later(request: Any) -> None:
    """Sign nothing yet."""


async def _alater(request: Any) -> None:
    """Sign nothing yet."""


class _Signing:
    """Stands where a transport keeps the client that it sends through."""

    def __init__(self, unsigned: Any, sign: Callable[[Any], None]) -> None:
        self.unsigned, self._sign = unsigned, sign

    def send(self, request: Any, **how: Any) -> Any:
        self._sign(request)
        return self.unsigned.send(request, **how)

    def close(self) -> None:
        self.unsigned.close()


class _AsyncSigning:
    """The same, awaited."""

    def __init__(self, unsigned: Any, sign: Callable[[Any], Awaitable[None]]) -> None:
        self.unsigned, self._sign = unsigned, sign

    async def send(self, request: Any, **how: Any) -> Any:
        await self._sign(request)
        return await self.unsigned.send(request, **how)

    async def aclose(self) -> None:
        await self.unsigned.aclose()
