"""What a call says to its driver: frozen values that go out, and what comes back for each.

A call is a generator. It yields a `Request` and is sent a `Reply`, or `Lost` when there was none;
it yields a `Pause` and is sent nothing, later. Nothing here touches a network or a clock.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["Flow", "Lost", "Pause", "Reply", "Request"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `path` is relative to `/api/vault`; `body` is JSON or nothing.

    The query may hold a secret, so drivers send it without letting any log see it.
    """

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, whole. `retry_after` is in seconds."""

    status: int
    body: bytes = field(repr=False)
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came: a time-out, or the connection could not be made or broke."""

    timed_out: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this many seconds."""

    seconds: float


Flow = Generator[Request | Pause, Reply | Lost | None, T]
"""A computation that yields requests and pauses and returns a `T`."""
