"""The audit chains and counts of a PostgreSQL vault; see `audit` for what each method promises.

Entries that threads of one process have for the same chain share a transaction: a chain has one
writer at a time among all machines, and each would wait for the disk on its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from llm_guard_protecto.engine.store.audit import AuditRow, Cutting, Head, Hit, Link, NewEntry
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


class PostgresAudit:
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

    def rows(
        self,
        namespace: int,
        after: int = 0,
        limit: int = 1000,
        first: int | None = None,
        last: int | None = None,
    ) -> list[AuditRow]:
        """Entries with a number above `after`, in order, at most `limit`."""
        asked = _between(namespace, first, last) | {"after": after, "limit": limit}
        return [AuditRow(*values) for values in self._all("audit_rows", asked)]

    def count(self, namespace: int, first: int | None = None, last: int | None = None) -> int:
        """How many entries there are between two moments."""
        [(found,)] = self._all("audit_count", _between(namespace, first, last))
        return int(found)

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
            _put(db, namespace, head, [cutting(head, removed)], link)
            return removed

        return self._connections.write(cut, patience=_SCAN_SECONDS)

    def add_hits(self, namespace: int, hits: Sequence[Hit]) -> None:
        """Add counts to those that stand; the later `last` stays."""
        values = sorted(  # in one order everywhere, so that nobody waits in a circle
            (namespace, h.day, h.api, h.status, h.user.encode("utf-8", "surrogatepass"), h.count,
             h.last) for h in hits
        )  # fmt: skip

        def add(db: psycopg.Connection[Any]) -> None:
            hold(db, namespace)
            db.cursor().executemany(queries()["add_hit"], values)

        self._connections.write(add)

    def hits(self, namespace: int, first: int | None = None, last: int | None = None) -> list[Hit]:
        """The counts of the days from `first` to `last`, both included."""
        return [
            Hit(day, api, status, bytes(user).decode("utf-8", "surrogatepass"), count, latest)
            for day, api, status, user, count, latest in self._all(
                "hits", _between(namespace, first, last)
            )
        ]

    def _settle(self, additions: Sequence[_Addition]) -> list[list[AuditRow]]:
        """Put what several calls have for one chain at its end, in one transaction."""
        namespace = additions[0].namespace

        def put(db: psycopg.Connection[Any]) -> list[list[AuditRow]]:
            _own_chain(db, namespace)
            head, written = _head(db, namespace), []
            for one in additions:
                rows = _linked(head, one.entries, one.link)
                head = _behind(head, rows)
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


def _linked(head: Head, entries: Sequence[NewEntry], link: Link) -> list[AuditRow]:
    """Entries with the numbers and codes they have behind a head."""
    number, code, rows = head.number, head.code, []
    for new in entries:
        number += 1
        code = link(code, number, new)
        rows.append(AuditRow(number, new.moment, new.entry, new.tokens, code))
    return rows


def _behind(head: Head, rows: Sequence[AuditRow]) -> Head:
    return Head(head.base, head.base_code, rows[-1].number, rows[-1].code) if rows else head


def _put(
    db: psycopg.Connection[Any], namespace: int, head: Head, entries: Sequence[NewEntry], link: Link
) -> None:
    rows = _linked(head, entries, link)
    _write(db, namespace, _behind(head, rows), rows)


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
        values = (namespace, head.base, head.base_code, head.number, head.code)
        db.execute(queries()["put_audit_head"], values)


def _between(namespace: int, first: int | None, last: int | None) -> dict[str, Any]:
    least, most = -(2**62), 2**62
    return {
        "namespace": namespace,
        "first": least if first is None else first,
        "last": most if last is None else last,
    }
