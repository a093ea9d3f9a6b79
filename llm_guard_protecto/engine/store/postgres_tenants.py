"""Who shares a PostgreSQL vault: its namespaces, and the bearers that may use each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.engine.store.tenants import Bearer

__all__ = ["PostgresTenants"]

_DROP_SECONDS = 600.0
_DROPPED = (
    *("tokens", "subjects", "kept", "keys", "policies", "bearers", "jobs"),
    *("audit", "audit_heads", "hits"),
)
"""What a namespace takes with it: `drop_` statements of `queries.sql`."""


class PostgresTenants:
    """The namespaces and bearers of a PostgreSQL vault; see `Tenants`."""

    def __init__(self, connections: PostgresConnections) -> None:
        """Use the connections of the store."""
        self._connections = connections

    def names(self) -> Mapping[str, int]:
        """Every namespace that lives, by name, with its number."""
        return {_text(name): number for name, number in self._rows("namespaces", {})}

    def name_of(self, namespace: int) -> str | None:
        """The name of a namespace by its number; None when it is gone."""
        rows = self._rows("name_of", {"namespace": namespace})
        return _text(rows[0][0]) if rows else None

    def number_of(self, name: str) -> int | None:
        """The number of a namespace by its name; None when there is none. Makes nothing."""
        rows = self._rows("namespace", {"name": name.encode("utf-8", "surrogatepass")})
        return int(rows[0][0]) if rows else None

    def drop(self, namespace: int) -> bool:
        """Delete a namespace with everything in it; False if it was gone."""
        asked = {"namespace": namespace}

        def drop(db: psycopg.Connection[Any]) -> bool:
            db.execute(queries()["own_namespace"], asked)
            for name in _DROPPED:
                db.execute(queries()[f"drop_{name}"], asked)
            return db.execute(queries()["drop_namespace"], asked).rowcount > 0

        return self._connections.write(drop, patience=_DROP_SECONDS)

    def bearer(self, digest: bytes) -> Bearer | None:
        """The bearer with this digest, revoked or not."""
        rows = self._rows("bearer", {"digest": digest})
        return _bearer(rows[0]) if rows else None

    def bearers(self, namespace: int | None) -> Sequence[Bearer]:
        """The bearers of a namespace, the oldest first; None for the master keys."""
        return [_bearer(row) for row in self._rows("bearers", {"namespace": namespace})]

    def add_bearer(self, bearer: Bearer) -> None:
        """Keep one more bearer."""
        values = (
            bearer.digest,
            bearer.namespace,
            bearer.owner.encode("utf-8", "surrogatepass"),
            ",".join(bearer.permissions),
            bearer.first_day,
            bearer.last_day,
            bearer.made,
            bearer.revoked,
        )
        self._connections.write(lambda db: db.execute(queries()["add_bearer"], values), again=True)

    def revoke(self, digest: bytes, at: int) -> bool:
        """Revoke a bearer; False if there was none to revoke."""
        asked = {"digest": digest, "at": at}
        return (
            self._connections.write(lambda db: db.execute(queries()["revoke"], asked).rowcount) > 0
        )

    def _rows(self, query: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._connections.read(
            lambda db: db.execute(queries()[query], asked, binary=True).fetchall()
        )


def _bearer(row: tuple[Any, ...]) -> Bearer:
    digest, namespace, owner, said, *rest = row
    return Bearer(digest, namespace, _text(owner), tuple(filter(None, said.split(","))), *rest)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
