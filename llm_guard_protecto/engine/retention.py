"""What nobody has used for long is forgotten: 90 days by default, 0 for never.

A row is used when its value is masked or its token turned back. The day is noted at most once a day
for each row and in batches, by a thread beside the calls: whoever remembers a row has noted it
today, since everything remembered is dropped at midnight (UTC). Only a row that is half as old as
it may get is noted before the call is answered, so that no other process forgets it meanwhile.

Once a day somebody looks in each namespace for what has aged, and for keys that nothing needs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.retired import destroy_unused
from llm_guard_protecto.engine.store import Row, Store
from llm_guard_protecto.errors import ConfigurationError, GuardError

__all__ = ["RETENTION_DAYS", "RETENTION_VARIABLE", "Retention", "days_from", "sweep"]

RETENTION_DAYS = 90
"""Days without use after which something is forgotten: three times what providers keep a response
or the file of a batch (30 days)."""

RETENTION_VARIABLE = "LLM_GUARD_RETENTION_DAYS"

PATIENCE = 1.0
"""Seconds for which notes are gathered."""

MOST = 2000
"""Notes that are gathered at most; more are written in one go with the next."""

log = logging.getLogger("llm_guard_protecto")


def days_from(environ: Mapping[str, str], given: int | None) -> int:
    """The retention in days: as given, else `LLM_GUARD_RETENTION_DAYS`, else 90; 0 keeps all.

    Raises `ConfigurationError` for anything but a whole number of days from 0 up.
    """
    text = environ.get(RETENTION_VARIABLE) if given is None else str(given)
    if text is None:
        return RETENTION_DAYS
    if not (text.isascii() and text.isdigit()):
        what = RETENTION_VARIABLE if given is None else "retention"
        raise ConfigurationError(f"{what} is a whole number of days; 0 keeps everything")
    return int(text)


class Retention:
    """Notes what was used, and looks for what has aged, for all namespaces of a vault.

    Thread-safe. Its thread starts when there is something to do, ends when there is nothing, and
    starts anew after a fork.
    """

    def __init__(self, store: Store, days: int, kept_days: int) -> None:
        """`days` for tokens, `kept_days` for what is kept by name; 0 keeps."""
        self._store, self.days, self.kept_days = store, days, kept_days
        self._lock = threading.Lock()
        self._notes: dict[int, dict[str, int]] = {}
        self._count = 0
        self._sweeps: dict[int, tuple[Keyring, int]] = {}
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def noting(self, keys: Keyring, today: Callable[[], int]) -> Callable[[Sequence[Row]], None]:
        """What to call with rows of a namespace that were used. Raises `Stale` as a write does."""

        def note(rows: Sequence[Row]) -> None:
            day = today()
            due = [row for row in rows if max(row.day, row.used) < day]
            if not due:
                return
            old = [
                row.token for row in due
                if self.days and 2 * (day - max(row.day, row.used)) >= self.days
            ]  # fmt: skip
            if old:
                self._store.upkeep.touch(keys.namespace, old, day, keys.generation)
            with self._lock:
                notes = self._notes.setdefault(keys.namespace, {})
                notes.update((row.token, day) for row in due)
                self._count += len(due)
                self._start()

        return note

    def look(self, keys: Keyring, today: int) -> None:
        """Look soon for what has aged in a namespace, if nobody has today."""
        with self._lock:
            self._sweeps[keys.namespace] = keys, today
            self._start()

    def sweep(self, keys: Keyring, today: int) -> tuple[int, int]:
        """Look now for what has aged; how many rows, and how much of what is kept, is gone."""
        return sweep(self._store, keys, today, self.days, self.kept_days)

    def flush(self) -> None:
        """Write every note now."""
        with self._lock:
            notes, self._notes, self._count = self._notes, {}, 0
        for namespace, days in notes.items():
            for day in set(days.values()):
                tokens = sorted(token for token, on in days.items() if on == day)
                for at in range(0, len(tokens), MOST):
                    self._store.upkeep.touch(namespace, tokens[at : at + MOST], day)

    def close(self) -> None:
        """Write what was noted and end the thread."""
        self._stopping.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join(30.0)
        self._safely(self.flush)
        self._stopping.clear()

    def _start(self) -> None:
        """Start the thread unless it runs; under the lock. After a fork the old one is dead."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="vault retention", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            if self._count < MOST:
                self._stopping.wait(PATIENCE)
            with self._lock:
                sweeps, self._sweeps = self._sweeps, {}
            self._safely(self.flush)
            for keys, today in sweeps.values():
                self._safely(lambda keys=keys, today=today: self._look(keys, today))  # type: ignore[misc]
            with self._lock:
                if self._stopping.is_set() or not (self._notes or self._sweeps):
                    self._thread = None
                    return

    def _look(self, keys: Keyring, today: int) -> None:
        if self._store.upkeep.claim(keys.namespace, today):
            sweep(self._store, keys, today, self.days, self.kept_days, self._stopping.is_set)

    def _safely(self, work: Callable[[], object]) -> None:
        """A vault that is busy or gone harms no call; tomorrow there is another look."""
        try:
            work()
        except GuardError as error:
            log.warning("retention could not be kept now: %s", type(error).__name__)


def sweep(
    store: Store,
    keys: Keyring,
    today: int,
    days: int,
    kept_days: int,
    stopping: Callable[[], bool] = lambda: False,
) -> tuple[int, int]:
    """Forget what nobody has used for `days` and `kept_days`, and destroy keys nothing needs.

    How many rows, and how much of what is kept. Stops early when `stopping` says so.
    """
    rows = kept = 0
    if days:
        while not stopping() and (gone := store.upkeep.expire(keys.namespace, today - days)):
            rows += gone
    if kept_days:
        kept = store.forget(keys.namespace, today - kept_days)
    if not stopping():
        destroy_unused(store, keys, today, kept_days)
    if rows or kept:
        log.info("forgot %d values and %d texts that nobody used for long", rows, kept)
    return rows, kept
