"""The queue: a job outlives its worker and its process, and ends once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.jobs import LEASE, PURGE_AFTER, TRIES, Claimed, Failure, Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.rotation import begin
from llm_guard_protecto.engine.workers import Workers, workers_for
from llm_guard_protecto.errors import Unreadable, VaultError

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
CLEAR = "Wilhelmina Featherstonehaugh"


class Clock:
    now = 1_772_600_767.0

    def __call__(self) -> float:
        return self.now


class Shop:
    """A vault, its queue, and a clock that stands still."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url, self.clock = url, clock
        self.vault = LocalVault(url, environ=KEY, clock=clock)
        self.namespaces = Namespaces(self.vault)
        self.queue = Queue(self.namespaces, clock=clock)

    def submit(self, payload: Any = None) -> str:
        return self.queue.submit(self.vault, "mask", "someone", payload)

    def status(self, tracking_id: str) -> str:
        [job] = self.queue.look(self.vault, [tracking_id])
        assert job is not None
        return job.status

    def claimed(self) -> Claimed:
        job = self.queue.claim()
        assert job is not None
        return job


def together(work: Callable[[], None], number: int) -> None:
    """Do the same in many threads that start at once."""
    barrier = threading.Barrier(number)

    def run() -> None:
        barrier.wait()
        work()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    made = Shop(store_url, Clock())
    yield made
    made.vault.close()


def test_jobs_are_taken_in_order_and_only_once(shop: Shop) -> None:
    ids = []
    for n in range(4):
        ids.append(shop.submit({"n": n}))
        shop.clock.now += 1
    taken = [shop.claimed() for _ in ids]
    assert [one.row.tracking_id for one in taken] == ids
    assert [one.payload for one in taken] == [{"n": n} for n in range(4)]
    assert shop.queue.claim() is None


def test_a_job_whose_worker_fell_silent_is_taken_over_and_ends_once(shop: Shop) -> None:
    tracking_id = shop.submit("text")
    first = shop.claimed()
    shop.clock.now += LEASE
    assert shop.queue.claim() is None
    shop.clock.now += 1
    second = shop.claimed()
    assert second.payload == "text"
    assert not shop.queue.renew(first)
    assert not shop.queue.succeed(first, "late")
    assert not shop.queue.fail(first, "late")
    assert shop.queue.succeed(second, "good")
    assert not shop.queue.succeed(second, "again")
    [job] = shop.queue.look(shop.vault, [tracking_id])
    assert job is not None
    assert (job.status, job.result, job.ended) == ("SUCCESS", "good", shop.clock.now)


def test_a_worker_that_says_it_lives_keeps_its_job(shop: Shop) -> None:
    shop.submit()
    job = shop.claimed()
    for _ in range(5):
        shop.clock.now += LEASE
        assert shop.queue.renew(job)
        assert shop.queue.claim() is None
    assert shop.queue.succeed(job, None)


def test_a_job_that_kills_its_workers_is_given_up(shop: Shop) -> None:
    tracking_id = shop.submit()
    for _ in range(TRIES):
        shop.claimed()
        shop.clock.now += LEASE + 1
    assert shop.queue.claim() is None
    [job] = shop.queue.look(shop.vault, [tracking_id])
    assert job is not None
    assert job.status == "FAILED"
    assert job.error == "the job was given up: its worker stopped three times"


def test_a_worker_answers_refuses_and_tries_again(shop: Shop) -> None:
    calls: list[Any] = []

    def do(job: Claimed) -> Any:
        calls.append(job.payload)
        if job.payload == "wrong":
            raise Failure("this is wrong")
        if job.payload == "once" and calls.count("once") == 1:
            raise RuntimeError(CLEAR)
        if job.payload == "never":
            raise RuntimeError(CLEAR)
        return job.payload

    workers = Workers(shop.queue, do)
    ids = {payload: shop.submit(payload) for payload in ("good", "wrong", "once", "never")}
    while (job := shop.queue.claim()) is not None:
        workers.settle(job)
        shop.clock.now += 1
    jobs = {p: shop.queue.look(shop.vault, [i])[0] for p, i in ids.items()}
    told = {p: (job.status, job.result, job.error) for p, job in jobs.items() if job}
    assert told == {
        "good": ("SUCCESS", "good", None),
        "wrong": ("FAILED", None, "this is wrong"),
        "once": ("SUCCESS", "once", None),
        "never": ("FAILED", None, "the job failed three times"),
    }
    assert calls.count("never") == TRIES


def test_a_job_is_of_its_namespace(shop: Shop) -> None:
    shop.namespaces.create("other")
    other = shop.namespaces.get("other")
    assert other is not None
    tracking_id = shop.submit()
    assert shop.queue.look(other, [tracking_id]) == [None]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_job_outlives_its_process(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'vault.db'}"
    url = url if kind == "sqlite" else str(request.getfixturevalue("postgres"))
    clock = Clock()
    before = Shop(url, clock)
    ids = [before.submit(n) for n in range(2)]
    before.claimed()  # and then the process dies
    before.vault.close()
    after = Shop(url, clock)
    assert [after.status(one) for one in ids] == ["IN-PROGRESS", "PENDING"]
    after.queue.succeed(after.claimed(), "done")
    clock.now += LEASE + 1
    after.queue.succeed(after.claimed(), "done too")
    assert [after.status(one) for one in ids] == ["SUCCESS", "SUCCESS"]
    after.vault.close()


def test_no_payload_and_no_result_stands_in_the_file(tmp_path: Path) -> None:
    shop = Shop(f"sqlite:///{tmp_path / 'vault.db'}", Clock())
    for end in (shop.queue.succeed, shop.queue.fail):
        shop.submit({"mask": [{"value": CLEAR}]})
        end(shop.claimed(), CLEAR)
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"IN-PROGRESS" in on_disk
    assert CLEAR.encode() not in on_disk
    assert CLEAR not in repr(shop.queue.look(shop.vault, ["x"]))
    shop.vault.close()


def test_a_payload_opens_only_as_that_of_its_job(tmp_path: Path) -> None:
    import apsw

    path = tmp_path / "vault.db"
    shop = Shop(f"sqlite:///{path}", Clock())
    ids = [shop.submit(n) for n in range(2)]
    db = apsw.Connection(str(path))
    db.execute("UPDATE jobs SET payload = (SELECT payload FROM jobs ORDER BY rowid LIMIT 1)")
    db.close()
    assert shop.queue.look(shop.vault, ids[:1])
    with pytest.raises(Unreadable):
        shop.queue.look(shop.vault, ids[1:])
    shop.vault.close()


def test_what_a_job_shows_of_itself(shop: Shop) -> None:
    tracking_id = shop.submit(CLEAR)
    job = shop.claimed()
    shop.queue.succeed(job, CLEAR)
    assert CLEAR not in repr(job)
    assert CLEAR not in repr(shop.queue.look(shop.vault, [tracking_id]))


def test_an_id_is_given_once(shop: Shop) -> None:
    shop.submit("first")
    job = shop.claimed()
    with pytest.raises(VaultError):
        shop.vault.store.jobs.add(replace(job.row, payload=b"second"))
    assert shop.queue.succeed(job, "good")


def test_a_job_is_open_until_it_has_ended(shop: Shop) -> None:
    tracking_id = shop.submit()
    other = shop.submit()
    assert not shop.queue.is_open("unknown")
    assert shop.queue.is_open(tracking_id)
    job = shop.claimed()
    assert shop.queue.is_open(tracking_id)
    shop.queue.fail(job, "wrong")
    assert not shop.queue.is_open(tracking_id)
    shop.queue.succeed(shop.claimed(), "good")
    shop.clock.now += PURGE_AFTER + 1
    assert shop.queue.purge() == 2
    assert not shop.queue.is_open(other)


def test_what_was_submitted_at_once_is_done_once_each(shop: Shop) -> None:
    """Many clients, the same value, the same moment; then many workers."""
    ids: list[str] = []
    done: list[str] = []

    def submit() -> None:
        ids.append(shop.submit({"mask": [{"value": "Ask Sarah Johnson"}]}))

    def work() -> None:
        while (job := shop.queue.claim()) is not None:
            [masked] = shop.vault.mask([job.payload["mask"][0]["value"]])
            if shop.queue.succeed(job, masked.token_value):
                done.append(job.row.tracking_id)

    together(submit, 8)
    together(work, 8)
    assert sorted(done) == sorted(ids)
    results = {job.result for job in shop.queue.look(shop.vault, ids) if job}
    assert len(results) == 1


def test_a_job_of_a_deleted_namespace_is_not_done(shop: Shop) -> None:
    """One that was taken when the namespace went ends without a trace of its own."""
    shop.namespaces.create("other")
    other = shop.namespaces.get("other")
    assert other is not None
    for n in range(2):
        shop.queue.submit(other, "mask", "someone", n)
    taken = shop.claimed()
    assert shop.namespaces.delete("other")
    assert shop.queue.claim() is None
    assert not shop.queue.succeed(taken, "late")
    assert not shop.queue.is_open(taken.row.tracking_id)


def test_a_job_that_nobody_can_read_fails(shop: Shop) -> None:
    tracking_id = shop.submit("text")
    row = shop.vault.store.jobs.get(shop.vault.keyring.namespace, [tracking_id])[tracking_id]
    twin = replace(row, tracking_id="twin")  # sealed for another job
    shop.vault.store.jobs.add(twin)
    assert shop.claimed().row.tracking_id == tracking_id
    assert shop.queue.claim() is None
    [job] = shop.queue.look(shop.vault, ["twin"])
    assert job is not None
    assert (job.status, job.payload) == ("FAILED", None)
    assert "cannot be read" in str(job.error)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_job_sealed_under_a_key_that_is_new_is_read(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The keys were rotated by one process; another still has the old ones in memory."""
    url = f"sqlite:///{tmp_path / 'vault.db'}"
    clock = Clock()
    server = Shop(url if kind == "sqlite" else str(request.getfixturevalue("postgres")), clock)
    worker = Shop(server.url, clock)
    vault = server.vault
    begin(vault.store, "default", vault.root, "data", vault.today())
    vault.refresh()
    tracking_id = server.submit("text")
    job = worker.claimed()
    assert (job.payload, job.row.key_version) == ("text", 2)
    assert worker.queue.succeed(job, "good")
    assert server.status(tracking_id) == "SUCCESS"
    for one in (worker, server):
        one.vault.close()


def test_workers_wait_for_the_job_at_work_and_leave_the_others(shop: Shop) -> None:
    began, go_on = threading.Event(), threading.Event()

    def do(job: Claimed) -> Any:
        began.set()
        go_on.wait(30)
        return job.payload

    workers = workers_for(shop.queue, do, 1)
    first, second = shop.submit(1), shop.submit(2)
    workers.start()
    assert began.wait(30)
    threading.Timer(0.2, go_on.set).start()
    workers.stop(wait=30)
    assert (shop.status(first), shop.status(second)) == ("SUCCESS", "PENDING")


def test_without_workers_nothing_is_done_but_old_jobs_are_purged(shop: Shop) -> None:
    queue = Queue(shop.namespaces, clock=shop.clock, lease=1)
    workers = workers_for(queue, lambda job: job.payload, 0)
    old, waiting = shop.submit(), shop.submit()
    shop.queue.succeed(shop.claimed(), "good")
    shop.clock.now += PURGE_AFTER + 1
    workers.start()
    deadline = time.monotonic() + 30
    namespace = shop.vault.keyring.namespace
    while shop.vault.store.jobs.get(namespace, [old])[old].status != "PURGED":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    workers.stop()
    assert shop.status(waiting) == "PENDING"
