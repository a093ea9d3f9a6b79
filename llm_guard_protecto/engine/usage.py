"""How often each user makes each call: counted in memory, added to the store once a second.

A count that was not yet added is lost when the process is killed, so this is for summaries; what
must not be lost is in the audit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.engine.store.audit import Hit
from llm_guard_protecto.errors import GuardError, VaultUnavailable

__all__ = ["FLUSH_SECONDS", "Usage"]

FLUSH_SECONDS = 1.0
"""Seconds between two times at which counts are added to the store."""

DAY = 86_400

NEVER = (0, 0)

_Counts = dict[tuple[str, int, str, str, str], tuple[int, int]]
"""How often and when last, by namespace, day, path, outcome and user."""

log = logging.getLogger("llm_guard_protecto")


class Usage:
    """Counts calls by namespace, day, path, outcome and user. Thread-safe."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970. Nothing is added by itself before `start`."""
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._counts: _Counts = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def hit(self, namespace: str, api: str, status: str, user: str) -> None:
        """Count one call of a namespace by its name; `status` is `success` or `failure`."""
        now = int(self._clock())
        key = (namespace, now // DAY, api, status, user)
        with self._lock:
            count = self._counts.get(key, NEVER)[0]
            self._counts[key] = (count + 1, now)

    def of(self, namespace: str, first: int | None = None, last: int | None = None) -> list[Hit]:
        """The counts of a namespace from day `first` to `last`, in days since 1970-01-01.

        Those of this process are in it to the last call; of another, to the last second.
        """
        self.flush()
        number = self._store.tenants.number_of(namespace)
        return [] if number is None else self._store.audit.hits(number, first, last)

    def flush(self) -> None:
        """Add what was counted to the store. Raises `VaultUnavailable` and keeps it then."""
        with self._flushing:
            with self._lock:
                counts, self._counts = self._counts, {}
            try:
                for name in dict.fromkeys(key[0] for key in counts):
                    hits = [Hit(*key[1:], *many) for key, many in counts.items() if key[0] == name]
                    number = self._store.tenants.number_of(name)
                    if number is not None:
                        self._store.audit.add_hits(number, hits)
                    counts = {key: many for key, many in counts.items() if key[0] != name}
            except VaultUnavailable:
                self._put_back(counts)
                raise

    def start(self) -> None:
        """Add counts to the store every second from now on."""
        self._thread = threading.Thread(target=self._serve, name="usage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Add what is left, and stop."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._try()

    def _serve(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self._try()

    def _try(self) -> None:
        try:
            self.flush()
        except GuardError as error:
            log.warning("calls could not be counted: %s", type(error).__name__)

    def _put_back(self, counts: _Counts) -> None:
        with self._lock:
            for key, (count, last) in counts.items():
                more, later = self._counts.get(key, NEVER)
                self._counts[key] = (count + more, max(last, later))
