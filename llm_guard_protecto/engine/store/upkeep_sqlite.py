"""The upkeep of a vault file; see `upkeep` for what each method promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from llm_guard_protecto.engine.store import Kept, KeyRow, Row, Stale
from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite_copy import copy, new_file, shred
from llm_guard_protecto.engine.store.sqlite_said import check, done, one
from llm_guard_protecto.engine.store.text import to_text
from llm_guard_protecto.engine.store.upkeep import PAGE, Pages, Rewrap, replacements
from llm_guard_protecto.errors import VaultError

__all__ = ["SqliteUpkeep"]


class SqliteUpkeep(Pages):
    """Reads, replaces and removes in one vault file; see `Upkeep`."""

    def __init__(self, connections: Connections, path: Path, patience: float) -> None:
        """Use the connections of the store; `patience` is in seconds."""
        self._connections = connections
        self._path, self._patience = path, patience

    def kinds(self, namespace: int) -> list[str]:
        """Every kind that a row has."""
        return [kind for (kind,) in self._all("kinds", {"namespace": namespace})]

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

        def replace(db: apsw.Connection) -> int:
            check(db, namespace, generation)
            return sum(done(db, name, one) for name, values in changes.items() for one in values)

        return self._connections.write(replace)

    def remove(
        self, namespace: int, tokens: Sequence[str] = (), kept: Sequence[Kept] = ()
    ) -> tuple[int, int]:
        """Remove these rows, and what is kept there; how many of each."""

        def remove(db: apsw.Connection) -> tuple[int, int]:
            check(db, namespace)
            gone = sum(done(db, "remove_row", (namespace, token)) for token in tokens)
            less = sum(done(db, "remove_kept", (namespace, k.place, k.part)) for k in kept)
            if gone or less:
                done(db, "bump", {"namespace": namespace})
            return gone, less

        return self._connections.write(remove)

    def expire(self, namespace: int, before: int, limit: int = PAGE) -> int:
        """Remove rows that nobody has used since a day; how many."""
        asked = {"namespace": namespace, "before": before, "limit": limit}
        # Found before the transaction, which others wait for; what was used since stays.
        tokens = [token for (token,) in self._all("old_rows", asked)]

        def remove(db: apsw.Connection) -> int:
            check(db, namespace)
            gone = sum(done(db, "remove_old", (namespace, token, before)) for token in tokens)
            if gone:
                done(db, "bump", {"namespace": namespace})
            return gone

        return self._connections.write(remove) if tokens else 0

    def old(self, namespace: int, before: int) -> tuple[int, int]:
        """How many rows, and how much of what is kept, nobody has used since a day."""
        asked = {"namespace": namespace, "before": before}
        [(rows,)], [(kept,)] = self._all("count_old", asked), self._all("count_old_kept", asked)
        return rows, kept

    def touch(
        self, namespace: int, tokens: Sequence[str], day: int, generation: int | None = None
    ) -> None:
        """Note that these rows were used on a day."""
        self._put("touch", [(day, namespace, t, day) for t in tokens], namespace, generation)

    def claim(self, namespace: int, day: int) -> bool:
        """Whether the caller is the first to look on this day for what has aged."""
        asked = {"namespace": namespace, "day": day}
        if any(last >= day for (last,) in self._all("swept", asked)):
            return False
        return self._connections.write(lambda db: done(db, "sweep", asked)) > 0

    def link(
        self,
        namespace: int,
        subject: bytes,
        tokens: Sequence[str],
        version: int,
        generation: int | None = None,
    ) -> None:
        """Note that these rows are values of a subject."""
        values = [(subject, version, namespace, token) for token in tokens]
        self._put("link", values, namespace, generation)

    def linked(self, namespace: int, subjects: Sequence[bytes]) -> list[str]:
        """The tokens that are linked to any of these subjects."""
        wanted = apsw.carray(tuple(dict.fromkeys(subjects))) if subjects else None
        asked = {"namespace": namespace, "wanted": wanted}
        return [token for (token,) in self._all("linked", asked)] if subjects else []

    def links(self, namespace: int) -> Mapping[int, int]:
        """How many links there are by each version of the index key."""
        return dict(self._all("links", {"namespace": namespace}))

    def put_keys(
        self, namespace: int, keys: Sequence[KeyRow], generation: int, root: bytes
    ) -> bool:
        """Write keys over those of the same role and version, if nothing has changed."""
        values = [(namespace, k.role, k.version, k.state, k.wrapped, k.day) for k in keys]

        def put(db: apsw.Connection) -> bool:
            if one(db, "meta", {"name": "root"}, bytes) != root:
                return False
            try:
                check(db, namespace, generation)
            except Stale:
                return False
            db.executemany(queries()["put_key"], values)
            done(db, "bump", {"namespace": namespace})
            return True

        return self._connections.write(put)

    def rewrap(self, before: bytes, after: bytes, wrap: Rewrap) -> int | None:
        """Change the root key: what the vault says of it, and what wraps every other key."""

        def change(db: apsw.Connection) -> int | None:
            if one(db, "meta", {"name": "root"}, bytes) != before:
                return None
            values = []
            found: list[tuple[Any, ...]] = db.execute(queries()["every_key"]).fetchall()
            for namespace, name, *key in found:
                row = KeyRow(*key)
                if row.state != "destroyed":
                    wrapped = wrap(to_text(name), row)
                    values.append((wrapped, namespace, row.role, row.version))
            db.executemany(queries()["rewrap"], values)
            done(db, "change_meta", {"name": "root", "value": after})
            return len(values)

        return self._connections.write(change)

    def reserve(self, namespace: int, version: int, count: int) -> int:
        """Count uses of a data key before they happen; how many that makes in all."""
        asked = {"namespace": namespace, "version": version, "count": count}

        def reserve(db: apsw.Connection) -> list[tuple[Any, ...]]:
            return db.execute(queries()["reserve"], asked).fetchall()

        for (uses,) in self._connections.write(reserve):
            return int(uses)
        raise VaultError(f"namespace number {namespace} has no data key {version}")

    def shred(self) -> None:
        """Write the file anew and empty its log."""
        self._connections.read(lambda _: shred(self._path, self._patience))

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file."""
        return [str(line) for (line,) in self._all("integrity", {}) if line != "ok"]

    def backup(self, path: Path) -> None:
        """Write a consistent copy of the file, mode 0600, that only then gets its name."""
        with new_file(path) as beside:
            self._connections.read(lambda db: copy(db, beside, self._patience))

    def _all(self, query: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        def find(db: apsw.Connection) -> list[tuple[Any, ...]]:
            if "namespace" in asked:
                check(db, asked["namespace"])
            return db.execute(queries()[query], asked).fetchall()

        return self._connections.read(find)

    def _put(
        self, query: str, values: Iterable[Sequence[Any]], namespace: int, generation: int | None
    ) -> None:
        def put(db: apsw.Connection) -> None:
            check(db, namespace, generation)
            db.executemany(queries()[query], values)

        self._connections.write(put)
