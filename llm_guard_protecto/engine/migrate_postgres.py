"""A PostgreSQL vault as the source or the target of a move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql

from llm_guard_protecto.engine.migrate_tables import TABLES, Table
from llm_guard_protecto.engine.procrastinate_jobs import defer
from llm_guard_protecto.engine.store.postgres import PostgresStore
from llm_guard_protecto.engine.store.postgres_address import read_address
from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections, PostgresWork
from llm_guard_protecto.engine.store.postgres_errors import explained
from llm_guard_protecto.engine.store.postgres_holds import said
from llm_guard_protecto.engine.store.postgres_pool import open_connection
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.errors import VaultError

__all__ = ["postgres_source", "postgres_target"]

_LONG = 3600.0


@contextmanager
def postgres_source(url: str) -> Iterator[PostgresTables]:
    """A PostgreSQL vault, brought up to date, and locked against writers meanwhile."""
    PostgresStore(url).close()
    address = read_address(url)
    try:
        with open_connection(replace(address, patience=_LONG)) as db, db.transaction():
            db.execute(queries()["be_patient"], {"ms": str(int(1000 * address.patience))})
            names = sql.SQL(", ").join(sql.Identifier(table.name) for table in TABLES)
            db.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
            db.execute(queries()["be_patient"], {"ms": str(int(1000 * _LONG))})
            yield PostgresTables(address.location, lambda work: work(db))
    except psycopg.Error as error:
        raise explained(error, address.location) from None


@contextmanager
def postgres_target(url: str) -> Iterator[PostgresTarget]:
    """A PostgreSQL vault, its tables made if they are missing."""
    PostgresStore(url).close()
    connections = PostgresConnections(read_address(url))
    try:
        yield PostgresTarget(connections)
    finally:
        connections.close()


class PostgresTables:
    """The tables of a PostgreSQL vault; see `Source`."""

    def __init__(self, location: str, read: Callable[[PostgresWork[Any]], Any]) -> None:
        """`read` does work on a connection."""
        self.location = location
        self._read = read

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name))
        [(rows,)] = self._read(lambda db: db.execute(statement).fetchall())
        return int(rows)

    def page(
        self, table: Table, after: Sequence[Any], limit: int
    ) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """The rows behind a key, and the key of the last one."""
        key = sql.SQL(", ".join(table.postgres_key))  # names and expressions of ours
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(table.postgres_key))
        behind = sql.SQL("WHERE ({}) > ({})").format(key, marks) if after else sql.SQL("")
        statement = sql.SQL(
            "SELECT {key}, {columns} FROM {table} {behind} ORDER BY {key} LIMIT {n}"
        )
        composed = statement.format(
            key=key,
            columns=_columns(table),
            table=sql.Identifier(table.name),
            behind=behind,
            n=limit,
        )
        rows = self._read(lambda db: db.execute(composed, tuple(after), binary=True).fetchall())
        size = len(table.postgres_key)
        return [row[size:] for row in rows], list(rows[-1][:size]) if rows else []


class PostgresTarget(PostgresTables):
    """The same, to be written; see `Target`."""

    def __init__(self, connections: PostgresConnections) -> None:
        """Read and write over the connections of a vault."""
        super().__init__(
            connections.location, lambda work: connections.write(work, again=True, patience=_LONG)
        )
        self._connections = connections

    def put(
        self, table: Table, rows: Sequence[tuple[Any, ...]], before: bytes | None, after: bytes
    ) -> None:
        """Write rows, and how far the copy has come, in one transaction."""
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.name), _columns(table)
        )

        def put(db: psycopg.Connection[Any]) -> None:
            with db.cursor().copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)

        self._step(put, before, after)

    def finish(self, before: bytes, after: bytes) -> None:
        """Set the next numbers, hand open jobs to the queue, name the key."""

        def finish(db: psycopg.Connection[Any]) -> None:
            for table, column in (("namespaces", "namespace"), ("kept", "arrival"), _ARRIVAL):
                db.execute(
                    sql.SQL(
                        "SELECT setval(pg_get_serial_sequence({table}, {column}), max({name})) "
                        "FROM {from_table} HAVING max({name}) IS NOT NULL"
                    ).format(
                        table=table,
                        column=column,
                        name=sql.Identifier(column),
                        from_table=sql.Identifier(table),
                    )
                )
            defer(db, [tracking_id for (tracking_id,) in db.execute(_NOT_DEFERRED).fetchall()])
            db.execute("ANALYZE")  # so that the planner knows what there is

        self._step(finish, before, after)

    def _step(self, work: PostgresWork[None], before: bytes | None, after: bytes) -> None:
        """Do work and say how far the copy has come, in one transaction, once."""

        def step(db: psycopg.Connection[Any]) -> None:
            db.execute(queries()["own_keys"])
            stands = said(db, "root")
            if stands == after:
                return  # done already, and the connection was lost before it could say so
            if stands != before:
                raise VaultError(f"somebody else writes to {self.location}; nothing was changed")
            work(db)
            db.execute(queries()["set_meta"], {"name": "root", "value": after})
            db.execute(queries()["change_meta"], {"name": "root", "value": after})

        self._connections.write(step, again=True, patience=_LONG)


_ARRIVAL = ("jobs", "arrival")
_NOT_DEFERRED = """
SELECT tracking_id FROM jobs WHERE status = 'PENDING' AND dispatch IS NULL ORDER BY arrival
"""


def _columns(table: Table) -> sql.Composed:
    names = (table.renamed.get(name, name) for name in table.columns)
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
