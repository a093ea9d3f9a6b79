"""The canary sweep: after the whole suite, no clear value in any log or vault file.

Every record any library logs, at any level, goes to a file of this run, with its traceback. When
the last test has ended, that file, and every vault, write-ahead log and temporary database that
the tests left behind, are searched for the values the tests masked. The tables of a PostgreSQL
database (values, jobs, queue, audit) are searched before a test gives it back, its files and its
log before the server ends. One hit fails the run. In a run of several processes the first one
searches what all of them left, and is told what each found in its databases.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.clients.leaks import leaked

__all__ = [
    "CANARIES",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_testnodedown",
    "search_database",
    "search_files",
    "tables_of",
]

CANARIES = (
    "sarah.johnson@example.com",
    "Sarah Johnson",
    "(555) 987-6543",
    "4111 1111 1111 1111",
    "456 Elm Avenue",
    "DE89 3704 0044 0532 0130 00",
    "+44 7943 582088",
    "Øystein Brandvold",
)
"""Values of invented people that the tests mask again and again."""

_LOG = pytest.StashKey[Path]()
_NOT_OURS = dict.fromkeys(("hypothesis", "asyncio", "faker", "markdown_it"), logging.INFO)
_NOT_OURS["vcr"] = logging.WARNING  # it plays what the pages print, and says every body

_LARGEST = 20_000
"""Rows of a table that are looked at."""

_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""

_searched: dict[str, int] = {"tables": 0, "files": 0}
_found: dict[str, int] = {}


def tables_of(database: psycopg.Connection[Any]) -> Iterator[tuple[str, bytes]]:
    """The name of each table of a database, and its rows as PostgreSQL sends them."""
    for (name,) in database.execute(_TABLES).fetchall():
        rows = sql.SQL("COPY (SELECT * FROM {} LIMIT {}) TO STDOUT (FORMAT binary)")
        asked = rows.format(sql.SQL(name), sql.Literal(_LARGEST))
        with database.cursor() as cursor, cursor.copy(asked) as copied:
            yield name, b"".join(map(bytes, copied))


def search_database(url: str) -> None:
    """Search every table of a PostgreSQL database; hits fail the run at its end."""
    with psycopg.connect(url, autocommit=True) as database:
        for name, rows in tables_of(database):
            _searched["tables"] += len(rows) > 40  # else it has no row
            if len(rows) > 40 and (hits := leaked(rows, CANARIES)):
                _found[f"table {name}"] = _found.get(f"table {name}", 0) + len(hits)


def search_files(folder: Path) -> None:
    """Search every file below a folder for the values as they are; hits fail the run."""
    for file in folder.rglob("*"):
        if not file.is_file() or not file.stat().st_size:
            continue
        _searched["files"] += 1
        with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as raw:
            hits = sum(raw.find(value.encode()) >= 0 for value in CANARIES)
        if hits:
            _found[f"file {file.relative_to(folder)}"] = hits


def pytest_sessionstart(session: pytest.Session) -> None:
    """Write everything that is logged, whoever logs it, to one file."""
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    path = Path(factory.getbasetemp()) / "everything.log"
    handler = logging.FileHandler(path, encoding="utf-8", errors="surrogatepass")
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name, level in _NOT_OURS.items():
        logging.getLogger(name).setLevel(level)
    session.config.stash[_LOG] = path


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search what was logged and what the vaults left on disk."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["sweep"] = (_searched, _found)
        return
    path = session.config.stash[_LOG]
    logs = [*path.parent.rglob(path.name)]
    files = [*logs, *(p for p in path.parent.rglob("*") if _is_a_vault(p))]
    found = _found | {
        str(file.relative_to(path.parent)): len(hits)
        for file in files
        if (hits := leaked(file.read_bytes(), CANARIES))
    }
    size = sum(log.stat().st_size for log in logs)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(
            f"\ncanary sweep: {size} bytes of logs and {len(files) - len(logs)} vault files, "
            f"{_searched['tables']} tables and {_searched['files']} files of PostgreSQL"
        )
    if found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if reporter is not None:
            for place, number in found.items():
                reporter.write_line(f"canary sweep: {number} clear values in {place}", red=True)


def pytest_testnodedown(node: Any) -> None:
    """Take over what another process of this run searched and found."""
    searched, found = getattr(node, "workeroutput", {}).get("sweep", ({}, {}))
    for name, count in searched.items():
        _searched[name] += count
    for place, hits in found.items():
        _found[f"{place} of {node.gateway.id}"] = hits


def _is_a_vault(path: Path) -> bool:
    """A SQLite file of any name, with what belongs to it, and key files."""
    name = path.name
    return path.is_file() and (
        ".db" in name or name.endswith(("-wal", "-shm", "-journal", ".key", ".sqlite"))
    )
