"""Chunks through one vault in this process, or through several processes with a vault each.

Results come in the order of the chunks. Few chunks are under way at a time, so memory does not
grow with the file.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait

from llm_guard_protecto.bulk.cells import Cells, Done, turned
from llm_guard_protecto.bulk.format import Chunk
from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.errors import VaultUnavailable
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import Vault

__all__ = ["Task", "in_processes", "in_this_process"]

_AHEAD = 2
"""Chunks that wait for each process."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to do with cells: mask them under a policy, or turn them `back`."""

    policy: Policy
    back: bool


def in_this_process(
    chunks: Iterable[Chunk], vault: Vault, task: Task
) -> Generator[tuple[Chunk, Done], None, None]:
    """Each chunk with what became of its cells."""
    for chunk in chunks:
        yield chunk, turned(vault, chunk.cells, task.policy, back=task.back)


def in_processes(
    chunks: Iterable[Chunk], address: str, task: Task, processes: int
) -> Generator[tuple[Chunk, Done], None, None]:
    """The same by so many processes, each with the vault at `address` open.

    Raises `VaultUnavailable` when one of them was killed.
    """
    pool = ProcessPoolExecutor(
        processes,
        multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(address, task),
    )
    waiting: deque[tuple[Chunk, Future[Done]]] = deque()
    try:
        for chunk in chunks:
            waiting.append((chunk, pool.submit(_work, chunk.cells)))
            if len(waiting) > _AHEAD * processes:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    except BrokenProcessPool:
        raise VaultUnavailable(
            "a working process was ended from outside; the same command goes on where it stopped"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque[tuple[Chunk, Future[Done]]]) -> tuple[Chunk, Done]:
    chunk, future = waiting.popleft()
    return chunk, future.result()


_do: Callable[[Cells], Done]


def _begin(address: str, task: Task) -> None:
    """Open the vault, once a process."""
    global _do
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    vault = LocalVault(address)

    def do(cells: Cells) -> Done:
        return turned(vault, cells, task.policy, back=task.back)

    _do = do


def _end_with_parent() -> None:
    """A killed parent cannot end its processes, and they would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        with suppress(OSError):
            wait([parent.sentinel])
        os._exit(1)


def _work(cells: Cells) -> Done:
    return _do(cells)
