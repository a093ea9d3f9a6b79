"""The store for many machines: a schema of a PostgreSQL database.

Every machine reads and writes the primary. Statements are in `sql/postgres/queries.sql`, the
connections in `postgres_connections`, new rows share transactions in `postgres_batch`.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from llm_guard_protecto.closing import Closing
from llm_guard_protecto.engine.store import Kept, KeyRow, Row, Stale
from llm_guard_protecto.engine.store.postgres_address import read_address
from llm_guard_protecto.engine.store.postgres_arrays import blobs, texts
from llm_guard_protecto.engine.store.postgres_audit import PostgresAudit
from llm_guard_protecto.engine.store.postgres_batch import RowBatches
from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.postgres_holds import hold, own, said, standing
from llm_guard_protecto.engine.store.postgres_jobs import PostgresJobs
from llm_guard_protecto.engine.store.postgres_looks import RowLooks
from llm_guard_protecto.engine.store.postgres_schema import prepare_schema
from llm_guard_protecto.engine.store.postgres_tenants import PostgresTenants
from llm_guard_protecto.engine.store.postgres_upkeep import PostgresUpkeep
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.engine.store.text import to_bytes, to_text
from llm_guard_protecto.errors import VaultError

__all__ = ["PostgresStore"]

_EXIT_SECONDS = 5.0
_SCAN_SECONDS = 600.0


class PostgresStore(Closing):
    """Keeps everything in one database; see `Store` for what each method promises."""

    lasting = True
    nearby = False

    def __init__(self, url: str, patience: float = 5.0) -> None:
        """Open the vault at `url` (see `read_address`) and make its tables if they are missing."""
        self._connections = PostgresConnections(read_address(url, patience=patience))
        self._finish = weakref.finalize(self, _finish, self._connections, _EXIT_SECONDS)
        try:
            prepare_schema(self._connections)
        except BaseException:
            self.close()
            raise
        self._batches = RowBatches(self._connections)
        self._by_index = RowLooks(self._connections, "rows_by_index", lambda row: row.index, blobs)
        self._by_token = RowLooks(
            self._connections, "rows_by_token", lambda row: row.token.lower(), texts
        )
        self.tenants = PostgresTenants(self._connections)
        self.jobs = PostgresJobs(self._connections)
        self.audit = PostgresAudit(self._connections)
        self.upkeep = PostgresUpkeep(self._connections)

    @property
    def location(self) -> str:
        """The URL without its password."""
        return self._connections.location

    def namespace(self, name: str) -> int:
        """The number of the namespace `name`, created on first use."""
        named = {"name": to_bytes(name)}

        def find(db: psycopg.Connection[Any]) -> int | None:
            found = db.execute(queries()["namespace"], named).fetchone()
            return found and int(found[0])

        def make(db: psycopg.Connection[Any]) -> int | None:
            db.execute(queries()["add_namespace"], named)
            return find(db)

        number = self._connections.read(find) or self._connections.write(make, again=True)
        if number is None:
            raise VaultError(f"{self.location} did not number a namespace")
        return number

    def generation(self, namespace: int) -> int:
        """How often those who remember the namespace had to forget."""
        return self._connections.read(lambda db: standing(db, namespace))

    def by_index(self, namespace: int, indexes: Sequence[bytes]) -> list[Row]:
        """Every row (all aliases) of these values."""
        return self._by_index.rows(namespace, indexes)

    def by_token(self, namespace: int, tokens: Sequence[str]) -> list[Row]:
        """The rows of these tokens, ASCII case ignored."""
        wanted = [token.lower() for token in tokens if token.isascii() and token.isalnum()]
        return self._by_token.rows(namespace, wanted)

    def add(self, namespace: int, rows: Sequence[Row], generation: int | None = None) -> list[Row]:
        """Keep rows whose place and token are free, in one transaction."""
        return self._batches.add(namespace, rows, generation)

    def usage(self, namespace: int) -> Mapping[int, int]:
        """How many rows each version of the data key has sealed."""

        def count(db: psycopg.Connection[Any]) -> dict[int, int]:
            hold(db, namespace)
            return dict(db.execute(queries()["usage"], {"namespace": namespace}).fetchall())

        return self._connections.write(count, again=True, patience=_SCAN_SECONDS)

    def kept(self, namespace: int, places: Sequence[bytes]) -> list[Kept]:
        """Everything kept at these places, in the order in which it came there."""
        wanted = list(dict.fromkeys(places))
        return [Kept(*values) for values in self._found("kept", namespace, wanted=wanted)]

    def keep(self, namespace: int, rows: Sequence[Kept], generation: int | None = None) -> None:
        """Keep rows; one whose place is taken only makes that one younger."""
        values = [(namespace, r.place, r.part, r.key_version, r.sealed, r.day) for r in rows]

        def put(db: psycopg.Connection[Any]) -> None:
            hold(db, namespace, generation)
            db.cursor().executemany(queries()["keep"], values)

        self._connections.write(put, again=True)

    def forget(self, namespace: int, before: int) -> int:
        """Forget all that was last used before this day; how much."""
        asked = {"namespace": namespace, "before": before}

        def find(db: psycopg.Connection[Any]) -> bool:
            standing(db, namespace)
            return bool(db.execute(queries()["is_old"], asked).fetchall())

        def drop(db: psycopg.Connection[Any]) -> int:
            own(db, namespace)
            forgotten = db.execute(queries()["forget"], asked).rowcount
            if forgotten:
                db.execute(queries()["bump"], asked)
            return forgotten

        if not self._connections.read(find):
            return 0
        return self._connections.write(drop, patience=_SCAN_SECONDS)

    def meta(self, name: str) -> bytes | None:
        """What the vault says about itself under `name`."""
        return self._connections.read(lambda db: said(db, name))

    def set_meta(self, name: str, value: bytes) -> bytes:
        """Set `name` if nobody has; the value that stands now."""

        def say(db: psycopg.Connection[Any]) -> bytes | None:
            db.execute(queries()["set_meta"], {"name": name, "value": value})
            return said(db, name)

        return self._connections.write(say, again=True) or b""

    def keys(self, namespace: int) -> list[KeyRow]:
        """The keys of a namespace by role, then version."""
        return [KeyRow(*values) for values in self._found("keys", namespace)]

    def add_keys(
        self, namespace: int, keys: Sequence[KeyRow], root: bytes | None = None
    ) -> list[KeyRow]:
        """Keep keys whose (role, version) is free; the keys that stand now."""
        values = [(namespace, k.role, k.version, k.state, k.wrapped, k.day) for k in keys]
        values.sort()  # two that add the same keys never wait for each other in a circle

        def put(db: psycopg.Connection[Any]) -> None:
            hold(db, namespace)
            db.execute(queries()["share_keys"])
            if root is not None and said(db, "root") != root:
                raise Stale
            db.cursor().executemany(queries()["add_key"], values)

        self._connections.write(put, again=True)
        return self.keys(namespace)

    def policies(self, namespace: int) -> list[str]:
        """The names of the policies of a namespace, sorted."""
        return [to_text(name) for (name,) in self._found("policies", namespace)]

    def policy(self, namespace: int, name: str) -> str | None:
        """The JSON text of one policy."""
        found = self._found("policy", namespace, name=to_bytes(name))
        return to_text(found[0][0]) if found else None

    def put_policy(self, namespace: int, name: str, document: str) -> None:
        """Keep a policy; one of the same name is replaced."""
        given = {"namespace": namespace, "name": to_bytes(name), "document": to_bytes(document)}

        def put(db: psycopg.Connection[Any]) -> None:
            own(db, namespace)
            db.execute(queries()["put_policy"], given)
            db.execute(queries()["bump"], given)

        self._connections.write(put, again=True)

    def delete_policy(self, namespace: int, name: str) -> bool:
        """Forget a policy; False if there was none."""
        asked = {"namespace": namespace, "name": to_bytes(name)}

        def forget(db: psycopg.Connection[Any]) -> bool:
            own(db, namespace)
            found = db.execute(queries()["delete_policy"], asked).rowcount > 0
            db.execute(queries()["bump"], asked)
            return found

        return self._connections.write(forget)

    def close(self) -> None:
        """Let calls finish and close every connection of this process."""
        if self._finish.detach() is not None:
            _finish(self._connections, None)

    def _found(self, query: str, namespace: int, **asked: Any) -> list[tuple[Any, ...]]:
        """The rows of a query that says the namespace is there, be it with an empty row."""
        values = {"namespace": namespace, **asked}

        def find(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
            return db.execute(queries()[query], values, binary=True).fetchall()

        rows = self._connections.read(find)
        if not rows:
            raise VaultError(f"the vault has no namespace number {namespace}")
        return [] if rows[0][0] is None else rows


def _finish(connections: PostgresConnections, wait: float | None) -> None:
    """Close, waiting for calls that run; also when the store is dropped or the program ends."""
    connections.close(wait)
