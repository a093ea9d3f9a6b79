"""Counting calls: cheap, and not lost when the store does not answer for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.engine.store.audit import Hit
from llm_guard_protecto.engine.store.sqlite import SqliteStore
from llm_guard_protecto.engine.usage import FLUSH_SECONDS, Usage
from llm_guard_protecto.errors import VaultUnavailable

NOW = 5 * 86_400 + 7


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[SqliteStore, apsw.Connection]]:
    """A store that hardly waits, and somebody else who can lock its file."""
    with SqliteStore(tmp_path / "vault.db", patience=0.05) as store:
        other = apsw.Connection(str(tmp_path / "vault.db"))
        yield store, other
        other.close()


def test_calls_are_counted_by_day_path_outcome_and_user(store: Store) -> None:
    store.namespace("acme")
    clock = Clock()
    usage = Usage(store, clock)
    for who in ("ada", "bo", "ada"):
        usage.hit("acme", "/mask", "success", who)
    usage.hit("acme", "/mask", "failure", "ada")
    clock.now += 86_400
    usage.hit("acme", "/mask", "success", "ada")
    assert usage.of("acme") == [
        Hit(5, "/mask", "failure", "ada", 1, NOW),
        Hit(5, "/mask", "success", "ada", 2, NOW),
        Hit(5, "/mask", "success", "bo", 1, NOW),
        Hit(6, "/mask", "success", "ada", 1, NOW + 86_400),
    ]
    assert [hit.day for hit in usage.of("acme", 6, 6)] == [6]
    assert usage.of("nowhere") == []


def test_counts_of_a_namespace_that_is_gone_are_dropped(store: Store) -> None:
    store.namespace("acme")
    usage = Usage(store, Clock())
    usage.hit("nowhere", "/mask", "success", "ada")
    usage.hit("acme", "/mask", "success", "ada")
    assert len(usage.of("acme")) == 1


def test_many_threads_count_right(store: Store) -> None:
    store.namespace("acme")
    usage = Usage(store, Clock())
    other = Usage(store, Clock())

    def count(number: int) -> None:
        (usage if number % 2 else other).hit("acme", "/mask", "success", "ada")
        if number % 50 == 0:
            usage.flush()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(1000)))
    other.flush()
    assert [hit.count for hit in usage.of("acme")] == [1000]


def test_nothing_is_lost_while_the_store_cannot_be_written(
    locked: tuple[SqliteStore, apsw.Connection],
) -> None:
    store, other = locked
    store.namespace("acme")
    usage = Usage(store, Clock())
    usage.hit("acme", "/mask", "success", "ada")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(VaultUnavailable):
        usage.flush()
    usage.hit("acme", "/mask", "success", "ada")
    with pytest.raises(VaultUnavailable):
        usage.of("acme")
    other.execute("ROLLBACK")
    assert [hit.count for hit in usage.of("acme")] == [2]


def test_counts_reach_the_store_by_themselves_and_at_the_end(store: Store) -> None:
    here = store.namespace("acme")
    usage = Usage(store, Clock())
    before = threading.enumerate()
    usage.start()
    try:
        usage.hit("acme", "/mask", "success", "ada")
        deadline = time.monotonic() + 60
        while not store.audit.hits(here):
            assert time.monotonic() < deadline
            time.sleep(FLUSH_SECONDS / 10)
        usage.hit("acme", "/mask", "success", "ada")
    finally:
        usage.stop()
    assert [hit.count for hit in store.audit.hits(here)] == [2]
    assert set(threading.enumerate()) <= set(before)
