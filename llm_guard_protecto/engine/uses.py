"""How often a data key may still seal: counted in the store before it does, many uses at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from llm_guard_protecto.engine.store.at_hand import needs_time
from llm_guard_protecto.errors import VaultRefused

__all__ = ["BLOCK", "SEAL_LIMIT", "Uses"]

SEAL_LIMIT = 2**31
"""How many values one version of the data key may seal."""

BLOCK = 2**16
"""Uses of the data key that are counted at once, at most; a process begins with few."""


class Uses:
    """The uses of one version of a data key that this process has counted and not yet made.

    `full` is True from the count on that leaves less than an eighth of them all.
    """

    __slots__ = ("_asked", "_key", "_left", "_limit", "_lock", "_reserve", "_taken", "full")

    def __init__(self, key: str, reserve: Callable[[int], int], limit: int) -> None:
        """`key` names the key, `reserve` counts so many more and gives their sum in all places."""
        self._key, self._reserve, self._limit = key, reserve, limit
        self._lock = threading.Lock()
        self._left = self._taken = 0
        self._asked: Future[None] | None = None
        self.full = False

    def take(self) -> None:
        """Take one use. One thread asks the store for more; all that wait share what it is told.

        Were each to ask for itself, the last would wait for as many refusals as there are threads.
        Raises `VaultRefused` when there are none left, and what `reserve` raises.
        """
        while True:
            with self._lock:
                if self._left:
                    self._left -= 1
                    return
                needs_time()  # before others depend on this thread, or it on them
                first = self._asked is None
                asked = self._asked = self._asked or Future()
            if first:
                self._ask(asked)
            asked.result()

    def _ask(self, asked: Future[None]) -> None:
        try:
            self._count()
        except BaseException as error:  # noqa: BLE001 - raised by all that wait
            asked.set_exception(error)
        else:
            asked.set_result(None)
        with self._lock:
            self._asked = None

    def _count(self) -> None:
        # What a process does not use up is lost, so one that begins takes few.
        block = max(1, min(BLOCK, 2 * self._taken or 64, self._limit // 64))
        uses = self._reserve(block)
        self.full = uses > self._limit - self._limit // 8
        if uses > self._limit:
            raise VaultRefused(
                f"{self._key} may seal nothing more; run: llm-guard-protecto keys rotate --data"
            )
        self._left = self._taken = block
