"""Who may use which connection when: one writer, a reader for each call, nobody over a fork.

SQLite keeps its locks per process and its notes about them in memory. A fork copies the notes but
not the locks, so nothing of SQLite may be open while Python forks: calls are held back for that
moment, connections are closed, and both processes open their own at the next call.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

from llm_guard_protecto.engine.store.at_hand import NotAtHand, block, needs_time, strict
from llm_guard_protecto.engine.store.sqlite_file import OPENING, connect, explained
from llm_guard_protecto.engine.store.writer import Work, Writer
from llm_guard_protecto.errors import VaultUnavailable

__all__ = ["Connections"]

T = TypeVar("T")

_SPARE = 8
_REMEMBERED = 10_000
_FORK_SECONDS = 30.0


class Connections:
    """The open connections of one vault file."""

    def __init__(self, path: Path, patience: float, *, shared: bool = True) -> None:
        """Connect to a prepared file at first use. `shared`: also from children after a fork."""
        self._path = path
        self._patience = patience
        self._shared = shared
        self._pid = os.getpid()
        self._turn = threading.Condition()
        self._inside = 0
        self._held = self._quiet = False
        self._closed = False
        self._idle: deque[apsw.Connection] = deque()
        self._writer = Writer(self._connect_writer)
        self._watching = threading.Lock()
        self._watch: apsw.Connection | None = None
        self._seen: object = None
        self._stamps = 0
        self._recent: tuple[int, dict[tuple[object, ...], Any]] = (0, {})
        with OPENING:
            _ALL.add(self)

    def read(self, work: Work[T]) -> T:
        """Do `work` on a connection that cannot write and that nobody else uses meanwhile."""
        with self._entered():
            try:
                db = self._idle.pop()
            except IndexError:
                db = connect(self._path, self._patience, writer=False)
            result = work(db)
            if len(self._idle) < _SPARE:
                self._idle.append(db)
            else:
                db.close()
            return result

    def look(self, key: tuple[object, ...], work: Work[T]) -> T:
        """Like `read`, for something small that seldom changes and is known by `key`.

        Inside `at_hand.only()` it is read once for as long as nobody, in any process, has committed
        anything since; whether somebody has is looked up once a block.
        """
        noted = block()
        if noted is None:
            return self.read(work)
        stamp = noted.get(self)
        if stamp is None:
            stamp = noted[self] = self._stamp()
        if self._recent[0] != stamp:
            self._recent = (stamp, {})
        known = self._recent[1]
        if key not in known:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[key] = self.read(work)
        result: T = known[key]
        return result

    def _stamp(self) -> int:
        """A number that is another one when anything was committed since the last time."""
        with self._watching, self._entered():
            if self._watch is None:
                self._watch = connect(self._path, self._patience, writer=False)
                self._ask = self._watch.cursor()
                self._seen = None
            # Counts the commits of all others; this connection makes none.
            seen = self._ask.execute("PRAGMA data_version").get
            if seen != self._seen:
                self._seen = seen
                self._stamps += 1
            return self._stamps

    def write(self, work: Work[T]) -> T:
        """Do `work` in a transaction; its result, once that is durable."""
        needs_time()
        with self._entered():
            return self._writer.run(work)

    def close(self, wait: float | None = None) -> None:
        """Let calls finish, up to `wait` seconds, then close everything for good."""
        with self._turn:
            self._closed = True
            self._turn.wait_for(lambda: not self._inside, wait)
            if os.getpid() == self._pid:
                self._let_go()

    @contextmanager
    def _entered(self) -> Iterator[None]:
        with self._turn:
            while self._held and not self._closed:
                self._turn.wait()
            if self._closed:
                raise VaultUnavailable(f"the vault {self._path} is closed")
            if os.getpid() != self._pid:
                raise VaultUnavailable(
                    f"the vault {self._path} was open while the process was copied; open it again"
                )
            self._inside += 1
        try:
            yield
        except apsw.Error as error:
            if isinstance(error, apsw.BusyError) and strict():
                raise NotAtHand from None
            raise explained(error, self._path) from error
        finally:
            with self._turn:
                self._inside -= 1
                if not self._inside:
                    self._turn.notify_all()

    def _connect_writer(self) -> apsw.Connection:
        return connect(self._path, self._patience, writer=True)

    def _let_go(self) -> None:
        self._writer.stop()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close(True)
        while self._idle:
            self._idle.pop().close(True)

    def hold_for_fork(self) -> None:
        """Let calls finish, close everything and keep new calls waiting."""
        with self._turn:
            self._held = True
            if self._turn.wait_for(lambda: not self._inside, _FORK_SECONDS):
                self._let_go()
                self._quiet = True

    def go_on_in_parent(self) -> None:
        """Let the calls that waited go on."""
        with self._turn:
            self._held = self._quiet = False
            self._turn.notify_all()

    def go_on_in_child(self) -> None:
        """Start afresh: of the threads and locks of the parent only copies are here."""
        self._turn = threading.Condition()
        self._watching = threading.Lock()
        self._writer = Writer(self._connect_writer)
        self._inside = 0
        if self._quiet and self._shared:
            self._pid = os.getpid()
        self._held = self._quiet = False


_ALL: weakref.WeakSet[Connections] = weakref.WeakSet()
_held: list[Connections] = []


def _before_fork() -> None:
    OPENING.acquire()
    _held[:] = _ALL
    for connections in _held:
        connections.hold_for_fork()


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop().go_on_in_parent()
    OPENING.release()


def _after_fork_in_child() -> None:
    while _held:
        _held.pop().go_on_in_child()
    OPENING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
