"""Threads that do queued jobs, and a beat that says that they live."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from llm_guard_protecto.engine.jobs import LEASE, Claimed, Failure, Queue
from llm_guard_protecto.errors import GuardError

__all__ = ["Workers"]

log = logging.getLogger("llm_guard_protecto")

PATIENCE = 1.0
"""Seconds after which an idle worker looks for jobs that another process has queued."""

BEAT = LEASE / 4
"""Seconds between two signs of life, and between two rounds of purging."""


class Workers:
    """Does the jobs of a queue in threads of its own until it is stopped."""

    def __init__(self, queue: Queue, do: Callable[[Claimed], Any], threads: int = 2) -> None:
        """`do` gives the result of a job as a JSON value.

        A `Failure` it raises ends the job with that message. After any other error the job is left
        to the next try; after the third it has failed.
        """
        self._queue = queue
        self._do = do
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._waiting = 0
        self._lock = threading.Lock()
        self._held: dict[str, Claimed] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"job worker {n}", daemon=True)
            for n in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._beat, name="job beat", daemon=True))

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def notice(self) -> None:
        """A job was queued: do not wait for the next look."""
        with self._wake:
            self._waiting += 1
            self._wake.notify()

    def stop(self, wait: float | None = 30.0) -> None:
        """Take no more jobs, and wait for those at work for up to `wait` seconds each."""
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(wait)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._queue.claim()
            except GuardError as error:
                log.warning("no job could be taken: %s", type(error).__name__)
                job = None
            if job is not None:
                self.settle(job)
                continue
            with self._wake:
                if not self._waiting and not self._stopping.is_set():
                    self._wake.wait(PATIENCE)
                self._waiting = 0

    def settle(self, job: Claimed) -> None:
        """Do one job that was claimed, in this thread, and write its end."""
        key = job.row.tracking_id
        with self._lock:
            self._held[key] = job
        try:
            self._queue.succeed(job, self._do(job))
        except Failure as failure:
            self._end(job, str(failure))
        except Exception as error:  # noqa: BLE001 - the thread must outlive any job
            log.warning("a job stopped with %s", type(error).__name__)
            if job.last:
                self._end(job, "the job failed three times")
            else:
                self._give_back(job)
        finally:
            with self._lock:
                self._held.pop(key, None)

    def _end(self, job: Claimed, message: str) -> None:
        try:
            self._queue.fail(job, message)
        except GuardError as error:
            log.warning("the end of a job could not be written: %s", type(error).__name__)

    def _give_back(self, job: Claimed) -> None:
        """Let the lease run out now, so that the next try need not wait for it."""
        try:
            self._queue.give_back(job)
        except GuardError as error:
            log.warning("a job could not be given back: %s", type(error).__name__)

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT):
            with self._lock:
                held = list(self._held.values())
            try:
                for job in held:
                    self._queue.renew(job)
                self._queue.purge()
            except GuardError as error:
                log.warning("the beat of the workers failed: %s", type(error).__name__)
