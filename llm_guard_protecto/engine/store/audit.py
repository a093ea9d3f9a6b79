"""Chains of audit entries, one per namespace, and counts of calls. No clear value in either.

The same promises as in `Store`: durable when a method returns, safe from several threads and
processes. What an entry says and how its code is made is up to the engine; the store gives
numbers, under a lock that all writers of a chain share, so that a chain never forks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Protocol

import apsw

from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite_said import check
from llm_guard_protecto.engine.store.text import to_bytes, to_text

__all__ = [
    "Audit",
    "AuditRow",
    "Cutting",
    "Head",
    "Hit",
    "Link",
    "NewEntry",
    "SqlAudit",
    "SqliteAudit",
]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that waits for its place in a chain.

    `moment` is in milliseconds since 1970. `entry` says what happened, `tokens` are keyed hashes
    of the tokens it concerned, eight bytes each.
    """

    moment: int
    entry: bytes = field(repr=False)
    tokens: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry in its place: `number` counts from 1 without a gap, `code` binds it to the rest."""

    number: int
    moment: int
    entry: bytes = field(repr=False)
    tokens: bytes = field(repr=False)
    code: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands.

    `number` and `code` are those of its last entry, 0 and empty before the first one. `base` and
    `base_code` are those of the last entry that was deleted, 0 and empty when none was.
    """

    base: int = 0
    base_code: bytes = field(default=b"", repr=False)
    number: int = 0
    code: bytes = field(default=b"", repr=False)

    def linked(self, entries: Sequence[NewEntry], link: Link) -> tuple[list[AuditRow], Head]:
        """Entries with the numbers and codes they have behind this head, and the head then."""
        number, code, rows = self.number, self.code, []
        for new in entries:
            number += 1
            code = link(code, number, new)
            rows.append(AuditRow(number, new.moment, new.entry, new.tokens, code))
        return rows, replace(self, number=number, code=code)


@dataclass(frozen=True, slots=True)
class Hit:
    """How often a user made a call on a day.

    `day` counts from 1970-01-01, `api` is a path, `status` is `success` or `failure`, `user` the
    id as the administrator gave it, `last` the time of the last one in seconds since 1970.
    """

    day: int
    api: str
    status: str
    user: str = field(repr=False)
    count: int
    last: int

    @classmethod
    def of(cls, columns: Sequence[Any]) -> Hit:
        """The count that these columns of a table say, in the order of the fields."""
        day, api, status, user, *rest = columns
        return cls(day, api, status, to_text(user), *rest)

    def columns(self) -> tuple[Any, ...]:
        """What a table says of this count, in the order of the fields."""
        return (self.day, self.api, self.status, to_bytes(self.user), self.count, self.last)


Link = Callable[[bytes, int, NewEntry], bytes]
"""The code of an entry, from the code before it and its number. May be asked more than once."""

Cutting = Callable[[Head, int], NewEntry]
"""The entry that tells of a deletion, from the head with its new base and how many were deleted."""


class Audit(Protocol):
    """The chains and the counts of a store."""

    def append(self, namespace: int, entries: Sequence[NewEntry], link: Link) -> list[AuditRow]:
        """Put entries at the end of a chain, all in one transaction; what stands there now.

        Every writer of a namespace waits for the one before: numbers have no gap and no double.
        `link` is called inside, for one entry after the other.
        """
        ...

    def rows(
        self,
        namespace: int,
        after: int = 0,
        limit: int = 1000,
        first: int | None = None,
        last: int | None = None,
    ) -> list[AuditRow]:
        """Entries with a number above `after`, in order, at most `limit`.

        `first` and `last` narrow them to moments between the two, both included.
        """
        ...

    def count(self, namespace: int, first: int | None = None, last: int | None = None) -> int:
        """How many entries there are between two moments, both included."""
        ...

    def head(self, namespace: int) -> Head:
        """Where the chain stands."""
        ...

    def cut(self, namespace: int, before: int, cutting: Cutting, link: Link) -> int:
        """Delete the entries in front of the first whose moment is `before` or later; how many.

        In the same transaction the head gets its new base, and the entry that `cutting` makes
        goes to the end of the chain. When there is nothing to delete, nothing is written.
        """
        ...

    def add_hits(self, namespace: int, hits: Sequence[Hit]) -> None:
        """Add counts to those that stand, in one transaction; the later `last` stays."""
        ...

    def hits(self, namespace: int, first: int | None = None, last: int | None = None) -> list[Hit]:
        """The counts of the days from `first` to `last`, both included, in order of their keys."""
        ...


class SqlAudit(ABC):
    """The questions to the chains and counts of a database; see `Audit`."""

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

    def hits(self, namespace: int, first: int | None = None, last: int | None = None) -> list[Hit]:
        """The counts of the days from `first` to `last`, both included."""
        return [Hit.of(row) for row in self._all("hits", _between(namespace, first, last))]

    @abstractmethod
    def _all(self, query: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises `VaultError` when there is no such namespace."""


class SqliteAudit(SqlAudit):
    """The chains and counts of a vault file; see `Audit`."""

    def __init__(self, connections: Connections) -> None:
        """Use the connections of the store."""
        self._connections = connections

    def append(self, namespace: int, entries: Sequence[NewEntry], link: Link) -> list[AuditRow]:
        """Put entries at the end of a chain; what stands there now."""

        def put(db: apsw.Connection) -> list[AuditRow]:
            return _put(db, namespace, entries, link)

        return self._connections.write(put)

    def head(self, namespace: int) -> Head:
        """Where the chain stands."""
        return self._connections.read(lambda db: _head(db, namespace))

    def cut(self, namespace: int, before: int, cutting: Cutting, link: Link) -> int:
        """Delete the entries in front of the first whose moment is `before` or later; how many."""
        asked = {"namespace": namespace, "before": before}

        def cut(db: apsw.Connection) -> int:
            head = _head(db, namespace)
            [(kept,)] = _found(db, "audit_first_kept", asked)
            through = head.number if kept is None else kept - 1
            last = {"namespace": namespace, "number": through}
            codes = _found(db, "audit_code", last)
            if through <= head.base or not codes:
                return 0
            head = Head(through, codes[0][0], head.number, head.code)
            db.execute(queries()["audit_cut"], {"namespace": namespace, "through": through})
            removed = db.changes()
            _write_head(db, namespace, head)
            _put(db, namespace, [cutting(head, removed)], link)
            return removed

        return self._connections.write(cut)

    def add_hits(self, namespace: int, hits: Sequence[Hit]) -> None:
        """Add counts to those that stand; the later `last` stays."""
        values = [(namespace, *hit.columns()) for hit in hits]

        def add(db: apsw.Connection) -> None:
            check(db, namespace)
            db.executemany(queries()["add_hit"], values)

        self._connections.write(add)

    def _all(self, query: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
        def find(db: apsw.Connection) -> list[tuple[Any, ...]]:
            check(db, asked["namespace"])
            return _found(db, query, asked)

        return self._connections.read(find)


def _put(
    db: apsw.Connection, namespace: int, entries: Sequence[NewEntry], link: Link
) -> list[AuditRow]:
    """Number and link entries behind the head. Runs in a transaction that may write."""
    head = _head(db, namespace)
    if not head.number:  # a namespace that is gone has no head
        check(db, namespace)
    rows, head = head.linked(entries, link)
    values = [(namespace, r.number, r.moment, r.entry, r.tokens, r.code) for r in rows]
    db.executemany(queries()["add_audit"], values)
    _write_head(db, namespace, head)
    return rows


def _head(db: apsw.Connection, namespace: int) -> Head:
    found = _found(db, "audit_head", {"namespace": namespace})
    return Head(*found[0]) if found else Head()


def _found(db: apsw.Connection, query: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    return db.execute(queries()[query], asked).fetchall()


def _write_head(db: apsw.Connection, namespace: int, head: Head) -> None:
    db.execute(queries()["put_audit_head"], (namespace, *astuple(head)))


def _between(namespace: int, first: int | None, last: int | None) -> dict[str, Any]:
    least, most = -(2**62), 2**62
    return {
        "namespace": namespace,
        "first": least if first is None else first,
        "last": most if last is None else last,
    }
