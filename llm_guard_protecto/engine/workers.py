"""Threads that do queued jobs, and a beat that says that they live.

`workers_for` picks who hands the jobs out: on a vault file the threads take them (here), on
PostgreSQL procrastinate does (`dispatch`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from llm_guard_protecto.engine.jobs import Claimed, Failure, Queue
from llm_guard_protecto.errors import GuardError

__all__ = ["PATIENCE", "Perform", "Workers", "workers_for"]

log = logging.getLogger("llm_guard_protecto.jobs")

Perform = Callable[[Claimed], Any]
"""Gives the result of a job as a JSON value.

A `Failure` it raises ends the job with that message. After any other error the job is left to the
next try; after the third it has failed.
"""

PATIENCE = 1.0
"""Seconds after which an idle worker looks for jobs that another process has queued."""

_FAILED = "the job failed three times"


class Workers:
    """Does the jobs of a queue in threads of its own until it is stopped.

    Beside them one thread says that they live and purges what has ended long ago; it runs also
    when there are no others.
    """

    def __init__(self, queue: Queue, do: Perform, threads: int = 2) -> None:
        """`threads` jobs at once; 0: none, they are left to other processes."""
        self._queue = queue
        self._do = do
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._wake = threading.Condition()
        self._waiting = 0
        self._lock = threading.Lock()
        self._held: dict[str, Claimed] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"job worker {n}", daemon=True)
            for n in range(threads)
        ]
        self._life = threading.Thread(target=self._beat, name="job beat", daemon=True)

    def start(self) -> None:
        """Start the threads."""
        for thread in (*self._threads, self._life):
            thread.start()

    def notice(self) -> None:
        """A job was queued: do not wait for the next look."""
        with self._wake:
            self._waiting += 1
            self._wake.notify()

    def stop(self, wait: float | None = 30.0) -> None:
        """Take no more jobs, and wait for those at work for up to `wait` seconds each.

        What is not done by then is left to whoever works next.
        """
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(wait)
        self._ended.set()
        if self._life.is_alive():
            self._life.join(wait)

    def settle(self, job: Claimed) -> bool:
        """Do one job that was claimed, in this thread; whether its end was written by this try."""
        key, began = job.row.tracking_id, time.perf_counter()
        self._hold(job)
        try:
            status, ended = "SUCCESS", self._queue.succeed(job, self._do(job))
        except Failure as failure:
            status, ended = "FAILED", self._end(job, str(failure))
        except Exception as error:  # noqa: BLE001 - the thread must outlive any job
            log.warning("job %s stopped with %s", key, type(error).__name__)
            if job.last:
                status, ended = "FAILED", self._end(job, _FAILED)
            else:
                status, ended = "left to the next try", False
                self._give_back(job)
        finally:
            with self._lock:
                self._held.pop(key, None)
        took = 1000 * (time.perf_counter() - began)
        said = status if ended or status.islower() else "taken over by another worker"
        log.info("job %s %s try %d: %s, %.0f ms", key, job.row.call, job.row.tries, said, took)
        return ended

    def _hold(self, job: Claimed) -> None:
        with self._lock:
            self._held[job.row.tracking_id] = job

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._queue.claim()
            except Exception as error:  # noqa: BLE001 - as in `settle`
                log.warning("no job could be taken: %s", type(error).__name__)
                job = None
            if job is not None:
                self.settle(job)
                continue
            with self._wake:
                if not self._waiting and not self._stopping.is_set():
                    self._wake.wait(PATIENCE)
                self._waiting = 0

    def _end(self, job: Claimed, message: str) -> bool:
        try:
            return self._queue.fail(job, message)
        except GuardError as error:
            log.warning("the end of a job could not be written: %s", type(error).__name__)
            return False

    def _give_back(self, job: Claimed) -> None:
        """Let the lease run out now, so that the next try need not wait for it."""
        try:
            self._queue.give_back(job)
        except GuardError as error:
            log.warning("a job could not be given back: %s", type(error).__name__)

    def _beat(self) -> None:
        """Four times a lease: a sign of life for every job at work, and a round of purging."""
        while not self._ended.wait(self._queue.lease / 4):
            with self._lock:
                held = list(self._held.values())
            try:
                for job in held:
                    self._queue.renew(job)
                self._queue.purge()
            except Exception as error:  # noqa: BLE001 - as in `settle`
                log.warning("the beat of the workers failed: %s", type(error).__name__)


def workers_for(queue: Queue, do: Perform, threads: int) -> Workers:
    """The workers that fit the store of a queue."""
    address = queue.store.jobs.address
    if address is not None:
        from llm_guard_protecto.engine.dispatch import Dispatched

        return Dispatched(queue, do, threads, address)
    return Workers(queue, do, threads)
