"""Asking again: after 429, a failure of the server or a lost answer, and never after a 4xx.

Masking and unmasking may be repeated: the same value has the same token. What creates something
(a job, a bearer token) is asked once unless the vault itself says that it did nothing (429, 503).
"""

from __future__ import annotations

from dataclasses import dataclass

from llm_guard_protecto.errors import DetectionFailed, VaultUnavailable
from llm_guard_protecto.protecto.answers import Json, error_of, frame
from llm_guard_protecto.protecto.asking import Flow, Lost, Pause, Reply, Request

__all__ = ["Retries", "call"]


_PASSING = (VaultUnavailable, DetectionFailed)
"""Errors that may be over in a moment."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently: `attempts` in all, pauses of `first` seconds and then doubled.

    A pause the vault asks for (`Retry-After`) is kept up to `longest` seconds; one beyond that
    ends the attempts, and the caller learns of it.
    """

    attempts: int = 4
    first: float = 1.0
    longest: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.attempts < 1 or self.first < 0 or self.longest < 0:
            raise ValueError("attempts is at least 1, pauses are not negative")


def call(request: Request, retries: Retries, *, once: bool = False) -> Flow[dict[str, Json]]:
    """Send `request` until it has an answer worth keeping; return its frame.

    `once` marks a request that must not be done twice. Raises the error of the last answer.
    """
    pause = retries.first
    for attempt in range(1, retries.attempts + 1):
        reply = yield request
        wait = min(pause, retries.longest)
        if isinstance(reply, Reply):
            error = error_of(reply)
            again = isinstance(error, _PASSING) and _may_pass(reply.status, once)
            asked = reply.retry_after
            if asked is not None:
                again, wait = again and asked <= retries.longest, max(asked, 0.0)
            if not again or attempt == retries.attempts:
                return frame(reply)
        elif once or attempt == retries.attempts:
            raise _lost(reply)
        yield Pause(wait)
        pause *= 2
    raise AssertionError  # the last attempt returns or raises


def _may_pass(status: int, once: bool) -> bool:
    """Whether asking again may help and do no harm: never after a 4xx but 429."""
    if once:
        return status in (429, 503)
    return status == 429 or status >= 500 or status < 300


def _lost(reply: Lost | None) -> VaultUnavailable:
    if reply is not None and reply.timed_out:
        return VaultUnavailable("the vault gave no answer in time; it is safe to try again")
    return VaultUnavailable("the vault cannot be reached, or the connection broke")
