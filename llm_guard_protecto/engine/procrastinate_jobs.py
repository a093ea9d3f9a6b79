"""procrastinate's side of a PostgreSQL vault: its tables, and its job for each of ours.

Our row of `jobs` says what a job is and how it ended; procrastinate's says who is to do it next.
The two are written together: both when a job is submitted, both when it is taken, both when it
ends, each time in one transaction. Procrastinate's row holds the tracking id and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, cast

import psycopg
from procrastinate import sql as theirs
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from procrastinate.types import JobToDefer
from psycopg.types.json import Jsonb

from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.engine.store.text import to_text

__all__ = ["QUEUE", "SCHEMA", "TASK", "Manager", "defer", "is_prepared", "prepare", "with_theirs"]

SCHEMA = "llm_guard_protecto_jobs"
"""The PostgreSQL schema of procrastinate's tables, beside that of the vault."""

QUEUE = "jobs"
TASK = "llm_guard_protecto.job"

_ENDED = {"job_id": "handed.id", "status": "'succeeded'", "delete_job": "true"}


def is_prepared(connection: psycopg.Connection[Any]) -> bool:
    """Whether procrastinate's tables are there, and as new as what is installed here."""
    return _seen(connection) >= _migrations()[-1]


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Make procrastinate's tables, or bring them to the version that is installed here.

    To be called in a transaction; whoever comes second waits and finds it done. The comment of the
    schema names the newest migration that it has seen.
    """
    connection.execute(queries()["lock_schema"])
    known, seen = _migrations(), _seen(connection)
    if seen >= known[-1]:
        return
    connection.execute(queries()["dispatch_schema"])
    connection.execute(queries()["dispatch_path"])
    if seen:
        folder = files("procrastinate.sql").joinpath("migrations")
        for name in known:
            if name > seen:
                script: Any = folder.joinpath(name).read_text("utf-8")
                connection.execute(script)
    else:
        connection.execute(SchemaManager.get_schema())
    note: Any = f"COMMENT ON SCHEMA {SCHEMA} IS '{known[-1]}'"
    connection.execute(note)


def _seen(connection: psycopg.Connection[Any]) -> str:
    """The newest migration that the schema has seen; empty when there is no schema."""
    found = connection.execute(queries()["dispatch_seen"]).fetchone()
    return "" if found is None else found[0] or ""


def _migrations() -> list[str]:
    folder = files("procrastinate.sql").joinpath("migrations")
    return sorted(one.name for one in folder.iterdir() if one.name.endswith(".sql"))


def defer(connection: psycopg.Connection[Any], tracking_ids: Sequence[str]) -> None:
    """Let procrastinate hand out jobs, in the transaction in which they are written."""
    if tracking_ids:
        connection.execute(
            theirs.queries["defer_jobs"], {"jobs": [_to_defer(one) for one in tracking_ids]}
        )


def _to_defer(tracking_id: str) -> JobToDefer:
    kwargs: Any = Jsonb({"tracking_id": tracking_id})
    return JobToDefer(
        queue_name=QUEUE,
        task_name=TASK,
        priority=0,
        lock=None,
        queueing_lock=tracking_id,  # so that one job never waits twice
        args=kwargs,
        scheduled_at=None,
    )


@cache
def with_theirs(name: str) -> LiteralString:
    """A statement of ours that holds one of procrastinate's."""
    finish = theirs.queries["finish_job"].strip().removesuffix(";").removeprefix("SELECT ")
    for parameter, value in _ENDED.items():
        finish = finish.replace(f"%({parameter})s", value)
    fetch = theirs.queries["fetch_job"].strip().removesuffix(";")
    statement: Any = queries()[name].replace("{finish}", finish).replace("{fetch}", fetch)
    return cast("LiteralString", statement)


class Manager(JobManager):
    """procrastinate's, but that taking and ending a job also take and end our row.

    `claimed` has our rows of the jobs just taken by procrastinate's ids; a job that has none
    cannot be done now. `ended` has those ids whose jobs `Jobs.end` has ended together with ours.
    """

    def __init__(self, connector: BaseConnector, lease: int, clock: Callable[[], float]) -> None:
        """All statements go through `connector`. Jobs are held for `lease` seconds."""
        super().__init__(connector)
        self._lease = lease
        self._clock = clock
        self.claimed: dict[int, JobRow] = {}
        self.ended: set[int] = set()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Take the next job, procrastinate's and ours in one statement."""
        now = int(self._clock())
        row = await self.connector.execute_query_one_async(
            query=with_theirs("dispatch_fetch"),
            queues=list(queues or [QUEUE]),
            worker_id=worker_id,
            now=now,
            lease=now + self._lease,
        )
        if row["id"] is None:
            return None
        if row["tracking_id"] is not None:
            self.claimed[row["id"]] = _job(row)
        return Job.from_row(row)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Forget procrastinate's job, however it ended; ours says how."""
        del status, delete_job
        if job.id in self.ended:
            self.ended.discard(job.id)
        else:
            await self.connector.execute_query_all_async(
                query=with_theirs("dispatch_finish"), id=job.id
            )


def _job(row: dict[str, Any]) -> JobRow:
    return JobRow(
        row["tracking_id"],
        row["namespace"],
        row["call"],
        to_text(row["owner"]),
        "IN-PROGRESS",
        row["submitted"],
        row["key_version"],
        row["payload"],
        started=row["started"],
        lease=row["lease"],
        tries=row["tries"],
    )
