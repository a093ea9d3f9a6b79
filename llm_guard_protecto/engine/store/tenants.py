"""Who shares a store: its namespaces, and the bearers that may use each of them.

The same promises as in `Store`: durable when a method returns, safe from several threads.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Protocol

import apsw

from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite_said import done
from llm_guard_protecto.engine.store.text import to_bytes, to_text

__all__ = ["Bearer", "MemoryTenants", "SqlTenants", "SqliteTenants", "Tenants"]

_DROPPED = (
    *("tokens", "kept", "keys", "policies", "bearers", "jobs"),
    *("audit", "audit_heads", "hits"),
)
"""What a namespace takes with it: `drop_` statements of `queries.sql`."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """One bearer token as it is kept: by the SHA-256 of its text, never the text.

    `namespace` is None for a master key. `owner` is the user's id as the administrator gave it.
    It is good from `first_day` to `last_day`, both included, in days since 1970-01-01 (None: no
    limit), until `revoked`. `made` and `revoked` are in seconds since 1970.
    """

    digest: bytes = field(repr=False)
    namespace: int | None
    owner: str = field(repr=False)
    permissions: tuple[str, ...]
    first_day: int | None = None
    last_day: int | None = None
    made: int = 0
    revoked: int | None = None

    @classmethod
    def of(cls, columns: Sequence[Any]) -> Bearer:
        """The bearer that these columns of a table say, in the order of the fields."""
        digest, namespace, owner, said, *rest = columns
        return cls(digest, namespace, to_text(owner), tuple(filter(None, said.split(","))), *rest)

    def columns(self) -> tuple[Any, ...]:
        """What a table says of this bearer, in the order of the fields."""
        digest, namespace, owner, permissions, *rest = astuple(self)
        return (digest, namespace, to_bytes(owner), ",".join(permissions), *rest)


class Tenants(Protocol):
    """The namespaces and bearers of a store."""

    def names(self) -> Mapping[str, int]:
        """Every namespace that lives, by name, with its number."""
        ...

    def name_of(self, namespace: int) -> str | None:
        """The name of a namespace by its number; None when it is gone."""
        ...

    def number_of(self, name: str) -> int | None:
        """The number of a namespace by its name; None when there is none. Makes nothing."""
        ...

    def drop(self, namespace: int) -> bool:
        """Delete a namespace with everything in it, keys and bearers too; False if it was gone.

        Its number is never given to another one.
        """
        ...

    def bearer(self, digest: bytes) -> Bearer | None:
        """The bearer with this digest, revoked or not."""
        ...

    def bearers(self, namespace: int | None) -> Sequence[Bearer]:
        """The bearers of a namespace, the oldest first; None for the master keys."""
        ...

    def add_bearer(self, bearer: Bearer) -> None:
        """Keep one more bearer."""
        ...

    def revoke(self, digest: bytes, at: int) -> bool:
        """Revoke a bearer, at a time in seconds since 1970; False if there was none to revoke."""
        ...


class SqlTenants(ABC):
    """The questions to the namespaces and bearers of a database; see `Tenants`."""

    def names(self) -> Mapping[str, int]:
        """Every namespace that lives, by name, with its number."""
        return {to_text(name): number for name, number in self._rows("namespaces", {})}

    def name_of(self, namespace: int) -> str | None:
        """The name of a namespace by its number; None when it is gone."""
        rows = self._rows("name_of", {"namespace": namespace})
        return to_text(rows[0][0]) if rows else None

    def number_of(self, name: str) -> int | None:
        """The number of a namespace by its name; None when there is none. Makes nothing."""
        rows = self._rows("namespace", {"name": to_bytes(name)})
        return int(rows[0][0]) if rows else None

    def bearer(self, digest: bytes) -> Bearer | None:
        """The bearer with this digest, revoked or not."""
        rows = self._rows("bearer", {"digest": digest})
        return Bearer.of(rows[0]) if rows else None

    def bearers(self, namespace: int | None) -> Sequence[Bearer]:
        """The bearers of a namespace, the oldest first; None for the master keys."""
        return [Bearer.of(row) for row in self._rows("bearers", {"namespace": namespace})]

    @abstractmethod
    def _rows(self, query: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a query."""


class SqliteTenants(SqlTenants):
    """The namespaces and bearers of a vault file; see `Tenants`."""

    def __init__(self, connections: Connections) -> None:
        """Use the connections of the store."""
        self._connections = connections

    def drop(self, namespace: int) -> bool:
        """Delete a namespace with everything in it; False if it was gone."""
        asked = {"namespace": namespace}

        def drop(db: apsw.Connection) -> bool:
            for name in _DROPPED:
                db.execute(queries()[f"drop_{name}"], asked)
            return done(db, "drop_namespace", asked) > 0

        return self._connections.write(drop)

    def add_bearer(self, bearer: Bearer) -> None:
        """Keep one more bearer."""
        self._connections.write(lambda db: done(db, "add_bearer", bearer.columns()))

    def revoke(self, digest: bytes, at: int) -> bool:
        """Revoke a bearer; False if there was none to revoke."""
        asked = {"digest": digest, "at": at}
        return self._connections.write(lambda db: done(db, "revoke", asked)) > 0

    def _rows(self, query: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        def find(db: apsw.Connection) -> list[tuple[Any, ...]]:
            return db.execute(queries()[query], asked).fetchall()

        return self._connections.look((query, *asked.values()), find)


class MemoryTenants:
    """The namespaces and bearers of a store in memory; see `Tenants`."""

    def __init__(
        self,
        lock: threading.Lock,
        names: Callable[[], Mapping[str, int]],
        drop: Callable[[int], bool],
    ) -> None:
        """`names` and `drop` are the store's own part; they are called under `lock`."""
        self._lock = lock
        self._names = names
        self._drop = drop
        self._bearers: dict[bytes, Bearer] = {}

    def names(self) -> Mapping[str, int]:
        """Every namespace that lives, by name, with its number."""
        with self._lock:
            return self._names()

    def name_of(self, namespace: int) -> str | None:
        """The name of a namespace by its number; None when it is gone."""
        return next((name for name, one in self.names().items() if one == namespace), None)

    def number_of(self, name: str) -> int | None:
        """The number of a namespace by its name; None when there is none. Makes nothing."""
        return self.names().get(name)

    def drop(self, namespace: int) -> bool:
        """Delete a namespace with everything in it; False if it was gone."""
        with self._lock:
            for digest, bearer in list(self._bearers.items()):
                if bearer.namespace == namespace:
                    del self._bearers[digest]
            return self._drop(namespace)

    def bearer(self, digest: bytes) -> Bearer | None:
        """The bearer with this digest, revoked or not."""
        with self._lock:
            return self._bearers.get(digest)

    def bearers(self, namespace: int | None) -> Sequence[Bearer]:
        """The bearers of a namespace, the oldest first; None for the master keys."""
        with self._lock:
            return [one for one in self._bearers.values() if one.namespace == namespace]

    def add_bearer(self, bearer: Bearer) -> None:
        """Keep one more bearer."""
        with self._lock:
            self._bearers.setdefault(bearer.digest, bearer)

    def revoke(self, digest: bytes, at: int) -> bool:
        """Revoke a bearer; False if there was none to revoke."""
        with self._lock:
            held = self._bearers.get(digest)
            if held is None or held.revoked is not None:
                return False
            self._bearers[digest] = replace(held, revoked=at)
            return True
