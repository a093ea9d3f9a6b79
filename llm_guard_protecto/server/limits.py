"""How much a server lets in: so many requests at once, and so many a minute for each token."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from llm_guard_protecto.server.messages import Refusal

__all__ = ["Rates", "Seats"]

KNOWN = 10_000
"""Tokens whose use is remembered; the one not seen for longest is forgotten first."""


class Seats:
    """Counts the requests that are there, and turns away those that are too many.

    For the event loop's thread alone.
    """

    def __init__(self, seats: int) -> None:
        """`seats` requests may be there at once."""
        self._seats = seats
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a seat for a while. Raises `Refusal` when none is free."""
        if self.taken >= self._seats:
            raise Refusal("The server is busy, try again", 503, Retry_After="1")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Rates:
    """A bucket for each token: it fills steadily up to a minute's worth, each request takes one.

    So a token that was quiet may make a minute's requests at once. Buckets are kept by a digest of
    what the caller sent, good token or not. For the event loop's thread alone.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        """None lets everything through. `clock` gives seconds."""
        self._most = per_minute
        self._clock = clock
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, authorization: str) -> None:
        """Count one request. Raises `Refusal` (429) when the bucket is empty, which costs none."""
        if self._most is None:
            return
        now, each = self._clock(), 60 / self._most
        key = sha256(authorization.encode("utf-8", "surrogatepass")).digest()
        left, at = self._buckets.get(key, (float(self._most), now))
        left = min(float(self._most), left + (now - at) / each)
        if left < 1:
            wait = str(math.ceil((1 - left) * each))
            raise Refusal("API usage limit exceeded", 429, Retry_After=wait)
        self._buckets[key] = (left - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > KNOWN:
            self._buckets.popitem(last=False)
