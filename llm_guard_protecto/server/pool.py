"""Threads that answer what the event loop cannot answer at once.

A call is handed over and back without a future of its own on the way, and one that nobody waits
for any more is not begun.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["Pool"]

T = TypeVar("T")

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Pool:
    """A fixed number of threads. They die with the process: one that hangs cannot keep it."""

    def __init__(self, threads: int) -> None:
        """Nothing runs before `start`."""
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"request {n}", daemon=True)
            for n in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the threads end when they have done what they are at."""
        for _ in self._threads:
            self._jobs.put(None)

    async def run(self, work: Callable[[], T]) -> T:
        """Do `work` in a thread. Cancelled while it waits, it is not begun."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, answer, loop))
        return await answer

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, answer, loop = job
            if answer.cancelled():
                continue
            result: Any = None
            failure: Exception | None = None
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - the caller's to judge, not the thread's
                failure = error
            try:
                loop.call_soon_threadsafe(_settle, answer, result, failure)
            except RuntimeError:  # the loop has been closed meanwhile
                continue
            finally:
                del job, work, answer, result, failure  # or they would live until the next job


def _settle(answer: asyncio.Future[Any], result: Any, failure: Exception | None) -> None:
    if answer.cancelled():
        return
    if failure is not None:
        answer.set_exception(failure)
    else:
        answer.set_result(result)
