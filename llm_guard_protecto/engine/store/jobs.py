"""What a server was asked to do later: a queue that outlives the process.

A job is taken under a lease. Who takes it counts one more try, and only the latest try may end it,
so a job that was taken over ends once, whatever its first worker still does.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

import apsw

from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite_said import done
from llm_guard_protecto.engine.store.text import to_bytes, to_text
from llm_guard_protecto.errors import VaultError

if TYPE_CHECKING:
    from llm_guard_protecto.engine.store.postgres_address import Address

__all__ = ["JobRow", "Jobs", "MemoryJobs", "SqliteJobs"]


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as it is kept; see the page `server.md` for the states.

    `payload` and `outcome` are sealed by the data key `key_version` of the namespace. Times are in
    seconds since 1970. `tries` counts how often it was taken; `lease` is when the worker that has
    it must have said that it lives.
    """

    tracking_id: str
    namespace: int
    call: str
    owner: str = field(repr=False)
    status: str
    submitted: int
    key_version: int
    payload: bytes | None = field(repr=False)
    outcome: bytes | None = field(default=None, repr=False)
    started: int | None = None
    ended: int | None = None
    lease: int = 0
    tries: int = 0

    @classmethod
    def of(cls, columns: Sequence[Any]) -> JobRow:
        """The job that these columns of a table say, in the order of the fields."""
        tracking_id, namespace, call, owner, *rest = columns
        return cls(tracking_id, namespace, call, to_text(owner), *rest)

    def columns(self) -> dict[str, Any]:
        """What a table says of this job, by the names of the fields."""
        columns = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**columns, "owner": to_bytes(self.owner)}


class Jobs(Protocol):
    """The queue of a store, all namespaces together."""

    @property
    def address(self) -> Address | None:
        """Where procrastinate hands the jobs to workers; None: workers look for them here."""
        ...

    def add(self, job: JobRow) -> None:
        """Keep one more job. Raises `VaultError` when its id is taken."""
        ...

    def get(self, namespace: int, tracking_ids: Sequence[str]) -> Mapping[str, JobRow]:
        """Those of these jobs that are of this namespace, by their ids."""
        ...

    def is_open(self, tracking_id: str) -> bool:
        """Whether there is such a job, and it has not ended."""
        ...

    def claim(self, now: int, lease: int) -> JobRow | None:
        """Take the oldest job that waits, or whose worker has let its lease run out.

        The row says what stands after that: IN-PROGRESS, one more try, a lease until `lease`.
        """
        ...

    def renew(self, tracking_id: str, tries: int, lease: int) -> bool:
        """Hold a job longer; False when another has taken it since."""
        ...

    def end(self, job: JobRow) -> bool:
        """Write status, `ended` and outcome of a job; False when another try has taken it."""
        ...

    def purge(self, before: int) -> int:
        """Drop the payloads and results of jobs that ended before a time; how many.

        SUCCESS becomes PURGED; FAILED stays so, with its outcome, which says why.
        """
        ...


class SqliteJobs:
    """The queue of a vault file; see `Jobs`."""

    address = None

    def __init__(self, connections: Connections) -> None:
        """Use the connections of the store."""
        self._connections = connections
        self._busy = False

    def add(self, job: JobRow) -> None:
        """Keep one more job."""
        self._write("add_job", job.columns())

    def get(self, namespace: int, tracking_ids: Sequence[str]) -> Mapping[str, JobRow]:
        """Those of these jobs that are of this namespace, by their ids."""
        wanted = tuple(dict.fromkeys(tracking_ids))
        if not wanted:
            return {}

        def find(db: apsw.Connection) -> list[tuple[Any, ...]]:
            asked = {"namespace": namespace, "wanted": apsw.carray(wanted)}
            return db.execute(queries()["jobs"], asked).fetchall()

        rows = self._connections.read(find)
        return {row[0]: JobRow.of(row) for row in rows}

    def is_open(self, tracking_id: str) -> bool:
        """Whether there is such a job, and it has not ended."""
        asked = {"id": tracking_id}

        def look(db: apsw.Connection) -> bool:
            return bool(db.execute(queries()["is_open"], asked).fetchall())

        return self._connections.read(look)

    def claim(self, now: int, lease: int) -> JobRow | None:
        """Take the oldest job that waits, or whose worker has let its lease run out."""

        def look(db: apsw.Connection) -> bool:
            return bool(db.execute(queries()["has_job"], {"now": now}).fetchall())

        def take(db: apsw.Connection) -> list[tuple[Any, ...]]:
            return db.execute(queries()["claim"], {"now": now, "lease": lease}).fetchall()

        # Where nothing waited lately mostly nothing waits, and nobody must wait for the one writer.
        busy = self._busy or self._connections.read(look)
        rows = self._connections.write(take) if busy else []
        self._busy = bool(rows)
        return JobRow.of(rows[0]) if rows else None

    def renew(self, tracking_id: str, tries: int, lease: int) -> bool:
        """Hold a job longer; False when another has taken it since."""
        return self._write("renew", {"id": tracking_id, "tries": tries, "lease": lease}) > 0

    def end(self, job: JobRow) -> bool:
        """Write status, `ended` and outcome of a job; False when another try has taken it."""
        return self._write("end_job", job.columns()) > 0

    def purge(self, before: int) -> int:
        """Drop the payloads and results of jobs that ended before a time; how many."""
        asked = {"before": before}

        def look(db: apsw.Connection) -> bool:
            return bool(db.execute(queries()["is_full"], asked).fetchall())

        return self._write("purge", asked) if self._connections.read(look) else 0

    def _write(self, query: str, asked: Mapping[str, Any]) -> int:
        return self._connections.write(lambda db: done(db, query, asked))


class MemoryJobs:
    """The queue of a store in memory; see `Jobs`."""

    address = None

    def __init__(self) -> None:
        """No jobs yet."""
        self._lock = threading.Lock()
        self._jobs: dict[str, JobRow] = {}

    def add(self, job: JobRow) -> None:
        """Keep one more job."""
        with self._lock:
            if job.tracking_id in self._jobs:
                raise VaultError("a job has this tracking id already")
            self._jobs[job.tracking_id] = job

    def get(self, namespace: int, tracking_ids: Sequence[str]) -> Mapping[str, JobRow]:
        """Those of these jobs that are of this namespace, by their ids."""
        with self._lock:
            found = {one: self._jobs[one] for one in tracking_ids if one in self._jobs}
        return {one: job for one, job in found.items() if job.namespace == namespace}

    def is_open(self, tracking_id: str) -> bool:
        """Whether there is such a job, and it has not ended."""
        with self._lock:
            held = self._jobs.get(tracking_id)
            return held is not None and held.status in {"PENDING", "IN-PROGRESS"}

    def claim(self, now: int, lease: int) -> JobRow | None:
        """Take the oldest job that waits, or whose worker has let its lease run out."""
        with self._lock:
            for job in self._jobs.values():
                late = job.status == "IN-PROGRESS" and job.lease < now
                if job.status == "PENDING" or late:
                    taken = replace(
                        job,
                        status="IN-PROGRESS",
                        started=now if job.started is None else job.started,
                        lease=lease,
                        tries=job.tries + 1,
                    )
                    self._jobs[job.tracking_id] = taken
                    return taken
        return None

    def renew(self, tracking_id: str, tries: int, lease: int) -> bool:
        """Hold a job longer; False when another has taken it since."""
        with self._lock:
            held = self._jobs.get(tracking_id)
            if held is None or held.tries != tries or held.status != "IN-PROGRESS":
                return False
            self._jobs[tracking_id] = replace(held, lease=lease)
            return True

    def end(self, job: JobRow) -> bool:
        """Write status, `ended` and outcome of a job; False when another try has taken it."""
        with self._lock:
            held = self._jobs.get(job.tracking_id)
            if held is None or held.tries != job.tries or held.status != "IN-PROGRESS":
                return False
            self._jobs[job.tracking_id] = replace(
                held,
                status=job.status,
                ended=job.ended,
                outcome=job.outcome,
            )
            return True

    def purge(self, before: int) -> int:
        """Drop the payloads and results of jobs that ended before a time; how many."""
        with self._lock:
            old = [
                job
                for job in self._jobs.values()
                if job.ended is not None and job.ended < before and job.payload is not None
            ]
            for job in old:
                done = job.status == "SUCCESS"
                self._jobs[job.tracking_id] = replace(
                    job,
                    status="PURGED" if done else job.status,
                    payload=None,
                    outcome=None if done else job.outcome,
                )
            return len(old)

    def of(self, namespace: int) -> list[JobRow]:
        """Every job of a namespace."""
        with self._lock:
            return [job for job in self._jobs.values() if job.namespace == namespace]

    def drop(self, namespace: int) -> None:
        """Forget the jobs of a namespace."""
        with self._lock:
            self._jobs = {i: job for i, job in self._jobs.items() if job.namespace != namespace}
