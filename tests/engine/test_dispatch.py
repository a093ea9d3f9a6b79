"""procrastinate beside the jobs of a PostgreSQL vault: written together, taken and ended together."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.jobs import TRIES, Claimed, Failure, Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.procrastinate_jobs import QUEUE, TASK, is_prepared, prepare
from llm_guard_protecto.engine.store import open_store
from llm_guard_protecto.engine.workers import workers_for
from llm_guard_protecto.errors import VaultError

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
CLEAR = "Wilhelmina Featherstonehaugh"
HANDED = (
    "SELECT task_name, queue_name, args, status FROM llm_guard_protecto_jobs.procrastinate_jobs"
)


class Site:
    """A vault in PostgreSQL, its queue, and a look behind them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.vault = LocalVault(url, environ=KEY)
        self.namespaces = Namespaces(self.vault)
        self.queue = Queue(self.namespaces, lease=2)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as db:
            done = db.execute(statement)
            return done.fetchall() if done.description else []

    def submit(self, payload: Any = None) -> str:
        return self.queue.submit(self.vault, "mask", "someone", payload)

    def status(self, tracking_id: str) -> str | None:
        [job] = self.queue.look(self.vault, [tracking_id])
        return None if job is None else job.status

    @contextmanager
    def working(self, do: Callable[[Claimed], Any], threads: int = 2) -> Iterator[None]:
        workers = workers_for(self.queue, do, threads)
        workers.start()
        try:
            yield
        finally:
            workers.stop()


@pytest.fixture
def site(postgres: str) -> Iterator[Site]:
    made = Site(postgres)
    yield made
    made.vault.close()


@pytest.fixture
def own_site(empty_postgres: str) -> Iterator[Site]:
    """One whose tables may be altered."""
    made = Site(empty_postgres)
    yield made
    made.vault.close()


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def test_both_know_of_a_job_and_procrastinate_knows_its_id_only(site: Site) -> None:
    tracking_id = site.submit(CLEAR)
    assert site.sql(HANDED) == [(TASK, QUEUE, {"tracking_id": tracking_id}, "todo")]
    assert site.status(tracking_id) == "PENDING"


def test_a_job_is_written_to_both_or_to_neither(own_site: Site) -> None:
    own_site.sql(
        "ALTER TABLE llm_guard_protecto_jobs.procrastinate_jobs ADD CHECK (queue_name = 'no')"
    )
    with pytest.raises(VaultError):
        own_site.submit()
    assert own_site.sql("SELECT * FROM llm_guard_protecto.jobs") == []
    assert own_site.sql(HANDED) == []


def test_what_has_been_done_already_is_not_handed_out(site: Site) -> None:
    site.queue.record(site.vault, "namespace-creation", "admin", "done")
    assert site.sql(HANDED) == []


def test_workers_do_all_jobs_and_nothing_of_them_stays_with_procrastinate(site: Site) -> None:
    before = [site.submit(n) for n in range(5)]
    with site.working(lambda job: {"had": job.payload}):
        after = [site.submit(n) for n in range(5, 10)]
        until(lambda: {site.status(one) for one in before + after} == {"SUCCESS"})
    jobs = site.queue.look(site.vault, before + after)
    assert [job.result for job in jobs if job] == [{"had": n} for n in range(10)]
    assert site.sql(HANDED) == []


def test_a_worker_that_waits_is_told_of_a_job(site: Site) -> None:
    began = threading.Event()
    with site.working(lambda job: began.set(), 1):
        time.sleep(1.5)  # long enough for it to find nothing
        site.submit()
        assert began.wait(30)


def test_errors_are_tried_again_and_refusals_are_not(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[Any] = []

    def do(job: Claimed) -> Any:
        calls.append(job.payload)
        if job.payload == "wrong":
            raise Failure("this is wrong")
        raise RuntimeError(CLEAR)

    ids = [site.submit(payload) for payload in ("wrong", "never")]
    with caplog.at_level(logging.INFO), site.working(do):
        until(lambda: {site.status(one) for one in ids} == {"FAILED"})
    wrong, never = (job.error for job in site.queue.look(site.vault, ids) if job)
    assert (wrong, never) == ("this is wrong", "the job failed three times")
    assert (calls.count("wrong"), calls.count("never")) == (1, TRIES)
    assert f"job {ids[1]} mask try 3: FAILED" in caplog.text
    assert CLEAR not in caplog.text


def test_a_job_that_ended_elsewhere_is_not_done_again(site: Site) -> None:
    """A leftover of procrastinate does no harm: our row says what is to be done."""
    ended, gone = site.submit(), site.submit()
    job = site.queue.claim()
    assert job is not None
    assert site.queue.succeed(job, "done elsewhere")
    site.sql(f"DELETE FROM llm_guard_protecto.jobs WHERE tracking_id = '{gone}'")
    assert len(site.sql(HANDED)) == 2
    done: list[str] = []
    with site.working(lambda job: done.append(job.row.tracking_id)):
        until(lambda: site.sql(HANDED) == [])
    assert done == []
    [looked] = site.queue.look(site.vault, [ended])
    assert looked is not None
    assert looked.result == "done elsewhere"


def test_a_job_that_another_worker_holds_waits_for_it(site: Site) -> None:
    """Its lease runs out, since nobody renews it: then it is taken over, and ends once."""
    tracking_id = site.submit("text")
    first = site.queue.claim()
    assert first is not None
    with site.working(lambda job: job.row.tries):
        until(lambda: site.status(tracking_id) == "SUCCESS")
    assert not site.queue.succeed(first, "late")
    [job] = site.queue.look(site.vault, [tracking_id])
    assert job is not None
    assert job.result == 2
    assert site.sql(HANDED) == []


def test_what_a_dead_worker_was_given_is_handed_out_again(site: Site) -> None:
    """It died between procrastinate's hand and ours: only procrastinate knows of it."""
    tracking_id = site.submit()
    site.sql(
        "SET search_path = llm_guard_protecto_jobs;"
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour');"
        "UPDATE procrastinate_jobs SET status = 'doing',"
        " worker_id = (SELECT max(id) FROM procrastinate_workers)"
    )
    with site.working(lambda job: job.row.tries):
        until(lambda: site.status(tracking_id) == "SUCCESS")


def test_jobs_of_a_deleted_namespace_are_forgotten(site: Site) -> None:
    site.namespaces.create("other")
    other = site.namespaces.get("other")
    assert other is not None
    site.queue.submit(other, "mask", "someone", CLEAR)
    assert site.namespaces.delete("other")
    with site.working(lambda job: pytest.fail("it was done")):
        until(lambda: site.sql(HANDED) == [])


def test_workers_outlive_their_connections(site: Site) -> None:
    with site.working(lambda job: job.payload):
        first = site.submit("first")
        until(lambda: site.status(first) == "SUCCESS")
        site.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        second = site.submit("second")
        until(lambda: site.status(second) == "SUCCESS")


def test_tables_are_made_once_however_many_come_first(empty_postgres: str) -> None:
    def first(_: int) -> None:
        open_store(empty_postgres).close()

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(first, range(8)))
    with psycopg.connect(empty_postgres) as db:
        assert is_prepared(db)


def test_tables_of_an_older_procrastinate_are_brought_up_to_date(own_site: Site) -> None:
    """As after an update of the package: what its last migration makes is missing."""
    schema = "llm_guard_protecto_jobs"
    assert own_site.sql(
        f"SELECT obj_description('{schema}'::regnamespace::oid, 'pg_namespace')"
    ) == [("03.04.00_50_post_add_retry_failed_job_procedure.sql",)]
    own_site.sql(
        f"COMMENT ON SCHEMA {schema} IS '03.04.00_01_pre_add_retry_failed_job_procedure.sql';"
    )
    with psycopg.connect(own_site.url, options="-c search_path=llm_guard_protecto") as db:
        assert not is_prepared(db)
        prepare(db)
        assert is_prepared(db)
    with own_site.working(lambda job: job.payload):
        tracking_id = own_site.submit("text")
        until(lambda: own_site.status(tracking_id) == "SUCCESS")
