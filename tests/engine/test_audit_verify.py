"""Whoever changes the record of what was done is found out; whoever does not is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.audit import AuditSettings, Trail
from llm_guard_protecto.engine.audit_key import AuditKey
from llm_guard_protecto.engine.audit_read import entries
from llm_guard_protecto.engine.audit_verify import Verified, verify
from llm_guard_protecto.engine.checkpoints import Checkpoint, read_checkpoints
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store import Store, open_store
from llm_guard_protecto.engine.store.audit import Head, NewEntry

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
CHILD = Path(__file__).with_name("audit_child.py")


@dataclass
class Place:
    """A vault file whose audit had `entries` entries written, and its checkpoints."""

    path: Path
    sink: Path
    number: int = 0
    settings: AuditSettings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = AuditSettings(self.sink, every=1)

    def open(self) -> LocalVault:
        return LocalVault(self.path, environ=KEY, audit=self.settings)

    def work(self, times: int) -> None:
        with self.open() as vault:
            for _ in range(times):
                vault.unmask(["nothing"])

    def verify(self, *, checkpoints: bool = True) -> Verified:
        with LocalVault(self.path, environ=KEY) as vault:
            assert vault.trail is not None
            return vault.trail.verify(read_checkpoints(self.sink) if checkpoints else ())

    def tamper(self, *statements: str) -> None:
        """Change the file as somebody would who has it and not the key."""
        with closing(apsw.Connection(str(self.path))) as db:
            for statement in statements:
                db.execute(statement)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "vault.db", tmp_path / "elsewhere" / "checkpoints")
    made.work(10)
    return made


def test_what_nobody_changed_is_whole(place: Place) -> None:
    found = place.verify()
    assert found == Verified("default", 10, 0, 10, 10, ())
    assert found.good


ATTACKS = {
    "edit an entry": (
        "UPDATE audit SET entry = CAST(replace(entry, 'unmask', 'nothin') AS BLOB) WHERE number = 5",
        "entry 5 is not what was written there",
    ),
    "edit the time": (
        "UPDATE audit SET moment = moment + 1 WHERE number = 5",
        "entry 5 is not what was written there",
    ),
    "edit the tokens": (
        "UPDATE audit SET tokens = x'0011223344556677' WHERE number = 5",
        "entry 5 is not what was written there",
    ),
    "edit a code": (
        "UPDATE audit SET code = randomblob(32) WHERE number = 5",
        "entry 5 is not what was written there",
    ),
    "drop an entry": ("DELETE FROM audit WHERE number = 5", "entry 5 is missing"),
    "drop some": ("DELETE FROM audit WHERE number IN (5, 6, 7)", "entries 5 to 7 are missing"),
    "drop and close the gap": (
        (
            "DELETE FROM audit WHERE number = 5; "
            "UPDATE audit SET number = -number WHERE number > 5; "
            "UPDATE audit SET number = -number - 1 WHERE number < 0; "
            "UPDATE audit_heads SET number = 9"
        ),
        "entry 5 is not what was written there",
    ),
    "reorder": (
        (
            "UPDATE audit SET number = 99 WHERE number = 4; "
            "UPDATE audit SET number = 4 WHERE number = 5; "
            "UPDATE audit SET number = 5 WHERE number = 99"
        ),
        "entry 4 is not what was written there",
    ),
    "repeat": (
        (
            "INSERT INTO audit SELECT namespace, 11, moment, entry, tokens, code FROM audit "
            "WHERE number = 10; "
            "UPDATE audit_heads SET number = 11"
        ),
        "entry 11 is not what was written there",
    ),
    "drop the last ones": (
        "DELETE FROM audit WHERE number > 7",
        "entries 8 to 10 are missing",
    ),
    "truncate": (
        (
            "DELETE FROM audit WHERE number > 7; "
            "UPDATE audit_heads SET number = 7, code = (SELECT code FROM audit WHERE number = 7)"
        ),
        "the chain had 10 entries once, and now ends at 7",
    ),
    "drop all": ("DELETE FROM audit; DELETE FROM audit_heads", "the chain had 10 entries once"),
    "cut off the beginning": (
        (
            "UPDATE audit_heads SET base = 3, base_code = (SELECT code FROM audit WHERE number = 3); "
            "DELETE FROM audit WHERE number <= 3"
        ),
        "entries 1 to 3 are gone, and no entry says who deleted them",
    ),
    "say that it was cut": (
        "UPDATE audit_heads SET base_code = x'00'",
        "the chain says that it was cut",
    ),
    "an entry from before the beginning": (
        (
            "INSERT INTO audit SELECT namespace, 0, moment, entry, tokens, code FROM audit "
            "WHERE number = 1"
        ),
        "entry 0 stands in front of the chain",
    ),
    "an entry behind the end": (
        "UPDATE audit_heads SET number = 9, code = (SELECT code FROM audit WHERE number = 9)",
        "entry 10 stands behind the end of the chain",
    ),
    "another end": (
        "UPDATE audit_heads SET code = x'00'",
        "the chain ends with another code than it says",
    ),
    "take the key away": ("DELETE FROM keys WHERE role = 'audit'", "entry 1 is not what"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_found(place: Place, attack: str) -> None:
    statements, problem = ATTACKS[attack]
    place.tamper(statements)
    found = place.verify()
    assert not found.good
    assert any(problem in one for one in found.problems), found.problems


def test_truncating_and_going_on_is_found(place: Place) -> None:
    """The vault itself continues the shortened chain, so the chain alone looks whole."""
    place.tamper(*ATTACKS["truncate"][0].split("; "))
    assert place.verify(checkpoints=False).good
    lines = place.sink.read_text()
    place.work(5)
    assert place.verify(checkpoints=False).good
    found = place.verify()
    assert "entry 10 is another one than it was once" in found.problems
    place.sink.write_text(lines)  # even when the new checkpoints are kept from us
    assert "entry 8 is another one than it was once" in place.verify().problems


def test_a_new_chain_in_place_of_the_old_one_is_found(place: Place) -> None:
    place.tamper(
        "DELETE FROM audit", "DELETE FROM audit_heads", "DELETE FROM keys WHERE role = 'audit'"
    )
    place.work(12)
    assert place.verify(checkpoints=False).good
    [problem] = place.verify().problems
    assert problem.startswith("there was another chain, of key ")


def test_a_checkpoint_that_was_forged_is_found(place: Place) -> None:
    [*_, last] = read_checkpoints(place.sink)
    forged = replace(last, number=9)
    place.sink.write_text(forged.line + "\n")
    assert place.verify().problems == ("the checkpoint of entry 9 was not signed by this audit",)


def test_an_older_copy_of_the_whole_file_is_found(place: Place) -> None:
    with closing(apsw.Connection(str(place.path))) as db:
        db.pragma("wal_checkpoint", "TRUNCATE")
    before = place.path.read_bytes()
    place.work(3)
    with closing(apsw.Connection(str(place.path))) as db:
        db.pragma("wal_checkpoint", "TRUNCATE")
    place.path.write_bytes(before)
    assert "the chain had 13 entries once, and now ends at 10" in place.verify().problems


# A deletion for age is none of these


def test_a_chain_whose_old_entries_were_deleted_is_whole(place: Place) -> None:
    with place.open() as vault:
        trail = vault.trail
        assert trail is not None
        moments = [row.moment for row in vault.store.audit.rows(vault.keyring.namespace)]
        removed = trail.cut(moments[-1] + 1)
        assert removed == 10
        assert trail.cut(moments[-1] + 1) == 0
        vault.unmask(["nothing"])
        [cut, _] = entries(vault.store.audit, vault.keyring.namespace)
    assert cut.what == "audit cut"
    assert (cut.facts["through"], cut.facts["removed"]) == (10, 10)
    found = place.verify()
    assert found.problems == ()
    assert (found.base, found.number, found.entries) == (10, 12, 2)
    place.tamper("UPDATE audit_heads SET base_code = randomblob(32)")
    assert not place.verify().good


def test_an_entry_that_tells_of_a_deletion_cannot_be_used_for_another(place: Place) -> None:
    with place.open() as vault:
        trail = vault.trail
        assert trail is not None
        rows = vault.store.audit.rows(vault.keyring.namespace)
        assert trail.cut(rows[4].moment) in range(5)
    place.tamper(
        "UPDATE audit_heads SET base = 8, base_code = (SELECT code FROM audit WHERE number = 8)",
        "DELETE FROM audit WHERE number <= 8",
    )
    assert not place.verify(checkpoints=False).good


def test_a_namespace_that_was_deleted_and_made_again_begins_anew(tmp_path: Path) -> None:
    place = Place(tmp_path / "vault.db", tmp_path / "checkpoints")
    with place.open() as vault:
        namespaces = Namespaces(vault)
        for _ in range(2):
            namespaces.create("tenant")
            tenant = namespaces.get("tenant")
            assert tenant is not None
            tenant.unmask(["nothing"])
            marks = read_checkpoints(place.sink)
            assert isinstance(tenant.trail, Trail)
            assert tenant.trail.verify(marks).problems == ()
            namespaces.delete("tenant")
    assert place.verify().problems == ()


def test_reading_while_others_write_and_delete(place: Place) -> None:
    writer = subprocess.Popen(
        [sys.executable, str(CHILD), "write", str(place.path), str(place.sink), "60", "cut"]
    )
    try:
        while writer.poll() is None:
            assert place.verify(checkpoints=False).problems == ()
    finally:
        assert writer.wait(60) == 0
    assert place.verify().problems == ()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_many_processes_write_one_chain(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = str(tmp_path / "v.db") if kind == "sqlite" else request.getfixturevalue("postgres")
    sink = tmp_path / "checkpoints"
    with LocalVault(url, environ=KEY) as vault:
        command = [sys.executable, str(CHILD), "write", url, str(sink), "40", "no"]
        writers = [subprocess.Popen(command) for _ in range(4)]
        assert [writer.wait(120) for writer in writers] == [0] * 4
        assert vault.trail is not None
        found = vault.trail.verify(read_checkpoints(sink))
        assert found == Verified("default", 160, 0, 160, 160, ())
        rows = vault.store.audit.rows(vault.keyring.namespace)
        assert [row.number for row in rows] == list(range(1, 161))


# Any change


def fresh(store: Store, name: str, count: int) -> tuple[int, AuditKey, list[Checkpoint]]:
    """A chain of so many entries, and a checkpoint of each."""
    key = AuditKey(bytes(range(32)))
    number = store.namespace(name)
    new = [
        NewEntry(1000 + n, json.dumps({"what": f"w{n}"}).encode(), b"t" * 8) for n in range(count)
    ]
    rows = store.audit.append(number, new, key.link)
    marks = [Checkpoint.signed(key, name, r.number, r.moment, r.code) for r in rows]
    return number, key, marks


BYTES = st.binary(max_size=40)
COUNT = 6


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, tuple[Any, ...]]:
    """One change of the tables: a cell, a row taken away, two rows swapped, a row added."""
    number = draw(st.integers(1, COUNT))
    kind = draw(st.sampled_from(["cell", "drop", "swap", "add", "head", "cut"]))
    if kind == "cell":
        column = draw(st.sampled_from(["entry", "tokens", "code"]))
        return f"UPDATE audit SET {column} = ? WHERE number = ?", (draw(BYTES), number)
    if kind == "drop":
        return "DELETE FROM audit WHERE number = ?", (number,)
    if kind == "swap":
        column = draw(st.sampled_from(["entry", "moment", "code"]))
        other = draw(st.integers(1, COUNT).filter(lambda n: n != number))
        return (
            (
                f"UPDATE audit SET {column} = (SELECT {column} FROM audit WHERE number = ?) "
                "WHERE number = ?"
            ),
            (other, number),
        )
    if kind == "add":
        place = draw(st.integers(-3, 20).filter(lambda n: not 1 <= n <= COUNT))
        return "INSERT INTO audit VALUES (1, ?, 0, ?, x'', ?)", (place, draw(BYTES), draw(BYTES))
    if kind == "head":
        column = draw(st.sampled_from(["base", "number"]))
        value = draw(st.integers(-3, 20))
        return f"UPDATE audit_heads SET {column} = ?", (value,)
    last = draw(st.integers(0, COUNT - 1))
    return (
        (
            "UPDATE audit_heads SET number = ?, "
            "code = coalesce((SELECT code FROM audit WHERE number = ?), x'')"
        ),
        (last, last),
    )


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(change=changes())
def test_any_one_change_of_the_tables_is_found(
    chain: Callable[[], tuple[Store, Path, int, AuditKey, Sequence[Checkpoint]]],
    change: tuple[str, tuple[Any, ...]],
) -> None:
    store, path, number, key, marks = chain()
    with closing(apsw.Connection(str(path))) as db:
        before = _dump(db)
        db.execute("BEGIN IMMEDIATE")
        db.execute(*change)
        changed = _dump(db) != before
        db.execute("COMMIT")
        found = verify(store.audit, number, "default", key, marks)
        assert found.good is not changed, (change, found.problems)
        for table, rows in before.items():
            db.execute(f"DELETE FROM {table}")
            for row in rows:
                db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    assert verify(store.audit, number, "default", key, marks).good


def _dump(db: apsw.Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
        for table in ("audit", "audit_heads")
    }


@pytest.fixture
def chain(
    tmp_path: Path,
) -> Iterator[Callable[[], tuple[Store, Path, int, AuditKey, Sequence[Checkpoint]]]]:
    path = tmp_path / "vault.db"
    with open_store(str(path)) as store:
        number, key, marks = fresh(store, "default", COUNT)
        yield lambda: (store, path, number, key, marks)


def test_every_store_can_be_verified(store: Store) -> None:
    number, key, marks = fresh(store, "default", 1200)
    assert verify(store.audit, number, "default", key, marks).problems == ()
    assert verify(store.audit, number, "default", None).problems[0].startswith("entry 1 ")
    empty = store.namespace("empty")
    assert verify(store.audit, empty, "empty", None) == Verified("empty", 0, 0, 0, 0, ())

    def cutting(head: Head, removed: int) -> NewEntry:
        facts = {"through": head.base, "code": head.base_code.hex(), "removed": removed}
        return NewEntry(9999, json.dumps({"what": "audit cut", "facts": facts}).encode())

    assert store.audit.cut(number, 1100, cutting, key.link) == 100
    found = verify(store.audit, number, "default", key, marks)
    assert (found.problems, found.base, found.entries) == ((), 100, 1101)
