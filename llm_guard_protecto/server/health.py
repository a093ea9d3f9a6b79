"""Is it alive, is it ready: answered to whoever balances the load.

Ready means that a text with an invented person in it was masked as any other, and that the store
can be read and written. An answer stands for a while, so that nobody can keep the server busy by
asking.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

__all__ = ["LATE", "PATIENCE", "Health"]

log = logging.getLogger("llm_guard_protecto.server")

PATIENCE = 1.5
"""Seconds that the checks may take together; who takes longer is not ready."""

LATE = 0.5
"""Seconds for which a second caller waits for a self-test that runs already."""


class Health:
    """The last self-test, and whether the server is about to stop. Thread-safe."""

    def __init__(
        self,
        checks: Mapping[str, Callable[[], bool]],
        stands: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Each of `checks` is done under its name; an answer stands for `stands` seconds."""
        self._checks = checks
        self._stands = stands
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: tuple[str, ...] = ()
        self._until = float("-inf")
        self.stopping = False

    def failed(self) -> tuple[str, ...]:
        """The names of the checks that fail now.

        `stopping` for a server that is told to stop, `late` while a check does not come to an end.
        """
        if self.stopping:
            return ("stopping",)
        if not self._lock.acquire(timeout=LATE):
            return ("late",)
        try:
            if self._clock() >= self._until:
                self._failed = tuple(
                    name for name, check in self._checks.items() if not _good(check)
                )
                self._until = self._clock() + self._stands
                if self._failed:
                    log.warning("not ready: %s", ", ".join(self._failed))
            return self._failed
        finally:
            self._lock.release()


def _good(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        log.warning("a self-test stopped with %s", type(error).__name__)
        return False
