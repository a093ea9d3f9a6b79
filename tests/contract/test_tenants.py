"""One suite for every store: its namespaces, its bearers and its queue."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.tenants import Bearer
from llm_guard_protecto.errors import VaultError, VaultUnavailable
from tests.contract.test_store import row


def bearer(number: int, namespace: int | None) -> Bearer:
    return Bearer(bytes([number]) * 32, namespace, f"user \ud800 {number}", ("mask",), 5, None, 9)


def job(number: int, namespace: int, *, at: int = 100) -> JobRow:
    return JobRow(f"id {number}", namespace, "mask", "alice", "PENDING", at, 1, b"sealed")


def test_namespaces_are_named_in_order_of_age(store: Store) -> None:
    numbers = {name: store.namespace(name) for name in ("b", "a", "c \ud800")}
    assert dict(store.tenants.names()) == numbers
    assert list(store.tenants.names()) == list(numbers)
    for name, number in numbers.items():
        assert store.tenants.number_of(name) == number
        assert store.tenants.name_of(number) == name
    assert store.tenants.number_of("d") is None
    assert store.tenants.name_of(99) is None


def test_what_is_dropped_takes_everything_with_it_and_nothing_else(store: Store) -> None:
    gone, stays = store.namespace("gone"), store.namespace("stays")
    for here in (gone, stays):
        store.add(here, [row(1)])
        store.put_policy(here, "p", "{}")
        store.tenants.add_bearer(bearer(here, here))
        store.jobs.add(job(here, here))
    assert store.tenants.drop(gone)
    assert not store.tenants.drop(gone)
    assert list(store.tenants.names()) == ["stays"]
    assert store.tenants.number_of("gone") is None
    assert store.tenants.name_of(gone) is None
    with pytest.raises(VaultError):
        store.add(gone, [row(2)])
    with pytest.raises(VaultError):
        store.by_index(gone, [row(1).index])
    assert store.tenants.bearers(gone) == []
    assert store.tenants.bearer(bearer(gone, gone).digest) is None
    assert not store.jobs.get(gone, [f"id {gone}"])
    again = store.namespace("gone")
    assert again not in {gone, stays}
    assert store.by_index(again, [row(1).index]) == []
    assert store.policies(again) == []
    assert store.by_index(stays, [row(1).index]) == [row(1)]
    assert store.policies(stays) == ["p"]
    assert store.tenants.bearers(stays) == [bearer(stays, stays)]
    assert store.jobs.get(stays, [f"id {stays}"])


def test_bearers_come_back_as_they_were(store: Store) -> None:
    here = store.namespace("here")
    users = [bearer(n, here) for n in range(3)]
    root = replace(bearer(9, None), permissions=(), last_day=7)
    for one in (*users, root):
        store.tenants.add_bearer(one)
    assert store.tenants.bearers(here) == users
    assert store.tenants.bearers(None) == [root]
    assert store.tenants.bearer(root.digest) == root
    assert store.tenants.bearer(b"x" * 32) is None


def test_a_bearer_is_revoked_once(store: Store) -> None:
    one = bearer(1, store.namespace("here"))
    store.tenants.add_bearer(one)
    assert store.tenants.revoke(one.digest, 77)
    assert not store.tenants.revoke(one.digest, 78)
    assert not store.tenants.revoke(b"x" * 32, 79)
    assert store.tenants.bearer(one.digest) == replace(one, revoked=77)


def test_jobs_come_back_as_they_were_to_their_namespace(store: Store) -> None:
    here, there = store.namespace("here"), store.namespace("there")
    waits = job(1, here)
    done = replace(job(2, here), status="SUCCESS", started=1, ended=2, outcome=b"o", payload=None)
    for one in (waits, done):
        store.jobs.add(one)
    assert store.jobs.get(here, ["id 1", "id 2", "id 3"]) == {"id 1": waits, "id 2": done}
    assert store.jobs.get(there, ["id 1"]) == {}
    assert store.jobs.get(here, []) == {}


def test_a_job_is_claimed_held_and_ended(store: Store) -> None:
    here = store.namespace("here")
    store.jobs.add(job(1, here))
    taken = store.jobs.claim(110, 150)
    assert taken == replace(job(1, here), status="IN-PROGRESS", started=110, lease=150, tries=1)
    assert store.jobs.claim(150, 200) is None
    assert store.jobs.renew("id 1", 1, 180)
    assert store.jobs.claim(180, 200) is None
    again = store.jobs.claim(181, 240)
    assert again == replace(taken, lease=240, tries=2)
    ended = replace(again, status="SUCCESS", ended=182, outcome=b"o")
    assert not store.jobs.renew("id 1", 1, 999)
    assert not store.jobs.end(replace(ended, tries=1))
    assert store.jobs.end(ended)
    assert not store.jobs.end(ended)
    assert store.jobs.get(here, ["id 1"]) == {"id 1": ended}
    assert store.jobs.claim(999, 1099) is None


def test_the_oldest_job_goes_first(store: Store) -> None:
    here = store.namespace("here")
    for number, at in [(1, 100), (2, 100), (3, 101)]:
        store.jobs.add(job(number, here, at=at))
    taken = [store.jobs.claim(200, 300) for _ in range(4)]
    assert [one and one.tracking_id for one in taken] == ["id 1", "id 2", "id 3", None]


def test_each_job_is_claimed_by_one_of_many(store: Store) -> None:
    here = store.namespace("here")
    for number in range(60):
        store.jobs.add(job(number, here))
    taken: list[str] = []
    start = threading.Barrier(6)

    def claim() -> None:
        start.wait()
        while (one := store.jobs.claim(200, 300)) is not None:
            taken.append(one.tracking_id)

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"id {number}" for number in range(60))


def test_purging_leaves_what_is_young_what_runs_and_why_something_failed(store: Store) -> None:
    here = store.namespace("here")
    rows = [
        replace(job(1, here), status="SUCCESS", started=1, ended=10, outcome=b"o"),
        replace(job(2, here), status="FAILED", started=1, ended=10, outcome=b"o"),
        replace(job(3, here), status="SUCCESS", started=1, ended=20, outcome=b"o"),
        job(4, here),
    ]
    for one in rows:
        store.jobs.add(one)
    assert store.jobs.purge(20) == 2
    assert store.jobs.purge(20) == 0
    left = store.jobs.get(here, [one.tracking_id for one in rows])
    assert left == {
        "id 1": replace(rows[0], status="PURGED", payload=None, outcome=None),
        "id 2": replace(rows[1], payload=None),
        "id 3": rows[2],
        "id 4": rows[3],
    }


def test_the_key_status_counts_jobs(store: Store) -> None:
    here = store.namespace("here")
    store.jobs.add(job(1, here))
    assert store.usage(here) == {1: 1}


def test_a_closed_store_answers_nothing(store: Store) -> None:
    store.namespace("here")
    store.close()
    with pytest.raises(VaultUnavailable):
        store.tenants.names()
