"""Who shares a PostgreSQL vault: its namespaces, and the bearers that may use each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.engine.store.tenants import Bearer, SqlTenants

__all__ = ["PostgresTenants"]

_DROP_SECONDS = 600.0
_DROPPED = (
    *("tokens", "subjects", "kept", "keys", "policies", "bearers", "jobs"),
    *("audit", "audit_heads", "hits"),
)
"""What a namespace takes with it: `drop_` statements of `queries.sql`."""


class PostgresTenants(SqlTenants):
    """The namespaces and bearers of a PostgreSQL vault; see `Tenants`."""

    def __init__(self, connections: PostgresConnections) -> None:
        """Use the connections of the store."""
        self._connections = connections

    def drop(self, namespace: int) -> bool:
        """Delete a namespace with everything in it; False if it was gone."""
        asked = {"namespace": namespace}

        def drop(db: psycopg.Connection[Any]) -> bool:
            db.execute(queries()["own_namespace"], asked)
            for name in _DROPPED:
                db.execute(queries()[f"drop_{name}"], asked)
            return db.execute(queries()["drop_namespace"], asked).rowcount > 0

        return self._connections.write(drop, patience=_DROP_SECONDS)

    def add_bearer(self, bearer: Bearer) -> None:
        """Keep one more bearer."""
        values = bearer.columns()
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
