"""Reading ahead: what a model has just said is searched before it comes back with the next turn.

A chat sends its whole history each time, so the next request begins with what is known already, the
last reply, and the user's new words. The reply can be searched while the user reads it. Nothing is
masked or stored by that, and nothing is decided: the vault remembers what it found in a text, as it
does for every text, and looks there first when the text is to be masked.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from llm_guard_protecto.clients.workers import begin
from llm_guard_protecto.guard.flow import ReadsAhead
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

__all__ = ["MOST", "PAUSE", "Ahead"]

PAUSE = 0.01
"""Seconds without a call before anything is read ahead: it must not be in anybody's way."""

MOST = 8
"""Replies that wait at most, the oldest dropped first."""


class Ahead:
    """The replies of one client that wait to be read. Thread-safe; a forked child starts afresh."""

    def __init__(self, vault: Vault | AsyncVault, policy: PolicyChoice) -> None:
        """Read with `vault`, if it can read ahead, for calls under `policy`."""
        self._vault = vault if isinstance(vault, ReadsAhead) else None
        self._policy = policy
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._waiting: list[Callable[[], Sequence[str]]] = []
        self._running = self._closed = False

    def heard(self, texts: Callable[[], Sequence[str]]) -> None:
        """A reply has come to its end; `texts` gives what it says."""
        if self._vault is None:
            return
        if self._pid != os.getpid():
            self._start()
        with self._changed:
            if self._closed:
                return
            self._waiting = [*self._waiting, texts][-MOST:]
            if not self._running:
                self._running = True
                begin(self._work)

    def drop(self) -> None:
        """A call begins: it searches for itself what was not read yet."""
        if self._vault is not None and self._waiting and self._pid == os.getpid():
            with self._changed:
                self._waiting = []

    def close(self) -> None:
        """Read nothing more."""
        if self._pid != os.getpid():
            self._start()
        with self._changed:
            self._waiting, self._closed = [], True
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._waiting and not self._closed:
                    self._changed.wait(PAUSE)
                if not self._waiting or self._vault is None:
                    self._running = False
                    return
                texts = self._waiting.pop()  # the last first: it is the likeliest to come back
            with suppress(Exception):  # the next call will find out, if it is still so
                self._vault.read_ahead(texts(), self._policy)
            del texts
