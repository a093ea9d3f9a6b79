"""The tables of a vault as they travel from one store to another.

Rows travel sealed, as they lie: no key is needed. What both kinds of store hold is written here
once, in the order in which it is copied, so that whatever refers to a row comes after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["TABLES", "Checksum", "Table", "travelling"]

_CHECKSUM_BYTES = 16


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, and by which of them each kind of store reads it page by page.

    `renamed` maps our name of a column to that of PostgreSQL.
    """

    name: str
    columns: tuple[str, ...]
    sqlite_key: tuple[str, ...]
    postgres_key: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)


def _table(name: str, columns: str, key: str, postgres_key: str = "", **renamed: str) -> Table:
    return Table(
        name,
        tuple(columns.split()),
        tuple(key.split()),
        tuple((postgres_key or key).split()),
        renamed,
    )


TABLES = (
    _table("namespaces", "namespace name gone generation swept", "namespace"),
    _table("keys", "namespace role version state wrapped day uses", "namespace role version"),
    _table("policies", "namespace name document", "namespace name"),
    _table(
        "tokens",
        "namespace alias counter key_version day used kind token blind_index sealed attributes",
        "rowid",
        "namespace lower(token)",
    ),
    _table("subjects", "namespace subject token index_version", "namespace subject token"),
    _table(
        "kept",
        "rowid namespace key_version day place part sealed",
        "rowid",
        "namespace place part",
        rowid="arrival",
    ),
    _table(
        "bearers", "digest namespace owner permissions first_day last_day made revoked", "digest"
    ),
    _table(
        "jobs",
        "rowid tracking_id namespace call owner status submitted started ended lease tries "
        "key_version payload outcome",
        "rowid",
        "tracking_id",
        rowid="arrival",
    ),
    _table("audit", "namespace number moment entry tokens code", "namespace number"),
    _table("audit_heads", "namespace base base_code number code", "namespace"),
    _table(
        "hits",
        "namespace day api status user count last",
        "namespace day api status user",
        "namespace day api status caller",
        user="caller",
    ),
    _table("meta", "name value", "name"),
)
"""Every table of a vault but what tells of its schema."""


def travelling(table: Table, row: Sequence[Any]) -> tuple[Any, ...]:
    """A row as it arrives, whichever store it comes from.

    The tokens of links are in lower case. A job whose worker had not ended is to be done again:
    nobody works on it while its vault moves.
    """
    values = dict(zip(table.columns, row, strict=True))
    if table.name == "namespaces":
        values["gone"] = int(values["gone"])
    if table.name == "subjects":
        values["token"] = values["token"].lower()
    if table.name == "jobs" and values["status"] == "IN-PROGRESS":
        values |= {"status": "PENDING", "lease": 0}
    return tuple(values[name] for name in table.columns)


class Checksum:
    """A checksum of rows that does not depend on their order."""

    def __init__(self) -> None:
        """No rows yet."""
        self.rows = 0
        self._sum = 0

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Count rows in."""
        for row in rows:
            digest = hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).digest()
            self._sum += int.from_bytes(digest[:_CHECKSUM_BYTES], "big")
            self.rows += 1

    def __eq__(self, other: object) -> bool:
        """Whether the same rows were counted."""
        if not isinstance(other, Checksum):
            return NotImplemented
        modulus = 1 << (8 * _CHECKSUM_BYTES)
        return self.rows == other.rows and (self._sum - other._sum) % modulus == 0

    __hash__ = None  # type: ignore[assignment]  # it changes
