"""The body of a request as ASGI gives it, piece by piece, and a caller who may hang up meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive

__all__ = ["DRAIN", "Gone", "drain", "piece_of"]

DRAIN = 1.0
"""Seconds for which the rest of a refused body is awaited."""


class Gone(Exception):
    """The caller has hung up, or takes nothing any more."""


async def piece_of(receive: Receive) -> tuple[bytes, bool]:
    """The next piece of a body, and whether there are more. Raises `Gone`."""
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


async def drain(receive: Receive, limit: int) -> None:
    """Read some more and throw it away: who is still writing when we hang up loses our answer."""
    try:
        async with asyncio.timeout(DRAIN):
            more = True
            while more and limit >= 0:
                piece, more = await piece_of(receive)
                limit -= len(piece)
    except TimeoutError:
        pass
