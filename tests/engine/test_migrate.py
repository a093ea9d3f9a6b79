"""Moving a vault: everything arrives, nothing is lost by a kill, and nothing is written over."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from llm_guard_protecto import Item, LocalVault
from llm_guard_protecto.engine.migrate import migrate
from llm_guard_protecto.engine.migrate_tables import TABLES, Checksum
from llm_guard_protecto.engine.store import Kept, KeyRow, Row, Store, open_store
from llm_guard_protecto.engine.store.audit import AuditRow, Hit, NewEntry
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.tenants import Bearer
from llm_guard_protecto.errors import (
    ConfigurationError,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)
from tests.conftest import ROOT as TREE
from tests.conftest import Outside
from tests.test_docs import script

KEY = base64.b64encode(os.urandom(32)).decode()
ROOT = json.dumps({"vault": "abc", "key": "k", "check": "c"}).encode()
ROWS = 300
PAGE = TREE / "docs" / "postgres.md"


def row(number: int, alias: int = 0) -> Row:
    return Row(
        number.to_bytes(16, "big"), alias, "safe:5-10", f"T{number}x{alias}", number % 3, 1,
        bytes([number % 256]) * 50, 20_500 + number, b"sealed" if number % 4 else None, number % 2,
    )  # fmt: skip


def link(code: bytes, number: int, new: NewEntry) -> bytes:
    return bytes([number % 256]) + new.entry + code[:4]


def fill(store: Store) -> None:
    """Something of everything that a store holds, with every odd string."""
    here, other = store.namespace("default"), store.namespace("Zoë \ud800\0")
    gone = store.namespace("gone")
    store.add(gone, [row(1)])
    store.tenants.drop(gone)
    for namespace in (here, other):
        keys = [KeyRow(role, 1, "primary", os.urandom(40), 5) for role in ("data", "index")]
        store.add_keys(namespace, keys)
        store.add(namespace, [row(n) for n in range(ROWS)] + [row(3, alias=2)])
        store.upkeep.reserve(namespace, 1, 1000)
        store.upkeep.link(namespace, b"s" * 16, ["t3x0", "T7x0"], 1)
        store.upkeep.touch(namespace, ["T9x0"], 20_900)
        store.put_policy(namespace, "mine \ud800", '{"a": "\0é"}')
        store.keep(namespace, [Kept(b"p" * 16, bytes([n]), 1, b"x" * n, 7) for n in (9, 2, 5)])
        for n in range(7):
            store.audit.append(namespace, [NewEntry(1000 + n, b"did %d" % n, b"t" * 8)], link)
        store.audit.cut(namespace, 1003, lambda head, removed: NewEntry(2000, b"cut"), link)
        store.audit.add_hits(namespace, [Hit(3, "/mask", "success", "ann \ud800", 4, 77)])
    store.tenants.add_bearer(Bearer(b"d" * 32, here, "ann \ud800", ("mask", "unmask"), 1, None, 9))
    store.tenants.add_bearer(Bearer(b"e" * 32, None, "root", (), None, 8, 9))
    store.tenants.revoke(b"e" * 32, 55)
    for number in range(4):
        store.jobs.add(job(number, here))
    store.jobs.claim(200, 300)
    ended = store.jobs.claim(201, 300)
    assert ended is not None
    store.jobs.end(replace(ended, status="SUCCESS", ended=202, outcome=b"o"))
    store.set_meta("other", b"said")
    store.set_meta("root", ROOT)


def job(number: int, namespace: int) -> JobRow:
    return JobRow(f"id {number}", namespace, "mask", "ann", "PENDING", 100, 1, b"sealed")


def everything(store: Store) -> dict[str, Any]:
    """All that a store says when it is asked, in a form that two can be compared in."""
    said: dict[str, Any] = {"root": store.meta("root"), "other": store.meta("other")}
    said["names"] = names = dict(store.tenants.names())
    said["masters"] = store.tenants.bearers(None)
    for name, here in names.items():
        said[name] = {
            "keys": store.keys(here),
            "rows": sorted(store.upkeep.rows(here, limit=10_000), key=lambda one: one.token),
            "linked": {token.lower() for token in store.upkeep.linked(here, [b"s" * 16])},
            "policies": [(one, store.policy(here, one)) for one in store.policies(here)],
            "kept": store.kept(here, [b"p" * 16]),
            "audit": store.audit.rows(here),
            "head": store.audit.head(here),
            "hits": store.audit.hits(here),
            "bearers": store.tenants.bearers(here),
            "generation": store.generation(here),
            "jobs": store.upkeep.jobs(here),
        }
    return said


def as_it_arrives(said: dict[str, Any]) -> dict[str, Any]:
    """What is different on purpose: a job in progress is to be done again."""
    for name in said["names"]:
        said[name]["jobs"] = [
            replace(one, status="PENDING", lease=0) if one.status == "IN-PROGRESS" else one
            for one in said[name]["jobs"]
        ]
    return said


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'source.db'}"


def filled(url: str) -> str:
    with open_store(url) as store:
        fill(store)
    return url


@pytest.mark.parametrize("page", [7, 5000])
def test_everything_arrives_and_comes_back(
    file: str, postgres: str, tmp_path: Path, page: int
) -> None:
    told: list[tuple[str, int, int]] = []
    moved = migrate(filled(file), postgres, lambda *said: told.append(said), page)
    assert moved.rows["tokens"] == 2 * (ROWS + 1)
    assert told[-1] == ("check", told[-1][2], told[-1][2])
    back = f"sqlite:///{tmp_path / 'back.db'}"
    assert migrate(postgres, back, page=page) == moved
    with open_store(file) as source, open_store(postgres) as middle, open_store(back) as end:
        wanted = as_it_arrives(everything(source))
        assert everything(middle) == wanted
        assert everything(end) == wanted


def test_what_arrived_goes_on_where_it_stood(file: str, postgres: str) -> None:
    migrate(filled(file), postgres)
    with open_store(postgres) as store:
        names = dict(store.tenants.names())
        assert store.namespace("new") > max(names.values()) + 1, "the number of a dropped one"
        here = names["default"]
        store.keep(here, [Kept(b"p" * 16, b"last", 1, b"", 7)])
        assert store.kept(here, [b"p" * 16])[-1].part == b"last"
        [after] = store.audit.append(here, [NewEntry(9, b"new")], link)
        assert isinstance(after, AuditRow)
        assert after.number == 9
        store.jobs.add(job(9, here))
        taken = [store.jobs.claim(999, 1999) for _ in range(5)]
        assert [one and one.tracking_id for one in taken] == ["id 0", "id 2", "id 3", "id 9", None]


def test_texts_masked_before_can_be_read_after(tmp_path: Path, postgres: str) -> None:
    environ = {"LGP_VAULT_KEY": KEY}
    text = "Write to Imogen Vale, imogen.vale@example.org."
    with LocalVault(tmp_path / "vault.db", environ=environ) as vault:
        [masked] = vault.mask([text])
    migrate(str(tmp_path / "vault.db"), postgres)
    with LocalVault(postgres, environ=environ) as vault:
        assert vault.unmask([masked.token_value])[0].value == text
        assert vault.mask([text])[0].token_value == masked.token_value
    with pytest.raises(VaultRefused, match="needs key"):
        LocalVault(postgres, environ={"LGP_VAULT_KEY": base64.b64encode(os.urandom(32)).decode()})


class Killed(BaseException):
    pass


def killed_after(pages: int) -> Callable[[str, int, int], None]:
    left = pages

    def tell(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    return tell


@pytest.mark.parametrize("pages", [0, 40, 80])
def test_a_move_that_was_stopped_cannot_be_opened_and_goes_on(
    file: str, postgres: str, pages: int
) -> None:
    filled(file)
    with pytest.raises(Killed):
        migrate(file, postgres, killed_after(pages), 17)
    with pytest.raises(VaultRefused, match="does not say which key"):
        LocalVault(postgres, environ={"LGP_VAULT_KEY": KEY})
    with open_store(postgres) as store:
        copied = (
            len(store.upkeep.rows(1, limit=10_000)) if "default" in store.tenants.names() else 0
        )
    told: list[tuple[str, int, int]] = []
    migrate(file, postgres, lambda *said: told.append(said), 17)
    assert told[0][0] == "check" or told[0][1] >= copied, "rows were copied again"
    with open_store(file) as source, open_store(postgres) as target:
        assert everything(target) == as_it_arrives(everything(source))


_MOVER = """
import os, sys
from llm_guard_protecto.engine.migrate import migrate
left = int(sys.argv[3])
def tell(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), 9)
migrate(sys.argv[1], sys.argv[2], tell, 11)
"""


def test_a_move_killed_again_and_again_arrives(file: str, postgres: str) -> None:
    filled(file)
    for _ in range(60):
        done = subprocess.run(
            [sys.executable, "-c", _MOVER, file, postgres, "25"], timeout=120, check=False
        )
        if done.returncode == 0:
            break
        assert done.returncode == -9
        # The copy of some pages and then the whole comparison fit in no 25 pages for ever.
        with open_store(postgres) as store:
            root = json.loads(store.meta("root") or b"{}")
        if root["moving"]["table"] == len(TABLES):
            migrate(file, postgres)
            break
    with open_store(file) as source, open_store(postgres) as target:
        assert everything(target) == as_it_arrives(everything(source))


def test_a_source_that_changed_between_two_runs_is_found_out(file: str, postgres: str) -> None:
    filled(file)
    with pytest.raises(Killed):
        migrate(file, postgres, killed_after(45), 17)
    with open_store(file) as store:
        store.upkeep.touch(1, ["T1x0"], 30_000)
    with pytest.raises(VaultError, match="differs from .* in the table tokens"):
        migrate(file, postgres)
    with pytest.raises(VaultRefused, match="does not say which key"):
        LocalVault(postgres, environ={"LGP_VAULT_KEY": KEY})


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_source_takes_no_writes_while_it_is_read(
    kind: str, file: str, postgres: str, tmp_path: Path
) -> None:
    source = filled(file) if kind == "sqlite" else f"{filled(postgres)}?patience=0.3"
    refused: list[str] = []

    def tell(name: str, done: int, _: int) -> None:
        if name == "copy" and not refused:
            with pytest.raises(VaultUnavailable) as caught, open_store(source) as store:
                store.add(1, [row(999)])
            refused.append(str(caught.value))

    migrate(source, f"sqlite:///{tmp_path / 'target.db'}", tell)
    assert "locked by another process" in refused[0] or "busy" in refused[0]
    with open_store(source) as store:
        store.add(1, [row(999)])


# What is refused


def make_vault(store: Store) -> None:
    store.set_meta("root", ROOT)


def make_rows(store: Store) -> None:
    store.add(store.namespace("default"), [row(1)])


def make_half(store: Store) -> None:
    moving = {"from": "another", "table": 0, "after": [], "done": 0}
    store.set_meta("root", json.dumps({"moving": moving}).encode())


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (make_vault, "is a vault already"),
        (make_rows, "is in use"),
        (make_half, "half of another vault"),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_target_that_holds_anything_is_left_as_it_is(
    kind: str, file: str, postgres: str, tmp_path: Path, make: Callable[[Store], None], why: str
) -> None:
    target = postgres if kind == "postgres" else f"sqlite:///{tmp_path / 'target.db'}"
    with open_store(target) as store:
        make(store)
        before = everything(store)
    with pytest.raises(ConfigurationError, match=why):
        migrate(filled(file), target)
    with open_store(target) as store:
        assert everything(store) == before


def test_sources_that_are_none(file: str, postgres: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no vault"):
        migrate(str(tmp_path / "nothing.db"), postgres)
    assert not (tmp_path / "nothing.db").exists()
    with pytest.raises(VaultRefused, match="empty"):
        migrate(postgres, file)
    with pytest.raises(ConfigurationError, match="memory"):
        migrate("memory:", postgres)
    with pytest.raises(ConfigurationError, match="memory"):
        migrate(filled(file), "memory:")
    with pytest.raises(ConfigurationError, match="no store speaks 'https'"):
        migrate("https://host/vault", postgres)
    with pytest.raises(ConfigurationError, match="to where it is"):
        migrate(file, file)


def test_half_a_vault_is_no_source(file: str, postgres: str, tmp_path: Path) -> None:
    filled(file)
    with pytest.raises(Killed):
        migrate(file, postgres, killed_after(9), 17)
    with pytest.raises(VaultRefused, match="half copied"):
        migrate(postgres, str(tmp_path / "target.db"))


# Nothing is forgotten


def test_every_column_of_every_table_moves(file: str, postgres: str) -> None:
    """A migration that adds a table or a column must be added to what moves."""
    open_store(file).close()
    ours = {table.name: set(table.columns) - {"rowid"} for table in TABLES}
    with apsw.Connection(file.removeprefix("sqlite:///")) as db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        theirs = {
            name: {
                column for (column,) in db.execute("SELECT name FROM pragma_table_info(?)", [name])
            }
            for (name,) in names
            if not str(name).startswith("sqlite_")
        }
    assert theirs == ours
    with psycopg.connect(postgres) as pg:
        columns = pg.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'llm_guard_protecto' AND table_name <> 'versions'"
        ).fetchall()
    found: dict[str, set[str]] = {}
    for table, column in columns:
        found.setdefault(table, set()).add(column)
    renamed = {table.name: dict(table.renamed) for table in TABLES}
    wanted = {
        table.name: {renamed[table.name].get(name, name) for name in table.columns}
        for table in TABLES
    }
    wanted["jobs"].add("dispatch")  # a number of the queue beside, made anew where it arrives
    assert found == wanted


def test_a_checksum_does_not_look_at_the_order() -> None:
    rows: Sequence[tuple[object, ...]] = [(1, b"a"), (2, b"b"), (2, b"b")]
    sums = [Checksum() for _ in range(4)]
    sums[0].add(rows)
    sums[1].add(rows[::-1])
    sums[2].add(rows[:2])
    sums[3].add([(1, b"a"), (2, b"b"), (2, b"c")])
    assert sums[0] == sums[1]
    assert sums[0] not in sums[2:]


# The command


def test_the_command_says_what_it_moved(outside: Outside, postgres: str) -> None:
    before = outside.cli("mask", "Imogen Vale", "--vault", "vault.db")
    done = outside.cli("migrate", "vault.db", postgres, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]["tokens"] == 2
    again = outside.cli("migrate", "vault.db", postgres)
    assert again.returncode != 0
    assert b"is a vault already" in again.stderr
    after = outside.cli("mask", "Imogen Vale", "--vault", postgres)
    assert after.stdout == before.stdout
    back = outside.cli("migrate", postgres, "back.db")
    assert b"copied and compared; they are the same" in back.stdout


def test_the_page_runs_with_a_postgres_vault(outside: Outside, postgres: str) -> None:
    code = outside.run(sys.executable, "-c", script(PAGE, "python"), LLM_GUARD_VAULT=postgres)
    assert code.returncode == 0, code.stderr
    assert b"Ask Sarah Johnson" in code.stdout


def test_the_commands_of_the_page_move_a_vault_to_postgres(outside: Outside, postgres: str) -> None:
    commands = script(PAGE, "sh").replace(
        "llm-guard-protecto", f"{sys.executable} -m llm_guard_protecto"
    )
    ran = outside.run(*("bash", "-euc", commands), LLM_GUARD_VAULT="old.db", NEW_VAULT=postgres)
    assert ran.returncode == 0, ran.stderr
    assert b"Ask Sarah Johnson" in ran.stdout


def test_the_items_of_a_vault_have_the_same_tokens_on_both(tmp_path: Path, postgres: str) -> None:
    items = [Item(f"value {n}", token_name="Text Token") for n in range(20)]
    with LocalVault(tmp_path / "v.db", environ={"LGP_VAULT_KEY": KEY}) as vault:
        before = [one.token_value for one in vault.mask(items)]
    migrate(str(tmp_path / "v.db"), postgres)
    with LocalVault(postgres, environ={"LGP_VAULT_KEY": KEY}) as vault:
        assert [one.token_value for one in vault.mask(items)] == before
