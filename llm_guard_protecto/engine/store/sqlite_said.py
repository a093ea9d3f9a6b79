"""What a vault file says about itself: its key, the keys of namespaces, policies by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from llm_guard_protecto.engine.store import KeyRow, Stale
from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.text import to_bytes, to_text
from llm_guard_protecto.errors import VaultError

__all__ = ["SqliteSaid", "check", "done", "one"]

T = TypeVar("T")


class SqliteSaid:
    """The small things of a vault file; see `Store` for what each method promises."""

    _connections: Connections
    _path: Path

    def meta(self, name: str) -> bytes | None:
        """What the vault says about itself under `name`."""
        return self._connections.read(lambda db: one(db, "meta", {"name": name}, bytes))

    def set_meta(self, name: str, value: bytes) -> bytes:
        """Set `name` if nobody has; the value that stands now."""

        def say(db: apsw.Connection) -> bytes | None:
            db.execute(queries()["set_meta"], {"name": name, "value": value})
            return one(db, "meta", {"name": name}, bytes)

        return self._connections.write(say) or b""

    def keys(self, namespace: int) -> list[KeyRow]:
        """The keys of a namespace by role, then version."""
        return [KeyRow(*values) for values in self._all("keys", namespace)]

    def add_keys(
        self, namespace: int, keys: Sequence[KeyRow], root: bytes | None = None
    ) -> list[KeyRow]:
        """Keep keys whose (role, version) is free; the keys that stand now."""
        values = [(namespace, k.role, k.version, k.state, k.wrapped, k.day) for k in keys]

        def keep(db: apsw.Connection) -> None:
            check(db, namespace)
            if root is not None and one(db, "meta", {"name": "root"}, bytes) != root:
                raise Stale
            db.executemany(queries()["add_key"], values)

        self._connections.write(keep)
        return self.keys(namespace)

    def policies(self, namespace: int) -> list[str]:
        """The names of the policies of a namespace, sorted."""
        return [to_text(name) for (name,) in self._all("policies", namespace)]

    def policy(self, namespace: int, name: str) -> str | None:
        """The JSON text of one policy."""
        asked = {"namespace": namespace, "name": to_bytes(name)}

        def look(db: apsw.Connection) -> bytes | None:
            check(db, namespace)
            return one(db, "policy", asked, bytes)

        found = self._connections.look(("policy", namespace, name), look)
        return None if found is None else to_text(found)

    def put_policy(self, namespace: int, name: str, document: str) -> None:
        """Keep a policy; one of the same name is replaced."""
        said = {"namespace": namespace, "name": to_bytes(name), "document": to_bytes(document)}

        def put(db: apsw.Connection) -> None:
            check(db, namespace)
            db.execute(queries()["put_policy"], said)
            db.execute(queries()["bump"], {"namespace": namespace})

        self._connections.write(put)

    def delete_policy(self, namespace: int, name: str) -> bool:
        """Forget a policy; False if there was none."""
        asked = {"namespace": namespace, "name": to_bytes(name)}

        def forget(db: apsw.Connection) -> bool:
            check(db, namespace)
            found = done(db, "delete_policy", asked) > 0
            db.execute(queries()["bump"], {"namespace": namespace})
            return found

        return self._connections.write(forget)

    def _all(self, query: str, namespace: int) -> list[tuple[Any, ...]]:
        def find(db: apsw.Connection) -> list[tuple[Any, ...]]:
            check(db, namespace)
            return db.execute(queries()[query], {"namespace": namespace}).fetchall()

        return self._connections.look((query, namespace), find)


def one(db: apsw.Connection, query: str, asked: Mapping[str, Any], kind: type[T]) -> T | None:
    """The only value of the only row, if there is one."""
    for (value,) in db.execute(queries()[query], asked).fetchall():
        if isinstance(value, kind):
            return value
    return None


def check(db: apsw.Connection, namespace: int, generation: int | None = None) -> None:
    """Raise `VaultError` when there is no such namespace, `Stale` when it left `generation`."""
    found = one(db, "generation", {"namespace": namespace}, int)
    if found is None:
        raise VaultError(f"the vault has no namespace number {namespace}")
    if generation not in {None, found}:
        raise Stale


def done(db: apsw.Connection, query: str, asked: Any) -> int:
    """How many rows a statement changed."""
    db.execute(queries()[query], asked)
    return db.changes()
