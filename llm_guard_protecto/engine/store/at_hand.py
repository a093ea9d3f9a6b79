"""Only what is at hand: an answer without a search, a look-up of rows or a write.

A server has one thread that speaks to all callers, and handing a call to another thread costs more
than many a call itself. Inside `only()` work runs until it would have to wait, and is then given up
with `NotAtHand`: nothing was changed, and it can be done again by a thread that may wait. Small
reads of what is said of a vault (its bearers, namespaces and policies) stay allowed, and are done
once for as long as nobody commits anything.
"""

from __future__ import annotations

import threading

__all__ = ["NotAtHand", "block", "needs_time", "only", "strict"]


class NotAtHand(BaseException):
    """The work needs more than what is at hand.

    No error: it must not be caught by those who turn any `Exception` into an answer.
    """


class _Here(threading.local):
    block: dict[object, int] | None = None


_here = _Here()


class only:  # noqa: N801 - used as a function is, and made for every request
    """In this thread, give up what would wait, until the block ends."""

    def __enter__(self) -> None:
        """From here on."""
        _here.block = {}

    def __exit__(self, *_: object) -> None:
        """Waiting is allowed again."""
        _here.block = None


def strict() -> bool:
    """Whether this thread may not wait now."""
    return _here.block is not None


def block() -> dict[object, int] | None:
    """What a store notes for the time of this block of `only()`; None outside of one."""
    return _here.block


def needs_time() -> None:
    """What follows may wait or take long. Raises `NotAtHand` inside `only()`."""
    if _here.block is not None:
        raise NotAtHand
