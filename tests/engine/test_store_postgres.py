"""The PostgreSQL store: its URL, who may open it, what every session keeps to, and trouble."""

from __future__ import annotations

import gc
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.engine.store import Row, open_store
from llm_guard_protecto.engine.store.postgres import PostgresStore
from llm_guard_protecto.engine.store.postgres_address import read_address
from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.sql.postgres import migrations, queries
from llm_guard_protecto.errors import (
    ConfigurationError,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)
from tests.postgres import PASSWORD, Server

CHILDREN = Path(__file__).with_name("children.py")


def row(number: int, size: int = 45) -> Row:
    return Row(number.to_bytes(16, "big"), 0, "safe:5-10", f"t{number}", 0, 1, bytes(size), 20_500)


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def tokens_of(store: PostgresStore, here: int, *numbers: int) -> set[str]:
    return {one.token for one in store.by_token(here, [f"t{n}" for n in numbers])}


@pytest.fixture
def store(postgres: str) -> Iterator[PostgresStore]:
    with PostgresStore(postgres) as opened:
        yield opened


@pytest.fixture
def connections(postgres: str) -> Iterator[PostgresConnections]:
    opened = PostgresConnections(read_address(postgres))
    yield opened
    opened.close()


# URLs


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text))
def test_a_password_is_in_no_message(password: str) -> None:
    try:
        escaped = quote(password, "")
    except UnicodeEncodeError:  # a lone surrogate is no password
        return
    address = read_address(f"postgresql://ann:{escaped}@127.0.0.1:6000/vault", {})
    assert address.location == "postgresql://ann@127.0.0.1:6000/vault"
    assert address.parameters["password"] == password
    assert "parameters" not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2/x@db/vault",
        "postgresql://ann:12/hunter2@db/vault",
        "postgresql://ann:hunter2@x@db/vault",
        "postgresql://ann:hunter2%zz@db/vault",
        "postgresql://ann:hunter2@[db/vault",
    ],
)
def test_a_password_that_is_not_escaped_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError, match="special characters escaped") as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("postgresql://db/vault", "postgresql://db/vault"),
        ("postgres://ann@db:6000/vault?pool_size=3", "postgresql://ann@db:6000/vault"),
        ("postgresql://a,b:7/vault", "postgresql://a,b:7/vault"),
        ("postgresql:///vault?host=/run/pg", "postgresql://%2Frun%2Fpg/vault"),
        ("postgresql://ann:q?@db/vault?patience=2", "postgresql://ann@db/vault"),
        ("postgresql://[::1]:9/vault", "postgresql://[::1]:9/vault"),
    ],
)
def test_where_a_vault_is_said_to_be(url: str, location: str) -> None:
    assert read_address(url, {}).location == location


def test_the_query_may_set_the_pool_and_the_patience() -> None:
    address = read_address("postgresql://localhost/v?pool_size=40&patience=1.5&sslmode=disable", {})
    assert (address.pool_size, address.patience) == (40, 1.5)
    assert address.parameters["sslmode"] == "disable"
    assert not {"pool_size", "patience"} & set(address.parameters)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("pool_size=0", "pool_size"),
        ("pool_size=many", "pool_size"),
        ("patience=-1", "patience"),
        ("patience=nan", "patience"),
        ("poolsize=3", "no parameter 'poolsize'"),
        ("target_session_attrs=any", "primary"),
        ("target_session_attrs=prefer-standby", "primary"),
    ],
)
def test_settings_that_cannot_be_are_named(query: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        read_address(f"postgresql://localhost/v?{query}", {})


@pytest.mark.parametrize(
    ("url", "environ", "mode"),
    [
        ("postgresql://db.example.org/v", {}, "verify-full"),
        ("postgresql://localhost,db.example.org/v", {}, "verify-full"),
        ("postgresql://db.example.org/v", {"PGSSLMODE": "require"}, "require"),
        ("postgresql://db.example.org/v?sslmode=disable", {}, "disable"),
        ("postgresql:///v", {"PGHOST": "db.example.org"}, "verify-full"),
        ("postgresql://localhost/v", {}, None),
        ("postgresql://127.0.0.1/v", {}, None),
        ("postgresql:///v?host=/run/pg", {}, None),
    ],
)
def test_tls_with_a_checked_name_unless_the_server_is_here(
    url: str, environ: dict[str, str], mode: str | None
) -> None:
    assert read_address(url, environ).parameters.get("sslmode") == mode


# Who may open what


def test_a_wrong_password_is_refused_and_not_told(postgres: str) -> None:
    wrong = postgres.replace(quote(PASSWORD, ""), "hunter2")
    with pytest.raises(VaultRefused, match="password") as caught:
        open_store(wrong)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_what_is_not_there_is_named(postgres: str, postgres_server: Server) -> None:
    with pytest.raises(ConfigurationError, match="no such database"):
        open_store(postgres.replace(name_of(postgres), "nowhere"))
    with pytest.raises(VaultUnavailable, match="nothing listens"):
        open_store(postgres.replace(f":{postgres_server.port}", ":1"))
    with pytest.raises(VaultUnavailable, match="TLS"):
        open_store(f"{postgres}?sslmode=require")


def test_a_socket_will_do(postgres: str, postgres_server: Server) -> None:
    with open_store(postgres_server.url(name_of(postgres), over_socket=True)) as store:
        store.add(store.namespace("default"), [row(1)])
        assert PASSWORD not in store.location


def test_a_database_that_takes_no_writes_is_refused(
    empty_postgres: str, postgres_server: Server
) -> None:
    open_store(empty_postgres).close()
    name = name_of(empty_postgres)
    postgres_server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(VaultUnavailable, match="needs the primary"):
        open_store(empty_postgres)


def test_a_user_without_rights_is_refused(empty_postgres: str, postgres_server: Server) -> None:
    name = name_of(empty_postgres)
    postgres_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'p'")
    theirs = empty_postgres.replace(f"postgres:{quote(PASSWORD, '')}", f"{name}:p")
    with pytest.raises(VaultRefused, match="lacks a permission"):
        open_store(theirs)
    postgres_server.execute(f"GRANT CREATE ON DATABASE {name} TO {name}")
    with open_store(theirs) as store:
        store.add(store.namespace("default"), [row(1)])


def test_a_schema_of_somebody_else_is_left_as_it_is(
    empty_postgres: str, postgres_server: Server
) -> None:
    name = name_of(empty_postgres)
    postgres_server.execute("CREATE SCHEMA llm_guard_protecto", database=name)
    postgres_server.execute("CREATE TABLE llm_guard_protecto.mine (a int)", database=name)
    with pytest.raises(ConfigurationError, match="not a vault; it was left as it is"):
        open_store(empty_postgres)
    found = postgres_server.execute(queries()["strangers"], database=name)
    assert found == [(1,)]


def test_a_newer_schema_is_refused(empty_postgres: str, postgres_server: Server) -> None:
    open_store(empty_postgres).close()
    newer = f"INSERT INTO llm_guard_protecto.versions VALUES ({len(migrations()) + 1})"
    postgres_server.execute(newer, database=name_of(empty_postgres))
    with pytest.raises(ConfigurationError, match="newer version"):
        open_store(empty_postgres)


def test_tables_of_others_in_the_same_database_are_not_ours(
    empty_postgres: str, postgres_server: Server
) -> None:
    name = name_of(empty_postgres)
    postgres_server.execute("CREATE TABLE tokens (a int)", database=name)
    postgres_server.execute("CREATE TABLE jobs (a int)", database=name)
    with open_store(empty_postgres) as store:
        store.add(store.namespace("default"), [row(1)])
    assert postgres_server.execute("SELECT count(*) FROM tokens", database=name) == [(0,)]


def test_ten_openers_of_an_empty_database_make_one_vault(empty_postgres: str) -> None:
    start = threading.Barrier(10)

    def come(_: int) -> tuple[int, bytes]:
        start.wait()
        with open_store(empty_postgres) as store:
            return store.namespace("default"), store.set_meta("root", os.urandom(8))

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(come, range(10)))
    assert len(answers) == 1


# What every session keeps to


def test_a_commit_waits_for_the_disk_whatever_the_server_says(
    empty_postgres: str, postgres_server: Server
) -> None:
    name = name_of(empty_postgres)
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    connections = PostgresConnections(read_address(empty_postgres))
    assert _show(connections, "synchronous_commit") == "on"
    connections.close()
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    connections = PostgresConnections(read_address(empty_postgres))
    assert _show(connections, "synchronous_commit") == "remote_apply"
    connections.close()


def _show(connections: PostgresConnections, setting: str) -> str:
    [(value,)] = connections.read(lambda db: db.execute(f"SHOW {setting}").fetchall())
    return str(value)


@pytest.mark.parametrize("query", ["rows_by_index", "rows_by_token", "kept"])
def test_a_young_table_is_never_read_whole(store: PostgresStore, query: str) -> None:
    """Without statistics the planner would read every row; it is asked just after they came."""
    here = store.namespace("default")
    store.add(here, [row(n) for n in range(2000)])
    wanted: list[Any] = [b"x" * 16, b"y" * 16] if query != "rows_by_token" else ["t1", "t2"]
    asked = {"namespace": here, "wanted": wanted}
    explain = f"EXPLAIN {queries()[query]}"
    connections = store._connections
    plan = connections.read(lambda db: db.execute(explain, asked).fetchall())
    text = "\n".join(line for (line,) in plan)
    assert "Index" in text
    assert "Seq Scan" not in text, text


def test_a_row_costs_at_most_300_bytes(store: PostgresStore) -> None:
    here, many = store.namespace("default"), 20_000
    for first in range(0, many, 1000):
        store.add(
            here,
            [
                Row(os.urandom(16), 0, "safe:5-10", os.urandom(5).hex(), 0, 1, bytes(64), 20_500)
                for _ in range(first, first + 1000)
            ],
        )
    connections = store._connections
    [(size,)] = connections.read(
        lambda db: db.execute("SELECT pg_total_relation_size('tokens')").fetchall()
    )
    assert size / many <= 300


def test_a_closed_store_leaves_no_session(postgres: str, postgres_server: Server) -> None:
    with PostgresStore(postgres) as store, ThreadPoolExecutor(8) as pool:
        here = store.namespace("default")
        list(pool.map(lambda n: store.add(here, [row(n)]), range(40)))
        assert _sessions(postgres_server, postgres) > 0
    _until_none(postgres_server, postgres)


def test_a_dropped_store_leaves_no_session_and_no_warning(
    postgres: str, postgres_server: Server
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = PostgresStore(postgres)
        store.namespace("default")
        del store
        gc.collect()
    _until_none(postgres_server, postgres)


def _sessions(server: Server, url: str) -> int:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    return int(server.execute(asked, (name_of(url),))[0][0])


def _until_none(server: Server, url: str) -> None:
    """A session ends a moment after its connection; wait for that."""
    for _ in range(200):
        if not _sessions(server, url):
            return
        threading.Event().wait(0.02)
    pytest.fail("sessions were left open")


# Trouble with the server


def test_a_restart_in_between_is_not_noticed(store: PostgresStore, postgres_server: Server) -> None:
    here = store.namespace("default")
    store.add(here, [row(1)])
    postgres_server.restart()
    assert tokens_of(store, here, 1) == {"t1"}
    postgres_server.restart()
    store.add(here, [row(2)])
    postgres_server.kill()
    postgres_server.start()
    store.put_policy(here, "mine", "{}")
    assert tokens_of(store, here, 1, 2) == {"t1", "t2"}
    assert store.policies(here) == ["mine"]


def test_a_server_that_is_down_says_so_and_comes_back(
    store: PostgresStore, postgres_server: Server
) -> None:
    here = store.namespace("default")
    postgres_server.stop()
    with pytest.raises(VaultUnavailable, match="nothing listens"):
        store.add(here, [row(1)])
    with pytest.raises(VaultUnavailable, match="nothing listens"):
        store.by_token(here, ["t1"])
    postgres_server.start()
    assert tokens_of(store, here, 1) == set()
    store.add(here, [row(1)])
    assert tokens_of(store, here, 1) == {"t1"}


def test_a_server_that_stands_still_is_given_up(postgres: str, postgres_server: Server) -> None:
    with PostgresStore(f"{postgres}?patience=0.3") as store:
        here = store.namespace("default")
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s"
        frozen = [pid for (pid,) in postgres_server.execute(asked, (name_of(postgres),))]
        frozen.append(int((postgres_server.data / "postmaster.pid").read_text().split()[0]))
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(VaultUnavailable, match="in time"):
                store.by_token(here, ["t1"])
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        store.add(here, [row(1)])
        assert tokens_of(store, here, 1) == {"t1"}


def test_a_table_that_is_locked_says_so_and_is_free_again(postgres: str) -> None:
    with PostgresStore(f"{postgres}?patience=0.3") as store:
        here = store.namespace("default")
        with psycopg.connect(postgres) as other:
            other.execute("LOCK TABLE llm_guard_protecto.tokens")
            with pytest.raises(VaultUnavailable, match="busy; nothing was changed"):
                store.add(here, [row(1)])
            other.rollback()
        store.add(here, [row(1)])
        assert tokens_of(store, here, 1) == {"t1"}


def test_when_every_connection_is_in_use_the_next_is_told(postgres: str) -> None:
    connections = PostgresConnections(read_address(f"{postgres}?pool_size=1&patience=0.2"))
    inside, done = threading.Event(), threading.Event()

    def hold(_: psycopg.Connection[Any]) -> None:
        inside.set()
        done.wait(30)

    thread = threading.Thread(target=lambda: connections.read(hold))
    thread.start()
    inside.wait()
    with pytest.raises(VaultUnavailable, match="in use"):
        connections.read(lambda db: db.execute("SELECT 1"))
    done.set()
    thread.join()
    connections.read(lambda db: db.execute("SELECT 1"))
    connections.close()


def test_a_full_disk_is_named(connections: PostgresConnections) -> None:
    raise_it = "DO $$ BEGIN RAISE EXCEPTION 'Imogen' USING ERRCODE = 'disk_full'; END $$"
    with pytest.raises(VaultUnavailable, match="is full; nothing was changed") as caught:
        connections.write(lambda db: db.execute(raise_it))
    assert "Imogen" not in str(caught.value)


def test_no_error_quotes_what_was_asked(connections: PostgresConnections) -> None:
    with pytest.raises(VaultError, match="22P02") as caught:
        connections.read(lambda db: db.execute("SELECT %s::integer", ["Imogen Canary"]))
    assert "Imogen" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_copied_process_has_connections_of_its_own(postgres: str) -> None:
    done = subprocess.run(
        [sys.executable, CHILDREN, "forks", postgres], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["children"], said["lost"]) == ([0] * 12, [])


def test_without_the_driver_the_command_that_installs_it_is_told() -> None:
    program = """
import sys
sys.modules["psycopg"] = None
from llm_guard_protecto.engine.store import open_store
try:
    open_store("postgresql://localhost/vault")
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"pip install 'llm-guard-protecto[postgres]'" in done.stdout


def test_work_that_loses_its_connection_is_done_once_more(connections: PostgresConnections) -> None:
    tries: list[int] = []

    def work(db: psycopg.Connection[Any]) -> None:
        tries.append(1)
        db.execute(queries()["set_meta"], {"name": f"try {len(tries)}", "value": b"x"})
        if len(tries) == 1:
            db.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    connections.write(work)
    names = connections.read(lambda db: db.execute("SELECT name FROM meta").fetchall())
    assert names == [("try 2",)]


_DIES = """
CREATE FUNCTION pg_temp.die() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE TEMP TABLE last (a int);
CREATE CONSTRAINT TRIGGER die AFTER INSERT ON last DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pg_temp.die();
INSERT INTO last VALUES (1);
"""


def test_a_commit_whose_end_is_unknown_is_repeated_only_where_that_is_safe(
    connections: PostgresConnections,
) -> None:
    tries: list[int] = []

    def work(db: psycopg.Connection[Any]) -> None:
        tries.append(1)
        if len(tries) == 1:
            db.execute(_DIES)

    with pytest.raises(VaultUnavailable, match="unknown"):
        connections.write(work)
    assert len(tries) == 1
    tries.clear()
    connections.write(work, again=True)
    assert len(tries) == 2


def test_a_transaction_that_another_stands_in_the_way_of_is_done_again(
    connections: PostgresConnections,
) -> None:
    """Two that lock two rows in opposite order: one is given up by the server, and repeated."""
    for name in ("a", "b"):
        connections.write(
            lambda db, name=name: db.execute(queries()["set_meta"], {"name": name, "value": b"0"})  # type: ignore[misc]
        )
    both, tries = threading.Barrier(2), []

    def change(first: str, second: str) -> None:
        met = False

        def work(db: psycopg.Connection[Any]) -> None:
            nonlocal met
            tries.append(first)
            db.execute(queries()["change_meta"], {"name": first, "value": first.encode()})
            if not met:
                met = True
                both.wait(30)
            db.execute(queries()["change_meta"], {"name": second, "value": first.encode()})

        connections.write(work)

    threads = [threading.Thread(target=change, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) >= 3
    values = connections.read(lambda db: db.execute("SELECT value FROM meta").fetchall())
    assert values[0] == values[1]


def test_the_same_rows_at_the_same_time_never_clash(postgres: str) -> None:
    """Two unique indexes, and an insert that names one of them fails when the other objects."""
    start = threading.Barrier(8)

    def come(worker: int) -> set[str]:
        with PostgresStore(postgres) as store:
            here = store.namespace("default")
            start.wait()
            for first in range(0, 120, 3):
                rows = [row(n) for n in range(first, first + 3)]
                store.add(here, rows if worker % 2 else rows[::-1])
            return tokens_of(store, here, *range(120))

    with ThreadPoolExecutor(8) as pool:
        assert all(len(found) == 120 for found in pool.map(come, range(8)))


def test_a_namespace_that_is_dropped_gets_no_more_rows(store: PostgresStore) -> None:
    """Whoever adds holds the namespace: what is dropped stays empty, however the two meet."""
    for attempt in range(8):
        here = store.namespace(f"short-lived {attempt}")
        start = threading.Barrier(3)

        def add(worker: int, here: int = here, start: threading.Barrier = start) -> None:
            start.wait()
            number = itertools.count(1_000_000 * worker)
            with pytest.raises(VaultError, match="no namespace number"):
                _for_ever(lambda: store.add(here, [row(next(number))]))

        threads = [threading.Thread(target=add, args=(worker,)) for worker in (1, 2)]
        for thread in threads:
            thread.start()
        start.wait()
        assert store.tenants.drop(here)
        for thread in threads:
            thread.join()
        connections = store._connections
        counted = connections.read(lambda db: db.execute("SELECT count(*) FROM tokens").fetchall())
        assert counted == [(0,)]


def _for_ever(work: Callable[[], object]) -> None:
    while True:
        work()
