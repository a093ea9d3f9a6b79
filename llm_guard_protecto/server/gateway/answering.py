"""An answer on its way out, piece by piece, to a caller who may be slow or gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.server.gateway.headers import Headers
from llm_guard_protecto.server.gateway.refusing import Refused
from llm_guard_protecto.server.receiving import Gone

if TYPE_CHECKING:
    from starlette.types import Send

__all__ = ["Answer"]


class Answer:
    """One answer. Each part of it waits at most `seconds` for the caller to take what came before.

    All raise `Gone` for a caller who takes nothing for so long.
    """

    def __init__(self, send: Send, seconds: float) -> None:
        """Nothing is sent before `start`."""
        self._send, self._seconds = send, seconds
        self.started = False

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status and the headers."""
        self.started = True
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._part({"type": "http.response.start", "status": status, "headers": raw})

    async def piece(self, body: bytes) -> None:
        """Send the next piece."""
        await self._part({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self, body: bytes = b"") -> None:
        """Send the last piece."""
        await self._part({"type": "http.response.body", "body": body, "more_body": False})

    async def refuse(self, refused: Refused) -> None:
        """Say why the call is not sent on; what has started breaks off instead."""
        if not self.started:
            content = refused.content
            headers = [*refused.headers, ("content-length", str(len(content)))]
            await self.start(refused.status, headers)
            await self.end(content)

    async def _part(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError:
            raise Gone from None
