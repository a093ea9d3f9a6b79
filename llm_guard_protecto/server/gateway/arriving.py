"""A request on its way in: its body, for which nobody waits for ever, and whether the caller stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llm_guard_protecto.server.gateway.refusing import Refused
from llm_guard_protecto.server.receiving import Gone, drain, piece_of

if TYPE_CHECKING:
    from starlette.types import Receive

__all__ = ["body_of", "until_done_or_gone"]

SLOWEST = 64 * 1024
"""Bytes a second that a large body must come at, beyond the time that every body has."""


async def body_of(receive: Receive, limit: int, seconds: float, said: str, *, known: bool) -> bytes:
    """The body of a request, read to its end; that of a caller who is not `known` is not kept.

    `said` is the length that the headers give, if any. It may take `seconds`, and longer when it
    comes fast enough. Raises `Refused` for one that is too large or too late, `Gone` when the
    caller hangs up.
    """
    if not known:
        await drain(receive, limit)
        return b""
    pieces = bytearray()
    more = not (said.isdigit() and int(said) > limit)
    fits = more
    try:
        async with asyncio.timeout(seconds) as timer:
            until = timer.when() or 0.0
            while more:
                piece, more = await piece_of(receive)
                pieces += piece
                if len(pieces) > limit:
                    fits = False
                    break
                if more:
                    timer.reschedule(until + len(pieces) / SLOWEST)
    except TimeoutError:
        late = "the request did not arrive in time"
        raise Refused(408, "request_timeout", late, ("connection", "close")) from None
    if fits:
        return bytes(pieces)
    del pieces
    await drain(receive, limit)
    large = f"a request has at most {limit} bytes"
    raise Refused(413, "too_large", large, ("connection", "close"))


async def until_done_or_gone(work: asyncio.Task[None], receive: Receive) -> None:
    """Wait for the work; when the caller hangs up, end it. Raises `Gone` then."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    watch = asyncio.create_task(gone())
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watch.cancel()
        if not work.done():
            work.cancel()
        await asyncio.gather(watch, return_exceptions=True)
    try:
        await work
    except asyncio.CancelledError:
        raise Gone from None
