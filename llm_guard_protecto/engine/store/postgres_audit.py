"""The audit chains and counts of a PostgreSQL vault; see `audit` for what each method promises.

Entries that threads of one process have for the same chain share a transaction: a chain has one
writer at a time among all machines, and each would wait for the disk on its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import psycopg

from llm_guard_protecto.engine.store.audit import (
    AuditRow,
    Cutting,
    Head,
    Hit,
    Link,
    NewEntry,
    SqlAudit,
)
from llm_guard_protecto.engine.store.gathering import Gathering
from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.postgres_holds import hold, standing
from llm_guard_protecto.engine.store.sql.postgres import queries

__all__ = ["PostgresAudit"]

_SCAN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Addition:
    """What one call puts at the end of a chain."""

    namespace: int
    entries: Sequence[NewEntry]
    link: Link


class PostgresAudit(SqlAudit):
    """The chains and counts of a PostgreSQL vault; see `Audit`."""

    def __init__(self, connections: PostgresConnections) -> None:
        """Use the connections of the store."""
        self._connections = connections
        self._gatherings: dict[int, Gathering[_Addition, list[AuditRow]]] = {}

    def append(self, namespace: int, entries: Sequence[NewEntry], link: Link) -> list[AuditRow]:
        """Put entries at the end of a chain; what stands there now."""
        gathering = self._gatherings.get(namespace) or self._gatherings.setdefault(
            namespace, Gathering(self._settle)
        )
        return gathering.do(_Addition(namespace, entries, link))

    def head(self, namespace: int) -> Head:
        """Where the chain stands."""
        return self._connections.read(lambda db: _head(db, namespace))

    def cut(self, namespace: int, before: int, cutting: Cutting, link: Link) -> int:
        """Delete the entries in front of the first whose moment is `before` or later; how many."""
        asked = {"namespace": namespace, "before": before}

        def cut(db: psycopg.Connection[Any]) -> int:
            _own_chain(db, namespace)
            head = _head(db, namespace)
            [(kept,)] = db.execute(queries()["audit_first_kept"], asked).fetchall()
            through = head.number if kept is None else kept - 1
            found = db.execute(
                queries()["audit_code"], {"namespace": namespace, "number": through}, binary=True
            ).fetchall()
            if through <= head.base or not found:
                return 0
            head = Head(through, bytes(found[0][0]), head.number, head.code)
            given = {"namespace": namespace, "through": through}
            removed = db.execute(queries()["audit_cut"], given).rowcount
            rows, head = head.linked([cutting(head, removed)], link)
            _write(db, namespace, head, rows)
            return removed

        return self._connections.write(cut, patience=_SCAN_SECONDS)

    def add_hits(self, namespace: int, hits: Sequence[Hit]) -> None:
        """Add counts to those that stand; the later `last` stays."""
        # In one order everywhere, so that nobody waits in a circle.
        values = sorted((namespace, *hit.columns()) for hit in hits)

        def add(db: psycopg.Connection[Any]) -> None:
            hold(db, namespace)
            db.cursor().executemany(queries()["add_hit"], values)

        self._connections.write(add)

    def _settle(self, additions: Sequence[_Addition]) -> list[list[AuditRow]]:
        """Put what several calls have for one chain at its end, in one transaction."""
        namespace = additions[0].namespace

        def put(db: psycopg.Connection[Any]) -> list[list[AuditRow]]:
            _own_chain(db, namespace)
            head, written = _head(db, namespace), []
            for one in additions:
                rows, head = head.linked(one.entries, one.link)
                written.append(rows)
            _write(db, namespace, head, [row for rows in written for row in rows])
            return written

        return self._connections.write(put)

    def _all(self, query: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        def find(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
            standing(db, asked["namespace"])
            return db.execute(queries()[query], asked, binary=True).fetchall()

        return self._connections.read(find)


def _own_chain(db: psycopg.Connection[Any], namespace: int) -> None:
    hold(db, namespace)
    db.execute(queries()["own_audit"], {"namespace": namespace})


def _head(db: psycopg.Connection[Any], namespace: int) -> Head:
    found = db.execute(queries()["audit_head"], {"namespace": namespace}, binary=True).fetchall()
    return Head(*found[0]) if found else Head()


def _write(
    db: psycopg.Connection[Any], namespace: int, head: Head, rows: Sequence[AuditRow]
) -> None:
    with db.pipeline():
        if rows:
            columns = {
                "namespace": namespace,
                "number": [row.number for row in rows],
                "moment": [row.moment for row in rows],
                "entry": [row.entry for row in rows],
                "tokens": [row.tokens for row in rows],
                "code": [row.code for row in rows],
            }
            db.execute(queries()["add_audit"], columns)
        db.execute(queries()["put_audit_head"], (namespace, *astuple(head)))
