"""The SQLite file: who may read it, what it refuses, what it holds, and how it survives trouble."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import apsw
import pytest

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import open_vault
from llm_guard_protecto.engine.store import Row, Store, open_store, sql
from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite import SqliteStore
from llm_guard_protecto.engine.store.sqlite_file import fit_for_many, prepare
from llm_guard_protecto.engine.store.writer import Writer
from llm_guard_protecto.errors import (
    ConfigurationError,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)

CHILDREN = Path(__file__).with_name("children.py")


def child(*arguments: object) -> object:
    """Run one of the programs of `children.py` to its end; what it printed."""
    done = subprocess.run(
        [sys.executable, CHILDREN, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def row(number: int, size: int = 45) -> Row:
    return Row(
        number.to_bytes(4, "big") * 4, 0, "safe:5-10", f"t{number}", 0, 1, b"\x01" * size, 20_500
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault.db"


@pytest.fixture
def connections(path: Path) -> Iterator[Connections]:
    prepare(path, 5.0)
    opened = Connections(path, 5.0)
    yield opened
    opened.close()


# URLs


@pytest.mark.parametrize("form", ["sqlite:///{}", "{}"])
def test_a_url_or_a_bare_path_names_a_file(path: Path, form: str) -> None:
    with open_store(form.format(path)) as store:
        assert store.location == str(path)
        assert store.lasting
    assert path.exists()


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///vault.db") as store:
        assert store.location == str(tmp_path / "vault.db")


@pytest.mark.parametrize("url", ["memory:", ":memory:", "sqlite:///:memory:"])
def test_memory_is_not_a_file(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store(url) as store:
        assert not store.lasting
        store.namespace("default")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://user:hunter2/x@db/vault", "special characters escaped"),
        ("postgres://db/vault?pool=3", "no parameter 'pool'"),
        ("https://host/api/vault", "no store speaks 'https'"),
        ("sqlite://", "no store speaks|path"),
        ("sqlite:///", "path"),
        ("", "path"),
        ("a\0b", "path"),
    ],
)
def test_other_urls_are_refused(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


# Who may read the file


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_closed_to_others_from_the_start(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with open_store(str(path)) as store:
            store.add(store.namespace("default"), [row(1)])
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"vault.db": 0o600, "vault.db-wal": 0o600, "vault.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o606, 0o644])
def test_a_file_others_may_use_is_refused_with_the_line_to_run(path: Path, mode: int) -> None:
    open_store(str(path)).close()
    path.chmod(mode)
    with pytest.raises(VaultRefused, match=f"chmod 600 {path}"):
        open_store(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == mode
    path.chmod(0o600)
    open_store(str(path)).close()


# What is refused and left alone


def sqlite_file(path: Path, *statements: str) -> bytes:
    with closing(apsw.Connection(str(path))) as db:
        for statement in statements:
            db.execute(statement)
    return path.read_bytes()


def text_file(path: Path) -> bytes:
    path.write_text("Dear Imogen,\n" * 400)
    return path.read_bytes()


def short_file(path: Path) -> bytes:
    path.write_bytes(b"x")
    return path.read_bytes()


def damaged_header(path: Path) -> bytes:
    open_store(str(path)).close()
    path.write_bytes(b"not SQLite any more" + path.read_bytes()[19:])
    return path.read_bytes()


def another_database(path: Path) -> bytes:
    return sqlite_file(path, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")


def another_database_with_a_log(path: Path) -> bytes:
    return sqlite_file(path, "PRAGMA journal_mode=wal", "CREATE TABLE t (a)")


def another_application(path: Path) -> bytes:
    return sqlite_file(path, "PRAGMA application_id=7", "CREATE TABLE t (a)")


def newer_vault(path: Path) -> bytes:
    open_store(str(path)).close()
    return sqlite_file(path, "PRAGMA user_version=999")


@pytest.mark.parametrize(
    "make",
    [
        text_file,
        short_file,
        damaged_header,
        another_database,
        another_database_with_a_log,
        another_application,
        newer_vault,
    ],
)
def test_what_is_no_vault_of_ours_is_refused_untouched(
    tmp_path: Path, make: Callable[[Path], bytes]
) -> None:
    path = tmp_path / "vault.db"
    before = make(path)
    path.chmod(0o600)
    times = path.stat().st_mtime_ns
    with pytest.raises(ConfigurationError, match="not a vault|newer version") as caught:
        open_store(str(path))
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == times
    assert [p.name for p in tmp_path.iterdir()] == ["vault.db"]


def test_a_directory_is_no_vault(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a file"):
        open_store(str(tmp_path))


def test_an_empty_file_becomes_a_vault(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    path.touch(mode=0o600)
    with open_store(str(path)) as store:
        store.add(store.namespace("default"), [row(1)])


def test_a_name_with_every_odd_character_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory&c=#%20é'\".db"
    with open_store(str(path)) as store:
        store.add(store.namespace("default"), [row(1)])
    with open_store(str(path)) as store:
        assert store.by_token(store.namespace("default"), ["t1"]) == [row(1)]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_page_that_rots_is_an_error_not_an_answer(path: Path) -> None:
    with open_store(str(path)) as store:
        store.add(store.namespace("default"), [row(n) for n in range(2000)])
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(VaultError, match="damaged"), open_store(str(path)) as store:
        store.by_token(store.namespace("default"), [f"t{n}" for n in range(2000)])


# Trouble with the place


def test_a_place_that_takes_no_files() -> None:
    for place in ("/proc/vault.db", "/proc/new/vault.db", "/dev/null/vault.db"):
        with pytest.raises(VaultUnavailable, match="cannot create"):
            open_store(place)


def test_a_read_only_file_or_directory_keeps_what_it_has(tmp_path: Path) -> None:
    said = child("read_only")
    assert said == {
        "new vault": "cannot create",
        "read-only directory": "VaultUnavailable",
        "read-only file": "VaultUnavailable",
        "afterwards": ["t1"],
    }


def test_a_file_that_may_not_grow_loses_nothing(path: Path) -> None:
    said = child("small_disk", path)
    assert isinstance(said, dict)
    assert said["error"] == "VaultUnavailable"
    assert "nothing was changed" in said["message"]
    assert said["kept"] > 0
    assert said["lost"] == []
    assert said["halves"] == [], "a transaction was kept in part"
    assert said["works again"]
    with open_store(str(path)) as store:
        assert len(store.by_token(store.namespace("default"), said["tokens"])) == said["kept"]


def test_a_full_disk_is_named_and_passes(connections: Connections) -> None:
    fill = "INSERT INTO meta VALUES (:n, zeroblob(60000))"

    def limit(pages: int) -> Callable[[apsw.Connection], object]:
        return lambda db: db.pragma("max_page_count", db.pragma("page_count") + pages)

    def put(name: str) -> None:
        connections.write(lambda db: db.execute(fill, {"n": name}))

    put("before")
    connections.write(limit(20))
    put("one more fits")
    with pytest.raises(VaultUnavailable, match="full; nothing was changed"):
        put("one too many")
    connections.write(limit(100_000))
    put("after")
    names = connections.read(lambda db: db.execute("SELECT name FROM meta").fetchall())
    assert set(names) == {("before",), ("one more fits",), ("after",)}


def test_a_locked_file_says_so_and_is_free_again(path: Path) -> None:
    with SqliteStore(path, patience=0.2) as store:
        here = store.namespace("default")
        store.add(here, [row(1)])
        with closing(apsw.Connection(str(path))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(VaultUnavailable, match="locked by another process"):
                store.add(here, [row(2)])
            assert store.by_token(here, ["t1", "t2"]) == [row(1)], "reading needs no lock"
            other.execute("ROLLBACK")
        store.add(here, [row(2)])
        assert len(store.by_token(here, ["t1", "t2"])) == 2


def test_opening_a_locked_file_says_so(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(VaultUnavailable, match="locked by another process"):
            SqliteStore(path, patience=0.2)
    SqliteStore(path, patience=0.2).close()


def test_a_second_opener_shares_the_file(path: Path) -> None:
    with open_store(str(path)) as one, open_store(str(path)) as two:
        here = one.namespace("default")
        assert two.namespace("default") == here
        one.add(here, [row(1)])
        two.add(here, [row(2)])
        for store in (one, two):
            assert len(store.by_token(here, ["t1", "t2"])) == 2


@pytest.mark.parametrize(
    ("version", "fit"),
    [
        ("3.7.0", False),
        ("3.40.1", False),
        ("3.44.5", False),
        ("3.44.6", True),
        ("3.45.3", False),
        ("3.50.6", False),
        ("3.50.7", True),
        ("3.51.1", False),
        ("3.51.2", False),
        ("3.51.3", True),
        ("3.52.0", False),
        ("3.53.0", True),
        ("3.54.1", True),
        ("3.100.0", True),
        ("4.0.0", True),
    ],
)
def test_which_sqlite_may_share_a_file(version: str, fit: bool) -> None:
    assert fit_for_many(version) is fit


def test_the_linked_sqlite_may_share_a_file() -> None:
    assert fit_for_many(apsw.sqlite_lib_version())


def test_an_unfit_sqlite_refuses_a_second_opener(path: Path) -> None:
    with SqliteStore(path, sqlite_version="3.40.1") as one:
        here = one.namespace("default")
        one.add(here, [row(1)])
        with pytest.raises(VaultRefused, match=r"in use.*3\.40\.1"):
            SqliteStore(path, sqlite_version="3.40.1")
        assert one.by_token(here, ["t1"]) == [row(1)]
    with SqliteStore(path, sqlite_version="3.40.1") as again:
        assert again.by_token(here, ["t1"]) == [row(1)]


# What is in the file


def test_no_value_and_no_key_is_in_any_file(tmp_path: Path) -> None:
    given: list[bytes] = []

    def chance(size: int) -> bytes:
        given.append(os.urandom(size))
        return given[-1]

    values = [f"Imogen Canary {n} O'Brádaigh" for n in range(300)]
    store, root = open_vault(str(tmp_path / "d" / "v.db"), {}, tmp_path / "config", chance)
    with store:
        keyring = Keyring.open(store, "default", root, 20_500, chance)
        rows = []
        for n, value in enumerate(values):
            index = keyring.index.of("safe", value)
            version, sealed = keyring.seal(value, kind="safe", index=index, alias=0, token=f"t{n}")
            rows.append(Row(index, 0, "safe", f"t{n}", 0, version, sealed, 20_500))
        store.add(keyring.namespace, rows)
        assert {keyring.value(r) for r in store.by_index(keyring.namespace, [rows[7].index])} == {
            values[7]
        }
        files = {p.name: p.read_bytes() for p in (tmp_path / "d").iterdir()}
        assert set(files) == {"v.db", "v.db-wal", "v.db-shm"}
        keys = [key for key in given if len(key) == 32]
        assert len(keys) == 4, "the root key and three of the namespace"
        secrets = [b"Canary", "Canary".encode("utf-16-le"), b"Imogen", *keys]
        secrets += [key.hex().encode() for key in keys]
        for name, content in files.items():
            assert not any(secret in content for secret in secrets), name
    after = (tmp_path / "d" / "v.db").read_bytes()
    assert not any(secret in after for secret in secrets)
    assert rows[7].index in after, "the search would find what is there"


def test_a_forgotten_policy_is_gone_from_the_file(path: Path) -> None:
    with open_store(str(path)) as store:
        here = store.namespace("default")
        store.put_policy(here, "mine", '{"allow": ["Imogen Canary"]}' * 50)
        store.delete_policy(here, "mine")
    assert b"Canary" not in path.read_bytes()


def test_a_row_costs_at_most_200_bytes(path: Path) -> None:
    many = 20_000
    with open_store(str(path)) as store:
        here = store.namespace("default")
        for start in range(0, many, 500):
            store.add(
                here,
                [
                    Row(
                        os.urandom(16), 0, "safe:5-10", os.urandom(5).hex(), 0, 1, bytes(64), 20_500
                    )
                    for _ in range(start, start + 500)
                ],
            )
    assert path.stat().st_size / many <= 200


def test_the_log_does_not_grow_for_ever(path: Path) -> None:
    with open_store(str(path)) as store:
        here = store.namespace("default")
        for n in range(200):
            store.add(here, [row(n * 100 + k, 1000) for k in range(100)])
        assert path.with_name("vault.db-wal").stat().st_size < 16 * 2**20
    assert [p.name for p in path.parent.iterdir()] == ["vault.db"]


# How it works


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("rows_by_index", "tokens_by_index (namespace=? AND blind_index=?)"),
        ("rows_by_token", "tokens_by_token (namespace=? AND token=?)"),
        ("kept", "kept_by_place (namespace=? AND place=?)"),
    ],
)
def test_look_ups_use_the_whole_index(connections: Connections, query: str, index: str) -> None:
    def plan(db: apsw.Connection) -> list[str]:
        asked = {"namespace": 1, "wanted": apsw.carray((b"x", b"y"))}
        return [str(s[3]) for s in db.execute("EXPLAIN QUERY PLAN " + queries()[query], asked)]

    steps = connections.read(plan)
    assert any(f"USING INDEX {index}" in step for step in steps), steps


def test_the_writer_is_durable_and_the_readers_cannot_write(connections: Connections) -> None:
    settings = ("synchronous", "secure_delete", "foreign_keys", "journal_mode")
    assert connections.write(lambda db: [db.pragma(name) for name in settings]) == [2, 1, 1, "wal"]
    with pytest.raises(VaultUnavailable, match="read-only"):
        connections.read(lambda db: db.execute("DELETE FROM tokens"))


TRANSACTIONS = {"begin", "begin_alone", "commit", "rollback"}


@pytest.mark.parametrize("name", sorted(queries().keys() - TRANSACTIONS))
def test_every_statement_compiles(connections: Connections, name: str) -> None:
    statement = queries()[name]
    assert statement.endswith(";")
    assert statement.count(";") == 1
    unnamed = (None,) * statement.count("?")
    named = dict.fromkeys(re.findall(r":(\w+)", statement)) | {"wanted": apsw.carray((b"x",))}
    connections.read(lambda db: db.execute("EXPLAIN " + statement, unnamed or named))


def test_every_line_of_sql_belongs_to_a_named_statement() -> None:
    assert queries().keys() >= TRANSACTIONS
    text = files(sql).joinpath("queries.sql").read_text("utf-8")
    assert len(queries()) == text.count(";\n") > 40


class Commits:
    """Counts the transactions of a writer's connection."""

    def __init__(self) -> None:
        self.count = 0

    def connect(self) -> apsw.Connection:
        db = apsw.Connection(":memory:")
        db.execute("CREATE TABLE t (a UNIQUE)")
        db.set_commit_hook(self._count)
        return db

    def _count(self) -> bool:
        self.count += 1
        return False


def put(value: object) -> Callable[[apsw.Connection], object]:
    return lambda db: db.execute("INSERT INTO t VALUES (?)", (value,))


def vault_writers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "vault writer" in thread.name}


def contents(writer: Writer) -> list[object]:
    return writer.run(lambda db: [a for (a,) in db.execute("SELECT a FROM t ORDER BY a")])


def queued(writer: Writer, works: list[Callable[[apsw.Connection], object]]) -> list[object]:
    """What each work raised, None if nothing, when all of them wait behind a slow one."""
    entered, release = threading.Event(), threading.Event()

    def slow(_: apsw.Connection) -> None:
        entered.set()
        release.wait()

    def attempt(work: Callable[[apsw.Connection], object]) -> object:
        try:
            writer.run(work)
        except Exception as error:  # noqa: BLE001
            return type(error)
        return None

    with ThreadPoolExecutor(len(works) + 1) as pool:
        first = pool.submit(writer.run, slow)
        entered.wait()
        others = [pool.submit(attempt, work) for work in works]
        while writer.waiting < len(works):
            time.sleep(0.001)
        release.set()
        first.result()
        return [other.result() for other in others]


def test_jobs_that_wait_together_share_a_transaction() -> None:
    commits = Commits()
    writer = Writer(commits.connect)
    assert queued(writer, [put(n) for n in range(40)]) == [None] * 40
    assert commits.count == 2, "one for the slow job, one for all that waited behind it"
    assert contents(writer) == list(range(40))
    writer.stop()


def test_work_that_fails_does_not_harm_the_work_of_others() -> None:
    commits = Commits()
    writer = Writer(commits.connect)

    def fail(db: apsw.Connection) -> None:
        put("half done")(db)
        raise LookupError

    works = [put(1), fail, put(2), put(1), put(3)]
    raised = queued(writer, works)
    assert raised.count(None) == 3
    assert raised[1] is LookupError
    assert apsw.ConstraintError in raised
    assert contents(writer) == [1, 2, 3]
    writer.stop()


def test_a_stopped_writer_starts_again() -> None:
    before = vault_writers()
    writer = Writer(Commits().connect)
    writer.run(put(1))
    (thread,) = vault_writers() - before
    writer.stop()
    assert not thread.is_alive()
    writer.run(lambda db: db.pragma("user_version"))
    assert len(vault_writers() - before) == 1
    writer.stop()
    assert vault_writers() <= before


def test_closing_keeps_every_promise(path: Path) -> None:
    store = open_store(str(path))
    here = store.namespace("default")
    start = threading.Barrier(9)

    def keep(worker: int) -> list[str]:
        promised: list[str] = []
        start.wait()
        for n in range(10_000):
            try:
                store.add(here, [row(worker * 10_000 + n)])
            except VaultUnavailable:
                return promised
            promised.append(f"t{worker * 10_000 + n}")
        return promised

    with ThreadPoolExecutor(8) as pool:
        workers = [pool.submit(keep, worker) for worker in range(8)]
        start.wait()
        time.sleep(0.1)
        store.close()
        promised = [token for worker in workers for token in worker.result()]
    with open_store(str(path)) as again:
        assert {r.token for r in again.by_token(here, promised)} == set(promised)
    assert promised


def test_a_program_that_ends_without_closing_loses_nothing(path: Path) -> None:
    said = child("no_close", path)
    assert isinstance(said, list)
    with open_store(str(path)) as store:
        found = store.by_token(store.namespace("default"), said)
    assert {r.token for r in found} == set(said)
    assert len(said) >= 8


def test_a_store_that_is_dropped_lets_go(path: Path) -> None:
    before = vault_writers()
    store: Store | None = open_store(str(path))
    assert store is not None
    here = store.namespace("default")
    store.add(here, [row(1)])
    (thread,) = vault_writers() - before
    store = None
    assert not thread.is_alive()
    assert [p.name for p in path.parent.iterdir()] == ["vault.db"]


def test_a_fork_while_threads_write_harms_neither_side(path: Path) -> None:
    said = child("forks", path)
    assert said == {"children": [0] * 12, "lost": [], "integrity": "ok"}


def test_a_copy_of_the_process_may_not_share_with_an_unfit_sqlite(path: Path) -> None:
    assert child("unfit_fork", path) == {"parent": "ok", "child": "VaultUnavailable"}
