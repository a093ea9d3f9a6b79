"""Calls that wait together share one transaction: whoever comes first does the work of all.

While a commit waits for the disk, further calls gather; the next transaction takes them all. There
is no thread of its own: one of the threads that wait leads, the others follow, and who has led
hands the lead on. A copied process starts with nobody waiting.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from llm_guard_protecto.engine.store.at_hand import needs_time
from llm_guard_protecto.errors import VaultError, VaultUnavailable

__all__ = ["Gathering"]

T = TypeVar("T")
R = TypeVar("R")


class Gathering(Generic[T, R]):
    """Gathers what threads want done, for a function that does many at once."""

    def __init__(
        self, settle: Callable[[Sequence[T]], Sequence[R]], lanes: int = 1, most: int = 256
    ) -> None:
        """`settle` does some items in one transaction; a result for each, in order.

        When it raises `VaultUnavailable` all of them fail; with any other error each is settled
        alone, so that one caller's mistake is its own. At most `lanes` transactions run at once,
        with at most `most` items each.
        """
        self._settle, self._lanes, self._most = settle, lanes, most
        self._rooms: dict[int, _Room[T, R]] = {}

    def do(self, item: T) -> R:
        """Have one item done, together with those of others; its result, or its error."""
        needs_time()  # before others depend on this thread
        number = os.getpid()
        room = self._rooms.get(number) or self._rooms.setdefault(number, _Room(self._lanes))
        call: _Call[T, R] = _Call(item)
        room.enter(call)
        try:
            while True:
                if call.leads:
                    try:
                        if not call.answered:
                            self._lead(room)
                    finally:
                        room.hand_on(call)
                if call.answered:
                    break
                call.wait()
        except BaseException:
            room.leave(call)
            raise
        if call.error is not None:
            raise call.error
        return call.result[0]

    def _lead(self, room: _Room[T, R]) -> None:
        calls = room.take(self._most)
        if not calls:
            return
        try:
            self._answer(calls)
        finally:
            for call in calls:
                if not call.answered:  # the thread that leads was interrupted
                    call.error = VaultUnavailable("the vault gave no answer; try again")
                call.signal()

    def _answer(self, calls: Sequence[_Call[T, R]]) -> None:
        try:
            results = self._settle([call.item for call in calls])
        except Exception as error:  # noqa: BLE001 - it is the callers' to handle
            if len(calls) > 1 and type(error) is not VaultUnavailable:
                for call in calls:
                    self._answer([call])
                return
            for call in calls:
                call.error = _own(error)
            return
        for call, result in zip(calls, results, strict=True):
            call.result.append(result)


class _Call(Generic[T, R]):
    """One caller. Its turn comes when it is answered, or when it is to lead."""

    __slots__ = ("_mutex", "_signalled", "_turn", "error", "item", "leads", "result")

    def __init__(self, item: T) -> None:
        self.item = item
        self.result: list[R] = []
        self.error: BaseException | None = None
        self.leads = False
        self._mutex = threading.Lock()
        self._turn = threading.Lock()
        self._turn.acquire()
        self._signalled = False

    @property
    def answered(self) -> bool:
        return bool(self.result) or self.error is not None

    def wait(self) -> None:
        self._turn.acquire()
        with self._mutex:
            self._signalled = False

    def signal(self) -> None:
        with self._mutex:
            if not self._signalled:
                self._signalled = True
                self._turn.release()


class _Room(Generic[T, R]):
    """Who waits in one process, and how many lead."""

    def __init__(self, lanes: int) -> None:
        self._mutex = threading.Lock()
        self._waiting: list[_Call[T, R]] = []
        self._free = lanes

    def enter(self, call: _Call[T, R]) -> None:
        """Wait, or lead at once when fewer do than may."""
        with self._mutex:
            self._waiting.append(call)
            if self._free:
                self._free -= 1
                call.leads = True

    def take(self, most: int) -> list[_Call[T, R]]:
        """Those who have waited longest."""
        with self._mutex:
            taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return taken

    def hand_on(self, call: _Call[T, R]) -> None:
        """Stop leading: the next who waits and does not lead yet does, or nobody."""
        with self._mutex:
            call.leads = False
            following = next((one for one in self._waiting if not one.leads), None)
            if following is None:
                self._free += 1
                return
            following.leads = True
        following.signal()

    def leave(self, call: _Call[T, R]) -> None:
        """Give up waiting."""
        with self._mutex:
            if call in self._waiting:
                self._waiting.remove(call)
        if call.leads:
            self.hand_on(call)


def _own(error: Exception) -> Exception:
    """An error for one caller: two threads must not raise the same object."""
    return type(error)(*error.args) if isinstance(error, VaultError) else error
