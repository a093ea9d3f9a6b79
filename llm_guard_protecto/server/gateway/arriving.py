"""A request on its way in: its body, for which nobody waits for ever, and whether the caller stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llm_guard_protecto.server.gateway.refusing import Refused

if TYPE_CHECKING:
    from starlette.types import Receive

__all__ = ["Gone", "body_of", "until_done_or_gone"]

SLOWEST = 64 * 1024
"""Bytes a second that a large body must come at, beyond the time that every body has."""

DRAIN = 1.0
"""Seconds for which the rest of a refused body is awaited: who is still writing when we hang up
loses our answer."""


class Gone(Exception):
    """The caller has hung up, or takes nothing any more."""


async def body_of(receive: Receive, limit: int, seconds: float, said: str, *, known: bool) -> bytes:
    """The body of a request, read to its end; that of a caller who is not `known` is not kept.

    `said` is the length that the headers give, if any. It may take `seconds`, and longer when it
    comes fast enough. Raises `Refused` for one that is too large or too late, `Gone` when the
    caller hangs up.
    """
    if not known:
        await _drain(receive, limit)
        return b""
    pieces = bytearray()
    more = not (said.isdigit() and int(said) > limit)
    fits = more
    try:
        async with asyncio.timeout(seconds) as timer:
            until = timer.when() or 0.0
            while more:
                piece, more = await _piece(receive)
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
    await _drain(receive, limit)
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


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    """The next piece of a body, and whether there are more."""
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


async def _drain(receive: Receive, limit: int) -> None:
    """Read some more and throw it away."""
    try:
        async with asyncio.timeout(DRAIN):
            more = True
            while more and limit >= 0:
                piece, more = await _piece(receive)
                limit -= len(piece)
    except TimeoutError:
        pass
