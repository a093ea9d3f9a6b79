"""Noticing what other processes change: keys, policies, erased and forgotten values.

A vault remembers much of its namespace: keys, tokens, whole masked texts. Every call first reads
the namespace's generation, one number; when it is another one, or another day, everything that is
remembered is dropped and read anew. So nothing that was erased is answered from memory, and a
process that does nothing keeps it in memory until its next call at most. What is written in between
is refused by the store (`Stale`), and the call begins again.
"""

from __future__ import annotations

import functools
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from llm_guard_protecto.engine.audit import Trail
from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import KeySource, RootKey
from llm_guard_protecto.engine.retention import Retention
from llm_guard_protecto.engine.rotation import begin
from llm_guard_protecto.engine.store import Stale, Store
from llm_guard_protecto.engine.store.at_hand import needs_time
from llm_guard_protecto.engine.subjects import Subjects
from llm_guard_protecto.engine.trails import changing
from llm_guard_protecto.engine.uses import SEAL_LIMIT
from llm_guard_protecto.errors import GuardError, VaultRefused

__all__ = ["Current", "fresh"]

ROUNDS = 20
"""How often a call begins again while others change the namespace."""

log = logging.getLogger("llm_guard_protecto")

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound="Current")


def fresh(call: Callable[Concatenate[C, P], R]) -> Callable[Concatenate[C, P], R]:
    """A call that sees the namespace as it is now, and begins again when it changes meanwhile."""

    @functools.wraps(call)
    def current(self: C, /, *args: P.args, **named: P.kwargs) -> R:
        for _ in range(ROUNDS):
            self._notice()
            try:
                return call(self, *args, **named)
            except Stale:
                pass
        self._notice()
        return call(self, *args, **named)

    return current


class Current(ABC):
    """What a vault has of one namespace, made anew by `_furnish` when it has changed."""

    _store: Store
    _root: RootKey
    _source: KeySource
    _keys: Keyring
    _clock: Callable[[], float]
    _retention: Retention
    _subjects: Subjects
    _trail: Trail | None
    _renewing: threading.RLock
    _seal_limit = SEAL_LIMIT
    _stamp: tuple[int, int] | None = None
    _looked = -1

    @property
    def store(self) -> Store:
        """Where everything of the vault is kept, for the engine's other parts."""
        return self._store

    @property
    def trail(self) -> Trail | None:
        """The audit of this namespace, None when none is kept."""
        return self._trail

    @property
    def keyring(self) -> Keyring:
        """The keys of this namespace, for the engine's other parts."""
        return self._keys

    @property
    def root(self) -> RootKey:
        """The root key, for the engine's other parts."""
        return self._root

    @property
    def source(self) -> KeySource:
        """Where root keys of this vault come from, for the engine's other parts."""
        return self._source

    @property
    def retention(self) -> Retention:
        """What is forgotten when, for the engine's other parts."""
        return self._retention

    def today(self) -> int:
        """The day by the vault's clock, in days since 1970-01-01."""
        return int(self._clock() // 86_400)

    def now(self) -> float:
        """The time by the vault's clock, in seconds since 1970."""
        return self._clock()

    def fresh_keys(self) -> Keyring:
        """The keys as they are at this moment, for what is sealed beside the vault's own calls."""
        self._notice()
        return self._keys

    def subject_tokens(self, subject: str) -> list[str]:
        """Every token that is linked to a subject."""
        return self._subjects.tokens(subject)

    def renew_root(self) -> None:
        """Ask for the root key again: it may have been replaced since the vault was opened."""
        if self._store.lasting:
            self._root = self._source.unlock(self._store)

    def refresh(self) -> None:
        """Read everything of the namespace anew."""
        with self._renewing:
            self._furnish(self._keys.name)

    @abstractmethod
    def _furnish(self, namespace: str) -> None:
        """Make everything of the namespace anew from what the store holds."""

    def _open_keys(self, namespace: str, before: Keyring | None) -> Keyring:
        """The keys of a namespace as they are now, and what they were read at."""
        day = self.today()
        number = before.namespace if before else None

        def keys() -> Keyring:
            return Keyring.open(
                self._store, namespace, self._root, day,
                before=before, limit=self._seal_limit, number=number,
            )  # fmt: skip

        try:
            opened = keys()
        except VaultRefused:
            if not self._store.lasting:
                raise
            self.renew_root()
            opened = keys()
        self._stamp = (opened.generation, day)
        return opened

    def _notice(self) -> None:
        """Forget what is remembered when the namespace has changed, or the day."""
        today = self.today()
        stamp = (self._store.generation(self._keys.namespace), today)
        if stamp != self._stamp or self._looked != today or self._keys.full:
            needs_time()
        if stamp != self._stamp:
            with self._renewing:
                if stamp != self._stamp:
                    self._furnish(self._keys.name)
        if self._looked != today:
            self._looked = today
            self._retention.look(self._keys, today)
        if self._keys.full:
            with self._renewing:
                if self._keys.full:
                    self._replace_data_key(today)

    def _replace_data_key(self, today: int) -> None:
        """Begin a new data key; when that fails, the old one does until it may seal no more."""
        try:
            self.renew_root()
            after = self._keys.data_version
            with changing(self._trail, "key rotated", role="data", version=after + 1):
                begin(self._store, self._keys.name, self._root, "data", today, after=after)
        except GuardError as error:
            self._keys.go_on()
            log.warning("the data key is nearly used up and stays: %s", type(error).__name__)
        else:
            self._furnish(self._keys.name)
