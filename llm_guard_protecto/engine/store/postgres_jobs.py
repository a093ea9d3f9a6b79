"""The queue of a PostgreSQL vault: its own table, and procrastinate, which hands the jobs out.

A job is written to both in one transaction, and ends in both in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from llm_guard_protecto.engine.procrastinate_jobs import defer, is_prepared, prepare, with_theirs
from llm_guard_protecto.engine.store.gathering import Gathering
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.postgres_address import Address
from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.errors import VaultError, VaultUnavailable

__all__ = ["PostgresJobs"]

_SECONDS = 60.0


class PostgresJobs:
    """The queue of a PostgreSQL vault; see `Jobs`."""

    def __init__(self, connections: PostgresConnections) -> None:
        """Use the connections of the store, and make or update procrastinate's tables."""
        self._connections = connections
        if not connections.read(is_prepared):
            connections.write(prepare, again=True, patience=_SECONDS)
        self._gathering = Gathering(self._add)

    @property
    def address(self) -> Address:
        """Where procrastinate hands the jobs to workers."""
        return self._connections.address

    def add(self, job: JobRow) -> None:
        """Keep one more job, and let procrastinate hand it out if it is to be done."""
        self._gathering.do(job)

    def _add(self, jobs: Sequence[JobRow]) -> list[None]:
        """Keep jobs in one transaction. Each commit that tells workers waits for the one before."""
        values = [job.columns() for job in jobs]

        def put(db: psycopg.Connection[Any]) -> list[psycopg.Cursor[Any]]:
            for namespace in sorted({job.namespace for job in jobs}):
                db.execute(queries()["share_namespace"], {"namespace": namespace})
            defer(db, [job.tracking_id for job in jobs if job.status == "PENDING"])
            return [db.execute(queries()["add_job"], one) for one in values]

        try:
            self._connections.write_at_once(put)
        except VaultUnavailable:
            raise
        except VaultError:
            # Sent again after the connection was lost, they may be there from the first time.
            if not all(self._is("has_added", one) for one in values):
                raise VaultError("a job was not accepted; perhaps its id is taken") from None
        return [None] * len(jobs)

    def get(self, namespace: int, tracking_ids: Sequence[str]) -> Mapping[str, JobRow]:
        """Those of these jobs that are of this namespace, by their ids."""
        wanted = [one for one in dict.fromkeys(tracking_ids) if one.isascii() and "\0" not in one]
        if not wanted:
            return {}
        asked = {"namespace": namespace, "wanted": wanted}

        def find(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
            return db.execute(queries()["jobs"], asked, binary=True).fetchall()

        return {row[0]: JobRow.of(row) for row in self._connections.read(find)}

    def is_open(self, tracking_id: str) -> bool:
        """Whether there is such a job, and it has not ended."""
        return self._is("is_open", {"id": tracking_id})

    def claim(self, now: int, lease: int) -> JobRow | None:
        """Take the oldest job that waits, or whose worker has let its lease run out."""

        def take(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
            asked = {"now": now, "lease": lease}
            return db.execute(queries()["claim"], asked, binary=True).fetchall()

        rows = self._connections.write(take)
        return JobRow.of(rows[0]) if rows else None

    def renew(self, tracking_id: str, tries: int, lease: int) -> bool:
        """Hold a job longer; False when another has taken it since."""
        said = {"id": tracking_id, "tries": tries, "lease": lease}
        held = self._connections.write(lambda db: db.execute(queries()["renew"], said).rowcount)
        return held > 0

    def end(self, job: JobRow) -> bool:
        """Write status, `ended` and outcome of a job; False when another try has taken it."""
        said = job.columns()
        sent = 0

        def end(db: psycopg.Connection[Any]) -> list[psycopg.Cursor[Any]]:
            nonlocal sent
            sent += 1
            return [db.execute(with_theirs("end_job"), said)]

        [ended] = self._connections.write_at_once(end)
        if ended:
            return True
        # Sent again after the connection was lost, it may have been done the first time.
        return sent > 1 and self._is("has_ended", said)

    def purge(self, before: int) -> int:
        """Drop the payloads and results of jobs that ended before a time; how many."""

        def drop(db: psycopg.Connection[Any]) -> int:
            return db.execute(queries()["purge"], {"before": before}).rowcount

        return self._connections.write(drop, again=True)

    def _is(self, query: str, asked: Mapping[str, Any]) -> bool:
        """Whether a query finds anything."""
        return self._connections.read(
            lambda db: bool(db.execute(queries()[query], asked).fetchall())
        )
