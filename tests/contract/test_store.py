"""One suite for every store: whoever keeps the rows, the same things hold."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.engine.store import KEY_STATES, Kept, KeyRow, Row, Store
from llm_guard_protecto.errors import VaultError, VaultUnavailable


def row(number: int, token: str | None = None, *, alias: int = 0, counter: int = 0) -> Row:
    return Row(
        index=number.to_bytes(16, "big"),
        alias=alias,
        kind="safe:5-10",
        token=token or f"t{number}x{alias}",
        counter=counter,
        key_version=1 + number % 2,
        sealed=bytes([number % 256]) * 45,
        day=20_500,
        attributes=b"sealed too" if number % 3 == 0 else None,
    )


def indexes(*rows: Row) -> list[bytes]:
    return [one.index for one in rows]


def in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda one: (one.index, one.alias))


def test_rows_come_back_as_they_were(store: Store) -> None:
    here = store.namespace("default")
    kept = [row(n) for n in range(50)]
    assert store.add(here, kept) == kept
    assert in_order(store.by_index(here, indexes(*kept))) == kept
    assert in_order(store.by_token(here, [one.token for one in kept])) == kept


def test_what_was_never_kept_is_not_found(store: Store) -> None:
    here = store.namespace("default")
    store.add(here, [row(1)])
    assert store.by_index(here, indexes(row(2))) == []
    assert store.by_token(here, ["t2x0", "", "t1x", "t1x00"]) == []


def test_asking_for_nothing_or_keeping_nothing(store: Store) -> None:
    here = store.namespace("default")
    assert store.add(here, []) == []
    assert store.by_index(here, []) == []
    assert store.by_token(here, []) == []


def test_a_row_asked_for_twice_comes_once(store: Store) -> None:
    here = store.namespace("default")
    store.add(here, [row(1)])
    assert store.by_index(here, indexes(row(1), row(1))) == [row(1)]
    assert store.by_token(here, ["t1x0", "T1X0", "t1x0"]) == [row(1)]


def test_tokens_are_found_whatever_their_case(store: Store) -> None:
    here = store.namespace("default")
    store.add(here, [row(1, "Kq7Vn")])
    for asked in ("Kq7Vn", "kq7vn", "KQ7VN", "kQ7vN"):
        assert [one.token for one in store.by_token(here, [asked])] == ["Kq7Vn"]


@pytest.mark.parametrize(
    "asked", ["\u212aq7Vn", "Kq7Vn\0", "Kq7V\ud800", " Kq7Vn", "Kq7Vn%", "_q7Vn"]
)
def test_no_other_string_finds_a_token(store: Store, asked: str) -> None:
    here = store.namespace("default")
    store.add(here, [row(1, "Kq7Vn"), row(2, "kq7Vn2")])
    assert store.by_token(here, [asked]) == []


def test_all_aliases_of_a_value_come_together(store: Store) -> None:
    here = store.namespace("default")
    aliases = [row(1, alias=n) for n in range(4)]
    for one in aliases:
        store.add(here, [one])
    assert in_order(store.by_index(here, indexes(row(1)))) == aliases


def test_the_first_writer_of_a_place_wins(store: Store) -> None:
    here = store.namespace("default")
    assert store.add(here, [row(1, "first1")]) == [row(1, "first1")]
    assert store.add(here, [row(1, "second1")]) == []
    assert store.by_index(here, indexes(row(1))) == [row(1, "first1")]
    assert store.by_token(here, ["second1"]) == []


def test_the_first_writer_of_a_token_wins_whatever_its_case(store: Store) -> None:
    here = store.namespace("default")
    store.add(here, [row(1, "Same1")])
    assert store.add(here, [row(2, "sAME1"), row(3, "free3")]) == [row(3, "free3")]
    assert store.by_index(here, indexes(row(2))) == []
    assert store.by_token(here, ["same1", "free3"]) != []
    assert in_order(store.by_index(here, indexes(row(1), row(2), row(3)))) == [
        row(1, "Same1"),
        row(3, "free3"),
    ]


def test_the_same_holds_within_one_call(store: Store) -> None:
    here = store.namespace("default")
    store.add(here, [row(1, "one1"), row(1, "two2"), row(2, "ONE1"), row(2, "three3")])
    assert in_order(store.by_index(here, indexes(row(1), row(2)))) == [
        row(1, "one1"),
        row(2, "three3"),
    ]


few = st.integers(0, 3)
crowded = st.lists(
    st.lists(
        st.builds(
            lambda n, a, t: row(n, t, alias=a), few, few, st.sampled_from(["a1", "A1", "b2", "c3"])
        ),
        max_size=4,
    ),
    max_size=5,
)


fresh = itertools.count()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=crowded)
def test_crowded_rows_end_as_the_rule_says(store: Store, batches: list[list[Row]]) -> None:
    kept: list[Row] = []
    for one in (one for batch in batches for one in batch):
        taken = {(k.index, k.alias) for k in kept} | {k.token.lower() for k in kept}
        if (one.index, one.alias) not in taken and one.token.lower() not in taken:
            kept.append(one)
    here = store.namespace(f"fresh {next(fresh)}")
    assert {one for batch in batches for one in store.add(here, batch)} == set(kept)
    assert in_order(store.by_index(here, indexes(*map(row, range(4))))) == in_order(kept)
    assert in_order(store.by_token(here, ["A1", "B2", "C3"])) == in_order(kept)


def test_namespaces_share_nothing(store: Store) -> None:
    one, two = store.namespace("one"), store.namespace("two")
    assert one != two
    store.add(one, [row(1, "same1")])
    assert store.by_token(two, ["same1"]) == store.by_index(two, indexes(row(1))) == []
    store.add(two, [row(1, "same1", counter=5)])
    assert store.by_token(one, ["same1"]) == [row(1, "same1")]
    assert store.by_token(two, ["same1"]) == [row(1, "same1", counter=5)]
    store.put_policy(one, "default", "{}")
    store.add_keys(one, [KeyRow("data", 1, "primary", b"wrapped", 20_500)])
    assert store.policies(two) == []
    assert store.keys(two) == []


@pytest.mark.parametrize("name", ["default", "", "Zoë", "a\0b", "\ud800", "x" * 5000, "'; --"])
def test_any_name_is_a_namespace_and_keeps_its_number(store: Store, name: str) -> None:
    number = store.namespace(name)
    others = [store.namespace(name + "2"), store.namespace("2" + name)]
    assert number == store.namespace(name)
    assert number not in others


def test_a_number_that_is_no_namespace_is_an_error(store: Store) -> None:
    nowhere = store.namespace("default") + 999
    for ask in (
        lambda: store.add(nowhere, [row(1)]),
        lambda: store.by_index(nowhere, indexes(row(1))),
        lambda: store.by_token(nowhere, ["t1x0"]),
        lambda: store.usage(nowhere),
        lambda: store.kept(nowhere, [b"x" * 16]),
        lambda: store.keep(nowhere, [kept(1)]),
        lambda: store.forget(nowhere, 0),
        lambda: store.keys(nowhere),
        lambda: store.add_keys(nowhere, [KeyRow("data", 1, "primary", b"", 0)]),
        lambda: store.policies(nowhere),
        lambda: store.policy(nowhere, "default"),
        lambda: store.put_policy(nowhere, "default", "{}"),
        lambda: store.delete_policy(nowhere, "default"),
    ):
        with pytest.raises(VaultError, match="no namespace number"):
            ask()


def kept(place: int, part: bytes = b"", *, day: int = 20_500, sealed: bytes = b"sealed") -> Kept:
    return Kept(place.to_bytes(16, "big"), part, 1 + place % 2, sealed, day)


def places(*rows: Kept) -> list[bytes]:
    return [one.place for one in rows]


def test_what_is_kept_comes_back_as_it_was_in_order(store: Store) -> None:
    here = store.namespace("default")
    rows = [kept(1, b"b"), kept(2), kept(1, b"a"), kept(3)]
    store.keep(here, rows)
    assert store.kept(here, places(kept(1))) == [rows[0], rows[2]]
    assert store.kept(here, [*places(*rows[:2]), *places(rows[0])]) == rows[:3]
    assert store.kept(here, places(kept(4))) == store.kept(here, []) == []
    assert store.kept(store.namespace("other"), places(*rows)) == []


def test_what_is_kept_twice_stays_and_gets_younger(store: Store) -> None:
    here = store.namespace("default")
    store.keep(here, [kept(1, sealed=b"first")])
    for day, left in ((20_400, 20_500), (20_600, 20_600)):
        store.keep(here, [kept(1, sealed=b"second", day=day)])
        assert store.kept(here, places(kept(1))) == [kept(1, sealed=b"first", day=left)]
    store.keep(here, [])


def test_what_is_old_is_forgotten(store: Store) -> None:
    here, there = store.namespace("default"), store.namespace("other")
    rows = [kept(n, day=20_500 + n) for n in range(4)]
    for namespace in (here, there):
        store.keep(namespace, rows)
    assert store.forget(here, 20_500) == 0
    assert store.forget(here, 20_502) == 2
    assert store.kept(here, places(*rows)) == rows[2:]
    assert store.kept(there, places(*rows)) == rows


def test_usage_counts_what_is_kept_too(store: Store) -> None:
    here = store.namespace("default")
    store.add(here, [row(1)])
    store.keep(here, [kept(1), kept(2)])
    assert dict(store.usage(here)) == {1: 1, 2: 2}


def test_usage_counts_rows_by_version_of_the_data_key(store: Store) -> None:
    here = store.namespace("default")
    assert dict(store.usage(here)) == {}
    store.add(here, [row(n) for n in range(7)])
    store.add(here, [row(0, "loser1")])
    assert dict(store.usage(here)) == {1: 4, 2: 3}


def test_meta_is_said_once(store: Store) -> None:
    assert store.meta("root") is None
    assert store.set_meta("root", b"first") == b"first"
    assert store.set_meta("root", b"second") == b"first"
    assert store.meta("root") == b"first"
    assert store.meta("other") is None


def test_keys_come_back_in_order_and_are_never_replaced(store: Store) -> None:
    here = store.namespace("default")
    keys = [
        KeyRow(role, version, state, f"{role}{version}".encode(), 20_500)
        for role in ("data", "index", "token")
        for version, state in enumerate(KEY_STATES, 1)
    ]
    assert store.add_keys(here, keys[::-1]) == keys
    assert store.add_keys(here, [replace(key, wrapped=b"other") for key in keys]) == keys
    assert store.keys(here) == keys


def test_policies_are_put_replaced_listed_and_forgotten(store: Store) -> None:
    here = store.namespace("default")
    assert store.policies(here) == []
    assert store.policy(here, "mine") is None
    for name in ("mine", "Zoë", "a\ud800"):
        store.put_policy(here, name, '{"a": "\ud83d\0é"}')
    store.put_policy(here, "mine", "{}")
    assert store.policies(here) == sorted(["mine", "Zoë", "a\ud800"])
    assert store.policy(here, "mine") == "{}"
    assert store.policy(here, "Zoë") == '{"a": "\ud83d\0é"}'
    assert store.delete_policy(here, "mine")
    assert not store.delete_policy(here, "mine")
    assert store.policies(here) == sorted(["Zoë", "a\ud800"])


def test_many_threads_agree_on_who_was_first(store: Store) -> None:
    here = store.namespace("default")
    start = threading.Barrier(16)

    def keep(worker: int) -> list[Row]:
        start.wait()
        for n in range(40):
            store.add(here, [row(n, f"w{worker}n{n}"), row(1000 + n, f"shared{n}", counter=worker)])
        return in_order(
            store.by_index(here, [i for n in range(40) for i in indexes(row(n), row(1000 + n))])
        )

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(keep, range(16)))
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) == 80


def test_many_threads_agree_on_names_meta_and_keys(store: Store) -> None:
    start = threading.Barrier(8)

    def come(worker: int) -> tuple[int, bytes, list[KeyRow]]:
        start.wait()
        here = store.namespace("new")
        keys = [KeyRow(role, 1, "primary", b"%d" % worker, 1) for role in ("data", "token")]
        return here, store.set_meta("root", b"%d" % worker), store.add_keys(here, keys)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(come, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len({key.wrapped for key in answers[0][2]}) == 1, "the keys of two makers are mixed"


def test_a_closed_store_says_so(store: Store) -> None:
    here = store.namespace("default")
    store.close()
    store.close()
    for ask in (
        lambda: store.add(here, [row(1)]),
        lambda: store.by_index(here, []),
        lambda: store.kept(here, []),
        lambda: store.keep(here, []),
        lambda: store.forget(here, 0),
        lambda: store.namespace("default"),
        lambda: store.meta("root"),
    ):
        with pytest.raises(VaultUnavailable, match="closed"):
            ask()


def test_rows_hide_what_is_sealed() -> None:
    shown = repr(row(3)) + repr(KeyRow("data", 1, "primary", b"wrapped", 0))
    assert "sealed" not in shown
    assert "wrapped" not in shown


@pytest.mark.parametrize(
    "bad", [{"index": b"short"}, {"token": "a b"}, {"token": ""}, {"token": "é"}, {"kind": "é"}]
)
def test_a_row_no_store_may_hold(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"blind index|token|kind"):
        replace(row(1), **bad)  # type: ignore[arg-type]


def test_a_key_state_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="'lost'"):
        KeyRow("data", 1, "lost", b"", 0)
