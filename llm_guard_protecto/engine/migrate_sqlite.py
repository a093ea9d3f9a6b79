"""A vault file as the source or the target of a move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from llm_guard_protecto.engine.migrate_tables import TABLES, Table
from llm_guard_protecto.engine.store import open_store
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite_file import connect, explained
from llm_guard_protecto.errors import ConfigurationError, VaultError

__all__ = ["sqlite_source", "sqlite_target"]

_PATIENCE = 5.0


@contextmanager
def sqlite_source(url: str) -> Iterator[SqliteTables]:
    """A vault file that is there, brought up to date, and locked against writers meanwhile.

    Raises `ConfigurationError` when there is none.
    """
    path = _path(url)
    if not path.exists():
        if ":" in url.removeprefix("sqlite:///"):
            open_store(url).close()  # says what is wrong with any other URL
        raise ConfigurationError(f"there is no vault at {path}")
    with _tables(url) as tables:
        tables.db.execute(queries()["begin"])
        try:
            yield tables
        finally:
            tables.db.execute(queries()["rollback"])


@contextmanager
def sqlite_target(url: str) -> Iterator[SqliteTables]:
    """A vault file, made if it is missing."""
    with _tables(url) as tables:
        yield tables


@contextmanager
def _tables(url: str) -> Iterator[SqliteTables]:
    with open_store(url) as store:
        if not store.lasting:
            raise ConfigurationError("a vault in memory cannot be moved")
    path = _path(url)
    try:
        db = connect(path, _PATIENCE, writer=True)
        try:
            yield SqliteTables(db, path)
        finally:
            db.close()
    except apsw.Error as error:
        raise explained(error, path) from error


class SqliteTables:
    """The tables of a vault file; see `Source` and `Target`."""

    def __init__(self, db: apsw.Connection, path: Path) -> None:
        """Read and write over one connection."""
        self.db = db
        self._path = path

    @property
    def location(self) -> str:
        """The path of the file."""
        return str(self._path)

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        counted = self.db.execute(f"SELECT count(*) FROM {table.name}").get  # noqa: S608
        return int(str(counted))

    def page(
        self, table: Table, after: Sequence[Any], limit: int
    ) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """The rows behind a key, and the key of the last one."""
        key = ", ".join(table.sqlite_key)
        marks = ", ".join("?" * len(table.sqlite_key))
        behind = f"WHERE ({key}) > ({marks})" if after else ""
        # Names of tables and columns are ours.
        statement = (
            f"SELECT {key}, {', '.join(table.columns)} FROM {table.name} {behind} "  # noqa: S608
            f"ORDER BY {key} LIMIT ?"
        )
        rows = self.db.execute(statement, (*after, limit)).fetchall()
        size = len(table.sqlite_key)
        return [row[size:] for row in rows], list(rows[-1][:size]) if rows else []

    def put(
        self, table: Table, rows: Sequence[tuple[Any, ...]], before: bytes | None, after: bytes
    ) -> None:
        """Write rows, and how far the copy has come, in one transaction.

        Raises `VaultError` and writes nothing when the vault does not say `before` any more.
        """
        columns = ", ".join(table.columns)
        marks = ", ".join("?" * len(table.columns))
        self.db.execute(queries()["begin"])
        try:
            said = self.db.execute(queries()["meta"], {"name": "root"}).fetchall()
            if (said[0][0] if said else None) != before:
                raise VaultError(f"somebody else writes to {self._path}; nothing was changed")
            statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608
            self.db.executemany(statement, rows)
            self.db.execute(queries()["set_meta"], {"name": "root", "value": after})
            self.db.execute(queries()["change_meta"], {"name": "root", "value": after})
            self.db.execute(queries()["commit"])
        finally:
            if not self.db.get_autocommit():
                self.db.execute(queries()["rollback"])

    def finish(self, before: bytes, after: bytes) -> None:
        """Only name the key: SQLite counts from the highest number on."""
        self.put(TABLES[-1], (), before, after)


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).expanduser().resolve()
