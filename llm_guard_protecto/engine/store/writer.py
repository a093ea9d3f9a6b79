"""One thread that writes: requests that wait together share one transaction and one disk sync.

While a commit waits for the disk, further jobs queue up; the next transaction takes them all. So
the cost of durability is shared by whoever is waiting, and nobody waits for a timer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import apsw

from llm_guard_protecto.engine.store.sql import queries

__all__ = ["Work", "Writer"]

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]
"""Something to do on a connection. May run twice when its first transaction is rolled back."""

_EVERYBODY = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.ReadOnlyError,
)
_SUSPECT = (apsw.CantOpenError, apsw.CorruptError, apsw.IOError, apsw.NotADBError)


class Writer:
    """Runs jobs in order of arrival on its own connection, in as few transactions as it can."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        """Nothing is opened or started before the first job."""
        self._connect = connect
        self._db: apsw.Connection | None = None
        self._wake = threading.Condition()
        self._jobs: deque[tuple[Work[Any], Future[Any]]] = deque()
        self._thread: threading.Thread | None = None
        self._stopping = False

    @property
    def waiting(self) -> int:
        """How many jobs wait for the next transaction."""
        return len(self._jobs)

    def run(self, work: Work[T]) -> T:
        """Do `work` in a transaction; its result, once that is durable.

        Raises what `work` or SQLite raises, and then nothing of it was kept. Work that fails by
        itself does not harm the work of others.
        """
        answer: Future[T] = Future()
        with self._wake:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._serve, name="llm_guard_protecto vault writer", daemon=True
                )
                self._thread.start()
            self._jobs.append((work, answer))
            self._wake.notify()
        return answer.result()

    def stop(self) -> None:
        """Finish the jobs that wait, end the thread and close the connection."""
        with self._wake:
            thread, self._stopping = self._thread, True
            self._wake.notify()
        if thread is threading.current_thread():
            return  # the garbage collector called from there; the thread ends by itself
        if thread is not None:
            thread.join()
        self._thread, self._stopping = None, False
        self._drop()

    def _serve(self) -> None:
        while True:
            with self._wake:
                while not self._jobs and not self._stopping:
                    self._wake.wait()
                if not self._jobs:
                    return
                jobs = list(self._jobs)
                self._jobs.clear()
            self._settle(jobs)
            del jobs  # or the last rows, and whoever made them, would live until the next call

    def _settle(self, jobs: list[tuple[Work[Any], Future[Any]]]) -> None:
        """Answer every job: all in one transaction, or each in its own if one of them fails."""
        try:
            results = self._transact([work for work, _ in jobs])
        except BaseException as error:  # noqa: BLE001 - the thread must outlive any job
            if len(jobs) > 1 and not isinstance(error, _EVERYBODY):
                for job in jobs:
                    self._settle([job])
                return
            for _, answer in jobs:
                answer.set_exception(error)
            return
        for (_, answer), result in zip(jobs, results, strict=True):
            answer.set_result(result)

    def _transact(self, works: list[Work[Any]]) -> list[Any]:
        try:
            if self._db is None:
                self._db = self._connect()
            db = self._db
            db.execute(queries()["begin"])
            try:
                results = [work(db) for work in works]
                db.execute(queries()["commit"])
            finally:
                if not db.get_autocommit():
                    db.execute(queries()["rollback"])
        except _SUSPECT:
            self._drop()  # the next job gets a connection that has seen no error
            raise
        return results

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close(True)
