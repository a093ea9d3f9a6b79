"""How much one call may carry, and how long masking it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from llm_guard_protecto.clients.workers import begin
from llm_guard_protecto.errors import DetectionFailed, UnknownFormat

__all__ = ["DEFAULT_LIMITS", "Limits", "awithin", "check_size", "within"]

T = TypeVar("T")

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a guarded call may cost. Beyond a limit the call is refused, never let through.

    `request` and `reply` are bytes of a whole body (a reply's after decompression; an event stream
    has no limit, it is never held). `seconds` is how long masking may take, None for no end. The
    defaults are ours: 64 MiB is above what any chat API accepts, and two minutes is a fifth of the
    time the SDKs wait for an answer.
    """

    request: int = 64 * _MEBIBYTE
    reply: int = 64 * _MEBIBYTE
    seconds: float | None = 120.0


DEFAULT_LIMITS = Limits()


def check_size(what: str, size: int, limit: int) -> None:
    """Raise `UnknownFormat` when `size` bytes of `what` are more than `limit`."""
    if size > limit:
        raise UnknownFormat(f"the {what} is larger than the limit of {limit} bytes")


def within(seconds: float | None, work: Callable[[], T]) -> T:
    """Do `work`, or raise `DetectionFailed` when it has not ended after `seconds`.

    A thread that hangs cannot be ended from outside: it is left behind, and its result is dropped.
    """
    if seconds is None:
        return work()
    outcome = begin(work)
    try:
        return outcome.result(seconds)
    except TimeoutError:
        if outcome.done():
            raise  # raised by the work itself
        raise _too_slow(seconds) from None


async def awithin(seconds: float | None, work: Awaitable[T]) -> T:
    """Await `work`, or raise `DetectionFailed` when it has not ended after `seconds`."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if not limit.expired() or seconds is None:
            raise
        raise _too_slow(seconds) from None


def _too_slow(seconds: float) -> DetectionFailed:
    return DetectionFailed(f"masking did not finish within {seconds:g} s, so nothing was sent")
