"""New rows of a PostgreSQL vault: those of many calls in one statement, and one trip to the server.

Two processes that add the same rows in different orders would each wait for the other, so rows are
added in one order everywhere; where that order would decide who comes first, they are not sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import psycopg

from llm_guard_protecto.engine.store import Row, Stale
from llm_guard_protecto.engine.store.gathering import Gathering
from llm_guard_protecto.engine.store.postgres_arrays import blobs, integers, longs, texts
from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.errors import VaultError

__all__ = ["RowBatches"]

_LANES = 1
_COLUMNS: Mapping[str, Callable[[list[Any]], bytes]] = {
    "alias": integers,
    "kind": texts,
    "token": texts,
    "counter": integers,
    "key_version": integers,
    "sealed": blobs,
    "day": integers,
    "attributes": blobs,
    "used": integers,
}


_Place = tuple[int, bytes, int, str]  # namespace, index, alias, token


@dataclass(frozen=True, slots=True)
class _Addition:
    """What one call adds."""

    namespace: int
    generation: int | None
    rows: Sequence[Row]


class RowBatches:
    """Adds the rows of calls that come at the same time in one transaction."""

    def __init__(self, connections: PostgresConnections) -> None:
        """Use the connections of the store."""
        self._connections = connections
        self._gathering = Gathering(self._settle, _LANES)

    def add(self, namespace: int, rows: Sequence[Row], generation: int | None) -> list[Row]:
        """Keep rows whose place and token are free; see `Store.add`."""
        stands, kept = self._gathering.do(_Addition(namespace, generation, rows))
        if stands is None:
            raise VaultError(f"the vault has no namespace number {namespace}")
        if generation not in {None, stands}:
            raise Stale
        return [row for row in rows if (namespace, row.index, row.alias, row.token) in kept]

    def _settle(self, additions: Sequence[_Addition]) -> list[tuple[int | None, set[_Place]]]:
        """Add what belongs to the generation that stands.

        For each addition which one stands, and what was kept of all rows.
        """
        namespaces = sorted({one.namespace for one in additions})
        asked = _arrays(additions)

        def send(db: psycopg.Connection[Any]) -> list[psycopg.Cursor[Any]]:
            for namespace in namespaces:
                db.execute(queries()["share_namespace"], {"namespace": namespace})
            sent = [db.execute(queries()["generations"], {"namespaces": namespaces})]
            if asked:
                sent.append(db.execute(queries()["add_rows"], asked, binary=True))
            return sent

        found, *added = self._connections.write_at_once(send)
        standing: dict[int, int] = dict(found)
        kept: set[_Place] = {place for rows in added for place in rows}
        return [(standing.get(one.namespace), kept) for one in additions]


def _arrays(additions: Sequence[_Addition]) -> dict[str, bytes]:
    """The columns of all rows; empty without rows."""
    rows = [(one.namespace, one.generation, row) for one in additions for row in one.rows]
    if not rows:
        return {}
    places = {(namespace, row.index, row.alias) for namespace, _, row in rows}
    tokens = {(namespace, row.token.lower()) for namespace, _, row in rows}
    if len(places) == len(tokens) == len(rows):
        rows.sort(key=lambda one: (one[0], one[2].index, one[2].alias))
    arrays = {
        "namespace": integers([namespace for namespace, _, _ in rows]),
        "generation": longs([generation for _, generation, _ in rows]),
        "blind_index": blobs([row.index for _, _, row in rows]),
    }
    for column, packed in _COLUMNS.items():
        read = attrgetter(column)
        arrays[column] = packed([read(row) for _, _, row in rows])
    return arrays
