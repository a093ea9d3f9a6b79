"""Chains of entries and counts of calls: the same holds for every store."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.engine.store.audit import AuditRow, Head, Hit, NewEntry
from llm_guard_protecto.errors import VaultError


def link(previous: bytes, number: int, new: NewEntry) -> bytes:
    """Any function of what came before will do for a store."""
    said = b"%d %d %b %b %b" % (number, new.moment, previous, new.entry, new.tokens)
    return sha256(said).digest()


def entry(number: int, moment: int | None = None) -> NewEntry:
    return NewEntry(1000 * number if moment is None else moment, b"entry %d" % number, b"hash" * 2)


def linked(rows: Sequence[AuditRow], base: bytes = b"") -> bool:
    for row in rows:
        base = link(base, row.number, NewEntry(row.moment, row.entry, row.tokens))
        if base != row.code:
            return False
    return True


def cutting(head: Head, removed: int) -> NewEntry:
    return NewEntry(99_000, b"cut %d behind %d" % (removed, head.base), head.base_code[:8])


def numbers(rows: Sequence[AuditRow]) -> list[int]:
    return [row.number for row in rows]


def test_a_chain_that_has_no_entry(store: Store) -> None:
    here = store.namespace("default")
    assert store.audit.head(here) == Head(0, b"", 0, b"")
    assert store.audit.rows(here) == []
    assert store.audit.count(here) == 0
    assert store.audit.append(here, [], link) == []
    assert store.audit.head(here) == Head()


def test_entries_are_numbered_and_linked_in_order(store: Store) -> None:
    here = store.namespace("default")
    first = store.audit.append(here, [entry(1)], link)
    more = store.audit.append(here, [entry(2), entry(3)], link)
    rows = store.audit.rows(here)
    assert rows == first + more
    assert numbers(rows) == [1, 2, 3]
    assert [row.entry for row in rows] == [b"entry 1", b"entry 2", b"entry 3"]
    assert linked(rows)
    assert store.audit.head(here) == Head(0, b"", 3, rows[-1].code)


def test_bytes_come_back_as_they_were(store: Store) -> None:
    here = store.namespace("default")
    every = bytes(range(256))
    [row] = store.audit.append(here, [NewEntry(2**53, every, every[::-1])], link)
    [back] = store.audit.rows(here)
    assert back == row
    assert (type(back.entry), type(back.tokens), type(back.code)) == (bytes, bytes, bytes)
    assert (back.entry, back.tokens, back.moment) == (every, every[::-1], 2**53)


def test_entries_come_in_pages_and_between_moments(store: Store) -> None:
    here = store.namespace("default")
    store.audit.append(here, [entry(n) for n in range(1, 11)], link)
    assert numbers(store.audit.rows(here, limit=4)) == [1, 2, 3, 4]
    assert numbers(store.audit.rows(here, after=8, limit=4)) == [9, 10]
    assert numbers(store.audit.rows(here, first=3000, last=5000)) == [3, 4, 5]
    assert numbers(store.audit.rows(here, after=3, limit=1, first=3000)) == [4]
    assert store.audit.count(here) == 10
    assert store.audit.count(here, 3000, 5000) == 3
    assert store.audit.count(here, first=9001) == 1
    assert store.audit.count(here, last=999) == 0


def test_each_namespace_has_a_chain_of_its_own(store: Store) -> None:
    one, two = store.namespace("one"), store.namespace("two")
    store.audit.append(one, [entry(1), entry(2)], link)
    store.audit.append(two, [entry(7)], link)
    assert numbers(store.audit.rows(one)) == [1, 2]
    assert [row.entry for row in store.audit.rows(two)] == [b"entry 7"]
    assert store.audit.head(two).number == 1


def test_a_link_that_fails_leaves_nothing(store: Store) -> None:
    here = store.namespace("default")
    store.audit.append(here, [entry(1)], link)
    before = store.audit.head(here)

    def broken(previous: bytes, number: int, new: NewEntry) -> bytes:
        if number == 3:
            raise ValueError("no more")
        return link(previous, number, new)

    with pytest.raises(ValueError, match="no more"):
        store.audit.append(here, [entry(2), entry(3)], broken)
    assert store.audit.head(here) == before
    assert numbers(store.audit.rows(here)) == [1]


def test_threads_make_one_chain(store: Store) -> None:
    here = store.namespace("default")

    def write(number: int) -> list[AuditRow]:
        return store.audit.append(here, [entry(number), entry(number)], link)

    with ThreadPoolExecutor(8) as pool:
        given_ = [row for rows in pool.map(write, range(100)) for row in rows]
    rows = store.audit.rows(here)
    assert numbers(rows) == list(range(1, 201))
    assert sorted(given_, key=lambda row: row.number) == rows
    assert linked(rows)


def test_the_beginning_is_cut_and_the_cut_is_told(store: Store) -> None:
    here = store.namespace("default")
    rows = store.audit.append(here, [entry(n) for n in range(1, 7)], link)
    assert store.audit.cut(here, 4000, cutting, link) == 3
    left = store.audit.rows(here)
    assert numbers(left) == [4, 5, 6, 7]
    assert left[-1].entry == b"cut 3 behind 3"
    assert left[-1].tokens == rows[2].code[:8]
    assert linked(left, rows[2].code)
    assert store.audit.head(here) == Head(3, rows[2].code, 7, left[-1].code)
    assert store.audit.cut(here, 4000, cutting, link) == 0
    assert store.audit.rows(here) == left


def test_all_of_a_chain_may_be_cut(store: Store) -> None:
    here = store.namespace("default")
    rows = store.audit.append(here, [entry(1), entry(2)], link)
    assert store.audit.cut(here, 10**9, cutting, link) == 2
    [left] = store.audit.rows(here)
    assert left.number == 3
    assert linked([left], rows[1].code)
    assert store.audit.head(here) == Head(2, rows[1].code, 3, left.code)
    assert store.audit.cut(here, 10**9, cutting, link) == 1
    assert store.audit.head(here).base == 3


def test_only_what_is_in_front_of_the_first_young_entry_is_cut(store: Store) -> None:
    """A clock that was set back gives an old moment to a young entry: that one stays."""
    here = store.namespace("default")
    store.audit.append(here, [entry(1), entry(2), entry(9), entry(3)], link)
    assert store.audit.cut(here, 5000, cutting, link) == 2
    assert numbers(store.audit.rows(here)) == [3, 4, 5]


def test_nothing_is_cut_when_nothing_is_old(store: Store) -> None:
    here = store.namespace("default")
    assert store.audit.cut(here, 10**9, cutting, link) == 0
    store.audit.append(here, [entry(1)], link)
    assert store.audit.cut(here, 1000, cutting, link) == 0
    assert store.audit.head(here).number == 1


def test_a_deleted_namespace_takes_its_chain_along(store: Store) -> None:
    here = store.namespace("gone")
    store.audit.append(here, [entry(1)], link)
    store.audit.add_hits(here, [Hit(1, "/mask", "success", "ada", 1, 1)])
    assert store.tenants.drop(here)
    for asked in (
        lambda: store.audit.append(here, [entry(2)], link),
        lambda: store.audit.rows(here),
        lambda: store.audit.count(here),
        lambda: store.audit.hits(here),
        lambda: store.audit.add_hits(here, [Hit(1, "/mask", "success", "ada", 1, 1)]),
    ):
        with pytest.raises(VaultError):
            asked()
    again = store.namespace("gone")
    assert again != here
    assert store.audit.head(again) == Head()
    assert store.audit.hits(again) == []


def test_hits_add_up(store: Store) -> None:
    here = store.namespace("default")
    store.audit.add_hits(here, [])
    store.audit.add_hits(here, [Hit(5, "/mask", "success", "ada", 2, 100)])
    store.audit.add_hits(
        here,
        [
            Hit(5, "/mask", "success", "ada", 3, 90),
            Hit(5, "/mask", "failure", "ada", 1, 95),
            Hit(5, "/mask", "success", "\ud800 bo", 1, 96),
            Hit(6, "/unmask", "success", "ada", 1, 200),
        ],
    )
    assert store.audit.hits(here) == [
        Hit(5, "/mask", "failure", "ada", 1, 95),
        Hit(5, "/mask", "success", "ada", 5, 100),
        Hit(5, "/mask", "success", "\ud800 bo", 1, 96),
        Hit(6, "/unmask", "success", "ada", 1, 200),
    ]
    assert store.audit.hits(here, 6, 6) == [Hit(6, "/unmask", "success", "ada", 1, 200)]
    assert store.audit.hits(here, last=4) == []
    assert store.audit.hits(store.namespace("other")) == []


def test_hits_of_many_threads_add_up(store: Store) -> None:
    here = store.namespace("default")
    hits = [Hit(1, "/mask", "success", "ada", 1, 1), Hit(1, "/unmask", "success", "ada", 2, 1)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.audit.add_hits(here, hits), range(50)))
    assert [(hit.api, hit.count) for hit in store.audit.hits(here)] == [
        ("/mask", 50),
        ("/unmask", 100),
    ]


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.one_of(st.integers(0, 20), st.sampled_from(["cut"])), max_size=12))
def test_whatever_is_appended_and_cut_stays_one_chain(store: Store, steps: list[object]) -> None:
    here = store.namespace(f"{len(store.tenants.names())} of them")
    written = 0
    removed = 0
    for step in steps:
        if isinstance(step, int):
            store.audit.append(here, [entry(n, 1000 * written + n) for n in range(step)], link)
            written += step
        else:
            cut = store.audit.cut(here, 500 * written, cutting, link)
            removed += cut
            written += cut > 0
    head = store.audit.head(here)
    rows = store.audit.rows(here, limit=10_000)
    assert numbers(rows) == list(range(head.base + 1, head.number + 1))
    assert (head.number, head.base) == (written, removed)
    assert linked(rows, head.base_code)
    assert head.code == (rows[-1].code if rows else b"")
