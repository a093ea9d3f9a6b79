"""What became of the last calls: counts, and nothing of what was said."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from llm_guard_protecto.guard.receipt import Receipt

__all__ = ["KEPT", "Done", "Recent"]

KEPT = 500
"""Calls that are remembered."""


@dataclass(frozen=True, slots=True)
class Done:
    """One call that has ended. `at` is in seconds since 1970; `shadow`: it was not changed."""

    at: float
    namespace: str
    owner: str
    upstream: str
    path: str
    shadow: bool
    receipt: Receipt


class Recent:
    """The calls of the latest time, of all namespaces. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970."""
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: deque[Done] = deque(maxlen=KEPT)

    def add(
        self, namespace: str, owner: str, upstream: str, path: str, shadow: bool, receipt: Receipt
    ) -> None:
        """Remember a call."""
        done = Done(self._clock(), namespace, owner, upstream, path, shadow, receipt)
        with self._lock:
            self._calls.append(done)

    def of(self, namespace: str) -> list[Done]:
        """The calls of a namespace, the latest first."""
        with self._lock:
            return [one for one in reversed(self._calls) if one.namespace == namespace]
