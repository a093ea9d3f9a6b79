"""The upkeep of a PostgreSQL vault; see `upkeep` for what each method promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from llm_guard_protecto.engine.store import Kept, KeyRow, Row, Stale
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.postgres_connections import PostgresConnections
from llm_guard_protecto.engine.store.postgres_holds import hold, own, said, standing
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.engine.store.text import to_text
from llm_guard_protecto.engine.store.upkeep import PAGE, Pages, Rewrap, replacements
from llm_guard_protecto.errors import ConfigurationError, VaultError

__all__ = ["PostgresUpkeep"]

_LONG = 600.0
"""Seconds that a statement may take which reads or writes a whole table."""


class PostgresUpkeep(Pages):
    """Reads, replaces and removes in one database; see `Upkeep`."""

    def __init__(self, connections: PostgresConnections) -> None:
        """Use the connections of the store."""
        self._connections = connections

    def kinds(self, namespace: int) -> list[str]:
        """Every kind that a row has."""
        return [kind for (kind,) in self._all("kinds", {"namespace": namespace}, patience=_LONG)]

    def replace(
        self,
        namespace: int,
        rows: Sequence[tuple[Row, Row]] = (),
        kept: Sequence[tuple[Kept, Kept]] = (),
        jobs: Sequence[tuple[JobRow, JobRow]] = (),
        generation: int | None = None,
    ) -> int:
        """Write the second of each pair where the first still stands; how many."""
        changes = replacements(namespace, rows, kept, jobs)

        def replace(db: psycopg.Connection[Any]) -> int:
            hold(db, namespace, generation)
            return sum(_many(db, query, values) for query, values in changes.items())

        return self._connections.write(replace, patience=_LONG)

    def remove(
        self, namespace: int, tokens: Sequence[str] = (), kept: Sequence[Kept] = ()
    ) -> tuple[int, int]:
        """Remove these rows, and what is kept there; how many of each."""
        asked = {"namespace": namespace, "tokens": _lower(tokens)}
        places = [(namespace, one.place, one.part) for one in kept]

        def remove(db: psycopg.Connection[Any]) -> tuple[int, int]:
            own(db, namespace)
            [(gone,)] = db.execute(queries()["remove_rows"], asked).fetchall()
            less = _many(db, "remove_kept", places)
            if gone or less:
                db.execute(queries()["bump"], asked)
            return gone, less

        return self._connections.write(remove, patience=_LONG)

    def expire(self, namespace: int, before: int, limit: int = PAGE) -> int:
        """Remove rows that nobody has used since a day; how many."""
        asked = {"namespace": namespace, "before": before, "limit": limit}
        # Found before the namespace is held alone, which others wait for; what was used since stays.
        tokens = [token for (token,) in self._all("old_rows", asked, patience=_LONG)]

        def remove(db: psycopg.Connection[Any]) -> int:
            own(db, namespace)
            [(gone,)] = db.execute(queries()["remove_old"], {**asked, "tokens": tokens}).fetchall()
            if gone:
                db.execute(queries()["bump"], asked)
            return int(gone)

        return self._connections.write(remove, patience=_LONG) if tokens else 0

    def old(self, namespace: int, before: int) -> tuple[int, int]:
        """How many rows, and how much of what is kept, nobody has used since a day."""
        asked = {"namespace": namespace, "before": before}
        [(rows, kept)] = self._all("count_old", asked, patience=_LONG)
        return rows, kept

    def touch(
        self, namespace: int, tokens: Sequence[str], day: int, generation: int | None = None
    ) -> None:
        """Note that these rows were used on a day."""
        asked = {"namespace": namespace, "tokens": sorted(_lower(tokens)), "day": day}
        self._put("touch", asked, generation)

    def claim(self, namespace: int, day: int) -> bool:
        """Whether the caller is the first to look on this day for what has aged."""
        asked = {"namespace": namespace, "day": day}
        if any(last >= day for (last,) in self._all("swept", asked)):
            return False
        return (
            self._connections.write(lambda db: db.execute(queries()["sweep"], asked).rowcount) > 0
        )

    def link(
        self,
        namespace: int,
        subject: bytes,
        tokens: Sequence[str],
        version: int,
        generation: int | None = None,
    ) -> None:
        """Note that these rows are values of a subject."""
        asked = {"namespace": namespace, "subject": subject, "tokens": _lower(tokens)}
        self._put("link", {**asked, "version": version}, generation)

    def linked(self, namespace: int, subjects: Sequence[bytes]) -> list[str]:
        """The tokens that are linked to any of these subjects."""
        asked = {"namespace": namespace, "wanted": list(dict.fromkeys(subjects))}
        return [token for (token,) in self._all("linked", asked)]

    def links(self, namespace: int) -> Mapping[int, int]:
        """How many links there are by each version of the index key."""
        return dict(self._all("links", {"namespace": namespace}, patience=_LONG))

    def put_keys(
        self, namespace: int, keys: Sequence[KeyRow], generation: int, root: bytes
    ) -> bool:
        """Write keys over those of the same role and version, if nothing has changed."""
        values = [(namespace, k.role, k.version, k.state, k.wrapped, k.day) for k in keys]

        def put(db: psycopg.Connection[Any]) -> bool:
            try:
                own(db, namespace, generation)
            except Stale:
                return False
            db.execute(queries()["share_keys"])
            if said(db, "root") != root:
                return False
            _many(db, "put_key", sorted(values))
            db.execute(queries()["bump"], {"namespace": namespace})
            return True

        return self._connections.write(put)

    def rewrap(self, before: bytes, after: bytes, wrap: Rewrap) -> int | None:
        """Change the root key: what the vault says of it, and what wraps every other key."""

        def change(db: psycopg.Connection[Any]) -> int | None:
            db.execute(queries()["own_keys"])
            if said(db, "root") != before:
                return None
            values = []
            for namespace, name, *key in db.execute(queries()["every_key"], binary=True).fetchall():
                row = KeyRow(*key)
                if row.state != "destroyed":
                    wrapped = wrap(to_text(name), row)
                    values.append((wrapped, namespace, row.role, row.version))
            _many(db, "rewrap", values)
            db.execute(queries()["change_meta"], {"name": "root", "value": after})
            return len(values)

        return self._connections.write(change, patience=_LONG)

    def reserve(self, namespace: int, version: int, count: int) -> int:
        """Count uses of a data key before they happen; how many that makes in all."""
        asked = {"namespace": namespace, "version": version, "count": count}
        # Counted twice is better than not at all: the count is never too low.
        found = self._connections.write(
            lambda db: db.execute(queries()["reserve"], asked).fetchall(), again=True
        )
        for (uses,) in found:
            return int(uses)
        raise VaultError(f"namespace number {namespace} has no data key {version}")

    def shred(self) -> None:
        """Write every table anew, so that no file of a table holds what was removed.

        The server's log keeps it until its segments are used again, as do archives of it.
        """

        def shred(db: psycopg.Connection[Any]) -> None:
            for (name,) in db.execute(queries()["tables"]).fetchall():
                db.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(name)))
            try:
                db.execute("CHECKPOINT")
            except psycopg.errors.InsufficientPrivilege:
                return  # an administrator's; the server makes one by itself before long

        self._connections.alone(shred, _LONG)

    def check(self) -> list[str]:
        """What PostgreSQL finds wrong: pages it cannot read, indexes it does not trust."""

        def check(db: psycopg.Connection[Any]) -> list[str]:
            wrong = [
                f"index {name} is not valid; run REINDEX"
                for (name,) in db.execute(queries()["broken_indexes"]).fetchall()
            ]
            for (name,) in db.execute(queries()["tables"]).fetchall():
                table = sql.Identifier(name)
                try:
                    # Every column of every row: what is stored apart from its row as well.
                    db.execute(sql.SQL("SELECT sum(length(t::text)) FROM {} AS t").format(table))
                except psycopg.errors.DataCorrupted:
                    wrong.append(f"table {name} is damaged; restore a backup")
            return wrong

        return self._connections.alone(check, _LONG)

    def backup(self, path: Path) -> None:  # noqa: ARG002 - a store says no
        """Refuse: PostgreSQL has tools of its own for that."""
        raise ConfigurationError(
            "a PostgreSQL vault is backed up by the tools of PostgreSQL: pg_dump or pg_basebackup"
        )

    def _all(
        self, query: str, asked: Mapping[str, Any], patience: float = 0.0
    ) -> list[tuple[Any, ...]]:
        def find(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
            standing(db, asked["namespace"])
            return db.execute(queries()[query], asked, binary=True).fetchall()

        if patience:
            return self._connections.write(find, again=True, patience=patience)
        return self._connections.read(find)

    def _put(self, query: str, asked: Mapping[str, Any], generation: int | None) -> None:
        def put(db: psycopg.Connection[Any]) -> None:
            hold(db, asked["namespace"], generation)
            db.execute(queries()[query], asked)

        self._connections.write(put, again=True)


def _many(db: psycopg.Connection[Any], query: str, values: Sequence[tuple[Any, ...]]) -> int:
    """How many rows a statement changed, run with each of these values."""
    if not values:
        return 0
    cursor = db.cursor()
    cursor.executemany(queries()[query], values)
    return cursor.rowcount


def _lower(tokens: Sequence[str]) -> list[str]:
    return [token.lower() for token in tokens if token.isascii() and token.isalnum()]
