"""Jobs: what was asked for now and is answered later, also by another process after a crash.

    PENDING -> IN-PROGRESS -> SUCCESS -> PURGED
                          \\-> FAILED

A job is durable when `submit` returns. Payloads and results are sealed by the keys of their
namespace and bound to their job; an hour after its end a job forgets them. A worker that dies lets
its lease run out, and another takes the job over; nothing is done in part, since an outcome is
written in one go by the latest worker only.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.errors import Unreadable

__all__ = ["LEASE", "PURGE_AFTER", "TRIES", "Claimed", "Failure", "Job", "Queue"]

PURGE_AFTER = 3600
"""Seconds after its end for which a job keeps its payload and result."""

LEASE = 20
"""Seconds for which a worker holds a job before it must say that it lives."""

TRIES = 3
"""How often a job is taken before it counts as one that kills its workers."""

_VERSION = 4

GAVE_UP = "the job was given up: its worker stopped three times"
UNREADABLE = "the job cannot be read: the key that sealed it is gone, or it was changed"


class Failure(Exception):
    """A job cannot be done; the message is for the one who asked. Holds no clear value."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job as its owner may see it. Times are in seconds since 1970.

    `payload` and `result` are JSON values, None when they are not there (yet, or any more).
    """

    tracking_id: str
    call: str
    owner: str
    status: str
    submitted: int
    started: int | None
    ended: int | None
    payload: Any = field(default=None, repr=False)
    result: Any = field(default=None, repr=False)
    error: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that a worker has taken: what to do, and in whose vault."""

    row: JobRow
    vault: LocalVault
    payload: Any = field(repr=False)

    @property
    def last(self) -> bool:
        """Whether this try is the last one."""
        return self.row.tries >= TRIES


class Queue:
    """The jobs of all namespaces of a vault. Thread-safe."""

    def __init__(
        self,
        namespaces: Namespaces,
        purge_after: float = PURGE_AFTER,
        clock: Callable[[], float] = time.time,
        lease: int = LEASE,
    ) -> None:
        """`purge_after` and `lease` are in seconds, `clock` gives seconds since 1970.

        All workers of a vault should have the same lease. A silent worker loses its jobs up to a
        second after that.
        """
        self._namespaces = namespaces
        self._jobs = namespaces.vault.store.jobs
        self._purge_after = purge_after
        self.clock = clock
        self.lease = lease

    @property
    def store(self) -> Store:
        """Where the jobs are kept."""
        return self._namespaces.vault.store

    def submit(self, vault: LocalVault, call: str, owner: str, payload: Any) -> str:
        """Queue a call for the namespace of `vault`, durably; its tracking id."""
        now = int(self.clock())
        tracking_id = _tracking_id(now)
        version, sealed = _seal(vault.fresh_keys(), payload, tracking_id, "payload")
        number = vault.keyring.namespace
        self._jobs.add(JobRow(tracking_id, number, call, owner, "PENDING", now, version, sealed))
        return tracking_id

    def record(self, vault: LocalVault, call: str, owner: str, message: str) -> str:
        """Keep a job that has been done already, with what there is to say of it; its id."""
        now = int(self.clock())
        tracking_id = _tracking_id(now)
        version, sealed = _seal(vault.fresh_keys(), message, tracking_id, "SUCCESS")
        row = JobRow(
            tracking_id, vault.keyring.namespace, call, owner, "SUCCESS", now, version, None
        )
        self._jobs.add(replace(row, outcome=sealed, started=now, ended=now))
        return tracking_id

    def look(self, vault: LocalVault, tracking_ids: Sequence[str]) -> list[Job | None]:
        """The jobs with these ids, in order; None for one that is not of this namespace."""
        rows = self._jobs.get(vault.keyring.namespace, tracking_ids)
        old = self.clock() - self._purge_after
        return [self._shown(vault, rows[one], old) if one in rows else None for one in tracking_ids]

    def claim(self) -> Claimed | None:
        """Take the next job; None when none waits. One that cannot be done is ended on the way."""
        while True:
            now = int(self.clock())
            row = self._jobs.claim(now, now + self.lease)
            if row is None:
                return None
            job = self.taken(row)
            if job is not None:
                return job

    def taken(self, row: JobRow) -> Claimed | None:
        """What is to be done for a row just claimed; None for one that was ended on the spot."""
        vault = self._namespaces.of_number(row.namespace)
        if vault is None:
            self._jobs.end(replace(row, status="FAILED", ended=int(self.clock())))
            return None
        if row.tries > TRIES:
            self.fail(Claimed(row, vault, None), GAVE_UP)
            return None
        try:
            payload = _open(vault, row.tracking_id, row.payload, "payload")
        except Unreadable:
            self.fail(Claimed(row, vault, None), UNREADABLE)
            return None
        return Claimed(row, vault, payload)

    def is_open(self, tracking_id: str) -> bool:
        """Whether there is such a job in any namespace, and it has not ended."""
        return self._jobs.is_open(tracking_id)

    def renew(self, job: Claimed) -> bool:
        """Say that the worker lives; False when another has taken the job over."""
        lease = int(self.clock()) + self.lease
        return self._jobs.renew(job.row.tracking_id, job.row.tries, lease)

    def give_back(self, job: Claimed) -> None:
        """Let another worker take the job from the next second on."""
        self._jobs.renew(job.row.tracking_id, job.row.tries, int(self.clock()) - 1)

    def succeed(self, job: Claimed, result: Any) -> bool:
        """End a job with its result; False when another has taken it over."""
        return self._end(job, "SUCCESS", result)

    def fail(self, job: Claimed, message: str) -> bool:
        """End a job that cannot be done; False when another has taken it over."""
        return self._end(job, "FAILED", message)

    def purge(self) -> int:
        """Forget the payloads and results of jobs that ended long enough ago; how many."""
        return self._jobs.purge(int(self.clock() - self._purge_after))

    def _end(self, job: Claimed, status: str, outcome: Any) -> bool:
        row = job.row
        _, sealed = _seal(job.vault.keyring, outcome, row.tracking_id, status)
        ended = int(self.clock())
        return self._jobs.end(replace(row, status=status, ended=ended, outcome=sealed))

    def _shown(self, vault: LocalVault, row: JobRow, old: float) -> Job:
        gone = row.ended is not None and row.ended < old and row.payload is not None
        status = "PURGED" if gone and row.status == "SUCCESS" else row.status
        outcome = (
            None if status == "PURGED" else _open(vault, row.tracking_id, row.outcome, row.status)
        )
        lost = gone or (status == "FAILED" and outcome == UNREADABLE)
        payload = None if lost else _open(vault, row.tracking_id, row.payload, "payload")
        return Job(
            row.tracking_id,
            row.call,
            row.owner,
            status,
            row.submitted,
            row.started,
            row.ended,
            payload,
            outcome if status == "SUCCESS" else None,
            (outcome or GAVE_UP) if status == "FAILED" else None,
        )


def _tracking_id(now: int) -> str:
    """A random UUID and the time of submission, as Protecto writes it."""
    return f"{uuid.uuid4()}{datetime.fromtimestamp(now, UTC):%d%m%Y%H%M%S}"


def _seal(keys: Keyring, clear: Any, tracking_id: str, part: str) -> tuple[int, bytes]:
    """The version of the data key, and the sealed bytes with that version in front."""
    version, sealed = keys.seal_at(json.dumps(clear).encode(), "job", tracking_id, part)
    return version, version.to_bytes(_VERSION, "big") + sealed


def _open(vault: LocalVault, tracking_id: str, sealed: bytes | None, part: str) -> Any:
    """The clear part of a job. Raises `Unreadable` when also the newest keys do not open it."""
    if sealed is None:
        return None
    version, place = int.from_bytes(sealed[:_VERSION], "big"), ("job", tracking_id, part)
    try:
        clear = vault.keyring.open_at(version, sealed[_VERSION:], *place)
    except Unreadable:
        vault.refresh()  # another process may have sealed it under a key that is new
        clear = vault.keyring.open_at(version, sealed[_VERSION:], *place)
    return json.loads(clear)
