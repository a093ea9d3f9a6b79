"""The audit trail: who had what turned back or changed, written down before they get the answer.

An entry says who, what, when, under which policy, how many tokens of which entity, and how it
ended. It never holds a clear value: of a token it keeps a keyed hash, for those who have to find
out later who saw one value. Entries of a namespace form one chain, see `audit_verify`.

When nothing can be written (a full disk, a store that is read-only, checkpoints that cannot be
kept), nothing is turned back.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_guard_protecto.engine.acting import Act, Reveal, current
from llm_guard_protecto.engine.audit_key import AuditKey
from llm_guard_protecto.engine.audit_verify import CUT, Verified, verify
from llm_guard_protecto.engine.checkpoints import Checkpoint, Sink, file_sink
from llm_guard_protecto.engine.keysource import RootKey
from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.engine.store.audit import AuditRow, Head, NewEntry
from llm_guard_protecto.errors import GuardError, VaultUnavailable

__all__ = ["EVERY", "AuditSettings", "Trail"]

EVERY = 100
"""Entries between two checkpoints."""

REFUSED = "the audit cannot record now, so nothing is turned back"

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

log = logging.getLogger("llm_guard_protecto")


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How an audit is kept.

    `checkpoints` is where signed checkpoints go, every `every` entries and at the end: a path, or
    something that takes a line; None for nowhere, and then a chain that was cut off at its end
    looks whole. `mask_unrecorded`: go on masking while nothing can be recorded.
    """

    checkpoints: str | Path | Sink | None = None
    every: int = EVERY
    mask_unrecorded: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a number that cannot work."""
        if self.every < 1:
            raise ValueError("a checkpoint comes every 1 or more entries")

    @property
    def sink(self) -> Sink | None:
        """Where checkpoints go."""
        if self.checkpoints is None or callable(self.checkpoints):
            return self.checkpoints
        return file_sink(self.checkpoints)


class Trail:
    """The audit of one namespace. Thread-safe; every process that uses the vault has its own."""

    def __init__(
        self,
        store: Store,
        name: str,
        namespace: int,
        unlock: Callable[[], RootKey],
        clock: Callable[[], float],
        settings: AuditSettings,
    ) -> None:
        """`name` and `namespace` are the namespace's; `unlock` gives the root key as it is now.

        `clock` gives seconds since 1970.
        """
        self._store, self._name, self._namespace = store, name, namespace
        self._unlock = unlock
        self._clock = clock
        self._settings = settings
        self._sink = settings.sink
        self._lock = threading.Lock()
        self._key: AuditKey | None = None
        self._due: AuditRow | None = None
        self._last: AuditRow | None = None
        self._failed = False

    @property
    def key(self) -> AuditKey:
        """The key of this audit, made with the first entry."""
        if self._key is None:
            day = int(self._clock() // 86_400)
            self._key = AuditKey.open(self._store, self._name, self._namespace, self._unlock(), day)
        return self._key

    def reveal(self, what: str, policy: str, reveal: Reveal, error: str | None = None) -> None:
        """Record what is turned back, or with an `error` why nothing is."""
        facts = {
            "items": reveal.items,
            "restored": reveal.restored,
            "unknown": reveal.unknown,
            "entities": dict(reveal.entities),
        }
        outcome = "success" if error is None else "failure"
        self.record(what, facts, policy=policy, outcome=outcome, error=error, runs=reveal.runs)

    def record(
        self,
        what: str,
        facts: Mapping[str, Any],
        *,
        policy: str = "",
        outcome: str = "success",
        error: str | None = None,
        runs: Sequence[str] = (),
    ) -> None:
        """Write one entry of whoever acts now; it is durable on return.

        `facts` are JSON values without clear text. Raises `VaultUnavailable` when it cannot be
        written, or the checkpoint that is due cannot.
        """
        said = _written(current() or Act(), what, facts, policy, outcome, error)
        try:
            self._pay()  # what could not be kept before: nothing is added on top of it
            tokens = b"".join(map(self.key.hashed, runs))
            new = NewEntry(int(1000 * self._clock()), said, tokens)
            [row] = self._store.audit.append(self._namespace, [new], self.key.link)
            self._note(row)
            self._pay()
        except VaultUnavailable as unavailable:
            self._failed = True
            raise VaultUnavailable(f"{REFUSED}: {unavailable}") from None
        self._failed = False

    @contextmanager
    def change(self, what: str, policy: str = "", **facts: Any) -> Iterator[None]:
        """Record that a change begins before it is made, and after it how it ended.

        Raises `VaultUnavailable` and changes nothing when the beginning cannot be recorded.
        """
        self.record(what, facts, policy=policy, outcome="begun")
        try:
            yield
        except Exception as error:
            code = error.code if isinstance(error, GuardError) else type(error).__name__
            self._ended(what, policy, facts, "failure", code)
            raise
        self._ended(what, policy, facts, "success", None)

    def _ended(
        self, what: str, policy: str, facts: Mapping[str, Any], outcome: str, error: str | None
    ) -> None:
        try:
            self.record(what, facts, policy=policy, outcome=outcome, error=error)
        except GuardError as failed:
            # The beginning is on record; to fail now would hide that the change was made.
            log.warning("the end of a change was not recorded: %s", type(failed).__name__)

    def ensure(self) -> None:
        """Raise `VaultUnavailable` when the last entry could not be written, nor one now can."""
        if not self._failed or self._settings.mask_unrecorded:
            return
        if self._due is None:
            self.record("audit resumed", {})
        else:
            self._pay()
            self._failed = False

    def cut(self, before: int) -> int:
        """Delete the entries of before a moment, in milliseconds since 1970; how many.

        The chain stays verifiable: its new last entry says through which entry it was cut, and
        with which code.
        """

        act = current() or Act()  # the store may ask from another thread

        def cutting(head: Head, removed: int) -> NewEntry:
            facts = {"through": head.base, "code": head.base_code.hex(), "removed": removed}
            return NewEntry(int(1000 * self._clock()), _written(act, CUT, facts))

        removed = self._store.audit.cut(self._namespace, before, cutting, self.key.link)
        if removed:
            self.checkpoint()
        return removed

    def checkpoint(self, *, end: bool = False) -> Head:
        """Put a checkpoint of the chain as it stands now where they are kept; where it stands."""
        head = self._store.audit.head(self._namespace)
        if self._sink is not None and head.number:
            moment = int(1000 * self._clock())
            self._keep(Checkpoint.signed(self.key, self._name, head.number, moment, head.code, end))
        return head

    def verify(self, checkpoints: Sequence[Checkpoint] = ()) -> Verified:
        """Whether the chain is what was written; what was found."""
        key = AuditKey.find(self._store, self._name, self._namespace, self._unlock())
        return verify(self._store.audit, self._namespace, self._name, key, checkpoints)

    def close(self) -> None:
        """Put a last checkpoint where they are kept, if this process wrote since the last one."""
        last = self._last
        if last is None or self._sink is None:
            return
        try:
            self._note(last, due=True)
            self._pay()
        except VaultUnavailable as error:
            log.warning("the last checkpoint was not kept: %s", error)

    def _note(self, row: AuditRow, *, due: bool = False) -> None:
        """Remember an entry, and that it wants a checkpoint if its number says so."""
        with self._lock:
            if self._last is None or row.number > self._last.number:
                self._last = row
            wants = due or row.number % self._settings.every == 0
            if wants and (self._due is None or row.number > self._due.number):
                self._due = row

    def _pay(self) -> None:
        """Keep the checkpoint that is due; who comes after a failure tries again."""
        with self._lock:
            row = self._due
            if row is None:
                return
            moment, code = row.moment, row.code
            self._keep(Checkpoint.signed(self.key, self._name, row.number, moment, code))
            self._due = None
            if self._last is not None and self._last.number <= row.number:
                self._last = None

    def _keep(self, checkpoint: Checkpoint) -> None:
        if self._sink is None:
            return
        try:
            self._sink(checkpoint.line)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was not kept
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise VaultUnavailable(f"checkpoints cannot be kept: {reason}") from None


def _written(
    act: Act,
    what: str,
    facts: Mapping[str, Any],
    policy: str = "",
    outcome: str = "success",
    error: str | None = None,
) -> bytes:
    """An entry as it is kept: always the same bytes for the same entry."""
    said = {
        "what": what,
        "who": act.who,
        "token": act.token,
        "via": act.via,
        "policy": policy,
        "outcome": outcome,
        "error": error,
        "facts": facts,
    }
    return _ENCODER.encode(said).encode()
