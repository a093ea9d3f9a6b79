"""Threads that do one piece of work at a time and are kept for the next.

A new thread for each call would start cold: the engines below keep scratch space and connections
for each thread, which cost more than masking a prompt does.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["MOST_IDLE", "begin", "idle"]

T = TypeVar("T")

MOST_IDLE = 16
"""Threads that wait for work at most; one that finishes beyond them ends."""

_Work = tuple[contextvars.Context, Callable[[], Any], Future[Any]]
_idle: list[SimpleQueue[_Work]] = []  # a worker is known by its queue; the last to finish is first


def begin(work: Callable[[], T]) -> Future[T]:
    """Let a thread do `work` in the caller's context, at once; the future gets what becomes of it.

    The thread is a daemon: work that never ends keeps no program from ending, and no other work
    from being done.
    """
    outcome: Future[T] = Future()
    task = (contextvars.copy_context(), work, outcome)
    try:
        queue = _idle.pop()
    except IndexError:
        queue = SimpleQueue()
        thread = threading.Thread(target=_serve, args=(queue,), daemon=True, name="llm-guard-mask")
        thread.start()
    queue.put(task)
    return outcome


def idle() -> int:
    """How many threads wait for work."""
    return len(_idle)


def _serve(queue: SimpleQueue[_Work]) -> None:
    while True:
        context, work, outcome = queue.get()
        tell: Callable[[Any], None]
        what: Any
        try:
            tell, what = outcome.set_result, context.run(work)
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
            tell, what = outcome.set_exception, error
        enough = len(_idle) >= MOST_IDLE
        if not enough:  # before the caller is told, so that its next work finds this thread
            _idle.append(queue)
        tell(what)
        del context, work, outcome, tell, what  # nothing of a call outlives it here
        if enough:
            return


if hasattr(os, "register_at_fork"):  # the threads of a parent do not live on in a child
    os.register_at_fork(after_in_child=_idle.clear)
