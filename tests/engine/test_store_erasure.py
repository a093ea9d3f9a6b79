"""What keeping a vault in order needs of a store: one contract for all of them."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from llm_guard_protecto.engine.store import Kept, KeyRow, Row, Stale, Store
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.errors import ConfigurationError, VaultError

DAY = 20_500


def row(at: int, **changed: object) -> Row:
    made = Row(bytes([at]) * 16, 0, "safe:5-8", f"Tk{at:03}x", 0, 1, bytes([at]) * 40, DAY)
    return replace(made, **changed)  # type: ignore[arg-type]


def kept(at: int, day: int = DAY) -> Kept:
    return Kept(bytes([at]) * 16, b"", 1, bytes([at]) * 30, day)


def key(role: str, version: int, state: str = "primary") -> KeyRow:
    return KeyRow(role, version, state, f"{role}{version}".encode() * 5, DAY)


@pytest.fixture
def here(store: Store) -> int:
    """A namespace beside another one that has rows of the same looks."""
    other = store.namespace("other")
    store.add(other, [row(1), row(2)])
    store.keep(other, [kept(1)])
    store.add_keys(other, [key("data", 1)])
    return store.namespace("default")


def test_rows_come_in_pages_in_order_of_their_tokens(store: Store, here: int) -> None:
    rows = [row(at) for at in range(7)] + [row(9, token="tK0005a")]
    store.add(here, rows[::-1])
    found, after = [], ""
    while page := store.upkeep.rows(here, after, 3):
        assert len(page) <= 3
        found += page
        after = page[-1].token
    assert found == sorted(rows, key=lambda one: one.token.lower())
    assert store.upkeep.kinds(here) == ["safe:5-8"]


def test_what_is_kept_comes_in_pages(store: Store, here: int) -> None:
    everything = [kept(at) for at in range(5)] + [replace(kept(2), part=b"p" * 16)]
    store.keep(here, everything)
    found: list[Kept] = []
    after = (b"", b"")
    while page := store.upkeep.kept(here, after, 2):
        found += page
        after = page[-1].place, page[-1].part
    assert found == sorted(everything, key=lambda one: (one.place, one.part))


def test_jobs_come_in_pages(store: Store, here: int) -> None:
    jobs = [JobRow(f"{n}-a", here, "mask", "öwner", "PENDING", 5, 1, b"p%d" % n) for n in range(4)]
    for job in jobs:
        store.jobs.add(job)
    assert store.upkeep.jobs(here, "", 3) == jobs[:3]
    assert store.upkeep.jobs(here, "2-a", 3) == jobs[3:]
    assert store.upkeep.jobs(store.namespace("other")) == []


def test_a_row_is_replaced_only_where_it_still_stands(store: Store, here: int) -> None:
    one, two = row(1), row(2)
    store.add(here, [one, two])
    new = replace(one, index=b"i" * 16, key_version=2, sealed=b"new", attributes=b"a")
    assert store.upkeep.replace(here, [(one, new), (replace(two, sealed=b"old"), new)]) == 1
    assert store.by_token(here, [one.token, two.token]) in ([new, two], [two, new])
    assert store.by_index(here, [one.index]) == []
    assert store.by_index(here, [new.index]) == [new]
    assert store.upkeep.replace(here, [(one, new)]) == 0
    assert row(1) in store.by_index(store.namespace("other"), [row(1).index])


def test_what_is_kept_is_replaced_only_where_it_still_stands(store: Store, here: int) -> None:
    store.keep(here, [kept(1), kept(2)])
    new = replace(kept(1), key_version=2, sealed=b"new")
    pairs = [(kept(1), new), (replace(kept(2), sealed=b"old"), new)]
    assert store.upkeep.replace(here, kept=pairs) == 1
    assert store.kept(here, [kept(1).place, kept(2).place]) in ([new, kept(2)], [kept(2), new])


def test_a_job_is_replaced_only_where_it_still_stands(store: Store, here: int) -> None:
    job = JobRow("one", here, "mask", "owner", "PENDING", 5, 1, b"payload")
    store.jobs.add(job)
    new = replace(job, status="FAILED", key_version=2, payload=None, outcome=b"said", ended=9)
    assert store.upkeep.replace(here, jobs=[(replace(job, payload=b"old"), new)]) == 0
    assert store.upkeep.replace(here, jobs=[(job, new)]) == 1
    assert store.jobs.get(here, ["one"]) == {"one": new}
    assert store.upkeep.replace(here, jobs=[(job, new)]) == 0


def test_removed_rows_are_gone_with_all_that_leads_to_them(store: Store, here: int) -> None:
    store.add(here, [row(1), row(2), row(3)])
    store.keep(here, [kept(1), kept(2)])
    store.upkeep.link(here, b"s" * 16, [row(1).token, row(2).token], 1)
    before = store.generation(here)
    gone = store.upkeep.remove(here, [row(1).token.upper(), row(2).token, "Nobody1"], [kept(1)])
    assert gone == (2, 1)
    assert store.generation(here) > before
    assert store.upkeep.rows(here) == [row(3)]
    assert store.by_index(here, [row(1).index]) == []
    assert store.upkeep.kept(here) == [kept(2)]
    assert store.upkeep.linked(here, [b"s" * 16]) == []
    assert len(store.upkeep.rows(store.namespace("other"))) == 2
    store.add(here, [row(1)])
    assert store.by_token(here, [row(1).token]) == [row(1)]
    assert store.upkeep.linked(here, [b"s" * 16]) == []


def test_removing_nothing_makes_nobody_forget(store: Store, here: int) -> None:
    before = store.generation(here)
    assert store.upkeep.remove(here, ["Nobody1"], [kept(9)]) == (0, 0)
    assert store.upkeep.expire(here, DAY) == 0
    assert store.generation(here) == before


def test_what_nobody_used_expires_and_a_touch_keeps_it(store: Store, here: int) -> None:
    store.add(here, [row(1), row(2), row(3, day=DAY + 50), row(4, used=DAY + 50)])
    store.keep(here, [kept(1), kept(2, DAY + 50)])
    store.upkeep.touch(here, [row(2).token.upper()], DAY + 50)
    store.upkeep.touch(here, [row(4).token], DAY + 10)
    assert store.upkeep.old(here, DAY + 50) == (1, 1)
    before = store.generation(here)
    assert store.upkeep.expire(here, DAY + 50) == 1
    assert store.generation(here) > before
    assert {one.token: one.used for one in store.upkeep.rows(here)} == {
        row(2).token: DAY + 50,
        row(3).token: 0,
        row(4).token: DAY + 50,
    }
    assert store.by_index(here, [row(2).index])[0].used == DAY + 50
    assert store.upkeep.expire(here, DAY + 51, limit=2) == 2
    assert store.upkeep.expire(here, DAY + 51, limit=2) == 1


def test_one_looks_for_what_has_aged_on_each_day(store: Store, here: int) -> None:
    assert store.upkeep.claim(here, DAY)
    assert not store.upkeep.claim(here, DAY)
    assert not store.upkeep.claim(here, DAY - 1)
    assert store.upkeep.claim(here, DAY + 1)
    assert store.upkeep.claim(store.namespace("other"), DAY)


def test_links_lead_to_the_values_of_a_subject(store: Store, here: int) -> None:
    one, two = b"1" * 16, b"2" * 16
    store.add(here, [row(1), row(2), row(3)])
    store.upkeep.link(here, one, [row(1).token, row(2).token, "Nobody1"], 1)
    store.upkeep.link(here, one, [row(1).token.lower()], 2)
    store.upkeep.link(here, two, [row(2).token], 2)
    assert sorted(store.upkeep.linked(here, [one])) == [row(1).token, row(2).token]
    assert sorted(store.upkeep.linked(here, [one, two, b"3" * 16])) == [row(1).token, row(2).token]
    assert store.upkeep.linked(here, [two]) == [row(2).token]
    assert store.upkeep.linked(here, []) == []
    assert dict(store.upkeep.links(here)) == {1: 2, 2: 1}
    assert store.upkeep.linked(store.namespace("other"), [one, two]) == []


def test_a_generation_ends_with_every_change_of_what_others_remember(
    store: Store, here: int
) -> None:
    seen = [store.generation(here)]
    store.set_meta("root", b"lock")
    other = store.generation(store.namespace("other"))
    store.put_policy(here, "p", "{}")
    seen.append(store.generation(here))
    store.delete_policy(here, "p")
    seen.append(store.generation(here))
    assert store.upkeep.put_keys(here, [key("data", 1)], seen[-1], b"lock")
    seen.append(store.generation(here))
    store.add(here, [row(1)])
    store.keep(here, [kept(1)])
    assert store.forget(here, DAY + 1) == 1
    seen.append(store.generation(here))
    store.upkeep.remove(here, [row(1).token])
    seen.append(store.generation(here))
    assert seen == sorted(set(seen))
    assert store.generation(store.namespace("other")) == other
    with pytest.raises(VaultError, match="namespace"):
        store.generation(999)


def test_what_is_written_by_old_keys_is_refused(store: Store, here: int) -> None:
    store.set_meta("root", b"lock")
    old = store.generation(here)
    store.add(here, [row(1)], old)
    store.keep(here, [kept(1)], old)
    assert store.upkeep.put_keys(here, [key("index", 1)], old, b"lock")
    for write in (
        lambda: store.add(here, [row(2)], old),
        lambda: store.keep(here, [kept(2)], old),
        lambda: store.upkeep.touch(here, [row(1).token], DAY + 9, old),
        lambda: store.upkeep.link(here, b"s" * 16, [row(1).token], 1, old),
        lambda: store.upkeep.replace(here, [(row(1), row(1, sealed=b"new"))], generation=old),
    ):
        with pytest.raises(Stale):
            write()
    assert store.upkeep.rows(here) == [row(1)]
    assert store.upkeep.kept(here) == [kept(1)]
    assert store.upkeep.linked(here, [b"s" * 16]) == []
    store.add(here, [row(2)], store.generation(here))
    assert store.upkeep.rows(here) == [row(1), row(2)]


def test_keys_are_put_by_one_who_knows_the_newest(store: Store, here: int) -> None:
    store.set_meta("root", b"lock")
    store.add_keys(here, [key("data", 1), key("index", 1)], b"lock")
    assert store.upkeep.reserve(here, 1, 5) == 5
    now = store.generation(here)
    new = [replace(key("data", 1, "active"), wrapped=b"other", day=1), key("data", 2)]
    assert not store.upkeep.put_keys(here, new, now, b"another lock")
    assert not store.upkeep.put_keys(here, new, now - 1, b"lock")
    assert store.keys(here)[0].state == "primary"
    assert store.upkeep.put_keys(here, new, now, b"lock")
    assert store.keys(here) == [
        replace(key("data", 1, "active"), wrapped=b"other", uses=5),
        key("data", 2),
        key("index", 1),
    ]


def test_keys_are_not_added_under_a_root_key_that_was_replaced(store: Store, here: int) -> None:
    store.set_meta("root", b"lock")
    with pytest.raises(Stale):
        store.add_keys(here, [key("data", 1)], b"old lock")
    assert store.keys(here) == []


def test_a_root_key_is_replaced_in_all_namespaces_or_in_none(store: Store, here: int) -> None:
    store.set_meta("root", b"lock")
    gone = replace(key("data", 1, "destroyed"), wrapped=b"")
    store.add_keys(here, [key("index", 1), gone, key("data", 2)])
    before = store.generation(here)

    def wrap(name: str, one: KeyRow) -> bytes:
        return name.encode() + one.wrapped

    def fail(name: str, one: KeyRow) -> bytes:
        if name == "other":
            raise VaultError("does not open")
        return b""

    assert store.upkeep.rewrap(b"another", b"new lock", wrap) is None
    with pytest.raises(VaultError, match="does not open"):
        store.upkeep.rewrap(b"lock", b"new lock", fail)
    assert store.meta("root") == b"lock"
    assert store.keys(here) == [gone, key("data", 2), key("index", 1)]
    assert store.upkeep.rewrap(b"lock", b"new lock", wrap) == 3
    assert store.meta("root") == b"new lock"
    assert [one.wrapped for one in store.keys(here)] == [
        b"",
        b"default" + key("data", 2).wrapped,
        b"default" + key("index", 1).wrapped,
    ]
    [other] = store.keys(store.namespace("other"))
    assert other.wrapped == b"other" + key("data", 1).wrapped
    assert store.generation(here) == before


def test_uses_of_a_data_key_are_counted_before_they_happen(store: Store, here: int) -> None:
    store.add_keys(here, [key("data", 1), key("data", 2, "active")])
    assert store.upkeep.reserve(here, 1, 64) == 64
    assert store.upkeep.reserve(here, 1, 128) == 192
    assert [one.uses for one in store.keys(here)] == [192, 0]
    with pytest.raises(VaultError, match="no data key"):
        store.upkeep.reserve(here, 3, 1)


def test_a_deleted_namespace_leaves_no_links(store: Store, here: int) -> None:
    store.add(here, [row(1)])
    store.upkeep.link(here, b"s" * 16, [row(1).token], 1)
    assert store.tenants.drop(here)
    with pytest.raises(VaultError):
        store.upkeep.linked(here, [b"s" * 16])
    with pytest.raises(VaultError):
        store.generation(here)


def test_a_store_in_order_says_so_and_shreds_what_was_removed(store: Store, here: int) -> None:
    store.add(here, [row(1), row(2)])
    store.upkeep.remove(here, [row(1).token])
    store.upkeep.shred()
    assert store.upkeep.check() == []
    assert store.upkeep.rows(here) == [row(2)]


def test_a_backup_is_a_new_private_file_or_none(store: Store, here: int, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_bytes(b"mine")
    with pytest.raises(ConfigurationError):
        store.upkeep.backup(taken)
    assert taken.read_bytes() == b"mine"
    copy = tmp_path / "copy"
    try:
        store.upkeep.backup(copy)
    except ConfigurationError:
        assert not copy.exists()
    else:
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy"]
