"""The store for one machine: a SQLite file that survives crashes, power cuts and neighbours.

Many processes may use one file. Writes of one process share transactions (`writer`), reads have
connections of their own (`connections`), opening is careful (`sqlite_file`), and the SQL is in
`sql/queries.sql`.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from llm_guard_protecto.closing import Closing
from llm_guard_protecto.engine.private_files import hold, let_go
from llm_guard_protecto.engine.store import Kept, Row
from llm_guard_protecto.engine.store.at_hand import needs_time, strict
from llm_guard_protecto.engine.store.audit import SqliteAudit
from llm_guard_protecto.engine.store.connections import Connections
from llm_guard_protecto.engine.store.jobs import SqliteJobs
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite_file import fit_for_many, prepare
from llm_guard_protecto.engine.store.sqlite_said import SqliteSaid, check, done, one
from llm_guard_protecto.engine.store.tenants import SqliteTenants
from llm_guard_protecto.engine.store.text import to_bytes
from llm_guard_protecto.engine.store.upkeep_sqlite import SqliteUpkeep
from llm_guard_protecto.engine.store.writer import Work
from llm_guard_protecto.errors import VaultError, VaultRefused, VaultUnavailable

__all__ = ["SqliteStore"]

T = TypeVar("T")

_EXIT_SECONDS = 5.0

FEW = 32
"""Tokens whose rows may be read by a thread that may not wait: some tenths of a millisecond."""


class SqliteStore(SqliteSaid, Closing):
    """Keeps everything in one file; see `Store` for what each method promises."""

    lasting = True
    nearby = True

    def __init__(
        self,
        path: str | Path,
        patience: float = 5.0,
        sqlite_version: str = apsw.sqlite_lib_version(),
    ) -> None:
        """Open the file at `path`, made if missing with mode 0600, missing directories with 0700.

        `patience` is how long a call waits for another process that writes, in seconds. With a
        `sqlite_version` that may not share a file, a second opener is refused.
        """
        self._path = Path(path).expanduser().resolve()
        shared = fit_for_many(sqlite_version)
        prepare(self._path, patience)
        self._lock = None if shared else self._be_alone(sqlite_version)
        self._connections = Connections(self._path, patience, shared=shared)
        self.tenants = SqliteTenants(self._connections)
        self.jobs = SqliteJobs(self._connections)
        self.audit = SqliteAudit(self._connections)
        self.upkeep = SqliteUpkeep(self._connections, self._path, patience)
        self._finish = weakref.finalize(self, _finish, self._connections, self._lock, _EXIT_SECONDS)

    @property
    def location(self) -> str:
        """The path of the file."""
        return str(self._path)

    def namespace(self, name: str) -> int:
        """The number of the namespace `name`, created on first use."""
        named = {"name": to_bytes(name)}

        def find(db: apsw.Connection) -> int | None:
            return one(db, "namespace", named, int)

        def make(db: apsw.Connection) -> int | None:
            db.execute(queries()["add_namespace"], named)
            return find(db)

        number = self._connections.read(find) or self._connections.write(make)
        if number is None:
            raise VaultError(f"{self._path} did not number a namespace")
        return number

    def generation(self, namespace: int) -> int:
        """How often those who remember the namespace had to forget."""
        asked = {"namespace": namespace}
        found = self._connections.look(
            ("generation", namespace), lambda db: one(db, "generation", asked, int)
        )
        if found is None:
            raise VaultError(f"the vault has no namespace number {namespace}")
        return found

    def by_index(self, namespace: int, indexes: Sequence[bytes]) -> list[Row]:
        """Every row (all aliases) of these values."""
        return self._rows("rows_by_index", namespace, tuple(dict.fromkeys(indexes)))

    def by_token(self, namespace: int, tokens: Sequence[str]) -> list[Row]:
        """The rows of these tokens, ASCII case ignored."""
        wanted = tuple(dict.fromkeys(t.lower() for t in tokens if t.isascii() and t.isalnum()))
        if not strict() or len(wanted) > FEW:
            return self._rows("rows_by_token", namespace, wanted)
        # A text has a few words that look like tokens, and is masked again with every turn.
        key = ("rows_by_token", namespace, wanted)
        return [Row(*values) for values in self._connections.look(key, _wanted(*key))]

    def add(self, namespace: int, rows: Sequence[Row], generation: int | None = None) -> list[Row]:
        """Keep rows whose place and token are free, in one transaction."""
        values = [
            (
                namespace,
                row.index,
                row.alias,
                row.kind,
                row.token,
                row.counter,
                row.key_version,
                row.sealed,
                row.day,
                row.attributes,
                row.used,
            )
            for row in rows
        ]

        def keep(db: apsw.Connection) -> list[tuple[Any, ...]]:
            check(db, namespace, generation)
            return db.executemany(queries()["add_row"], values).fetchall()

        kept = set(self._connections.write(keep))
        return [row for row in rows if (row.index, row.alias, row.token) in kept]

    def usage(self, namespace: int) -> Mapping[int, int]:
        """How many rows each version of the data key has sealed."""
        return dict(self._all("usage", namespace))

    def kept(self, namespace: int, places: Sequence[bytes]) -> list[Kept]:
        """Everything kept at these places."""
        wanted = tuple(dict.fromkeys(places))
        found = self._connections.read(_wanted("kept", namespace, wanted))
        return [Kept(*values) for values in found]

    def keep(self, namespace: int, rows: Sequence[Kept], generation: int | None = None) -> None:
        """Keep rows; one whose place is taken only makes that one younger."""
        values = [(namespace, r.place, r.part, r.key_version, r.sealed, r.day) for r in rows]

        def put(db: apsw.Connection) -> None:
            check(db, namespace, generation)
            db.executemany(queries()["keep"], values)

        self._connections.write(put)

    def forget(self, namespace: int, before: int) -> int:
        """Forget all that was last used before this day; how much."""
        asked = {"namespace": namespace, "before": before}

        def find(db: apsw.Connection) -> int | None:
            check(db, namespace)
            return one(db, "is_old", asked, int)

        def drop(db: apsw.Connection) -> int:
            gone = done(db, "forget", asked)
            if gone:
                db.execute(queries()["bump"], {"namespace": namespace})
            return gone

        # Mostly nothing is old: then nobody has to wait for the one writer.
        return self._connections.write(drop) if self._connections.read(find) else 0

    def close(self) -> None:
        """Let calls finish and close the file."""
        if self._finish.detach() is not None:
            _finish(self._connections, self._lock, None)

    def _rows(self, query: str, namespace: int, wanted: tuple[Any, ...]) -> list[Row]:
        needs_time()
        found = self._connections.read(_wanted(query, namespace, wanted))
        return [Row(*values) for values in found]

    def _be_alone(self, sqlite_version: str) -> int:
        lock = self._path.with_name(self._path.name + ".lock")
        try:
            held = hold(lock)
        except OSError as error:
            raise VaultUnavailable(f"cannot lock {self._path}: {error.strerror}") from None
        if held is None:
            raise VaultRefused(
                f"{self._path} is in use, and SQLite {sqlite_version} may damage a file that two "
                "processes use; install a newer apsw (SQLite 3.51.3 or later)"
            )
        return held


def _wanted(query: str, namespace: int, wanted: tuple[Any, ...]) -> Work[list[tuple[Any, ...]]]:
    """Reads what the namespace has under these keys."""

    def find(db: apsw.Connection) -> list[tuple[Any, ...]]:
        check(db, namespace)
        if not wanted:
            return []
        asked = {"namespace": namespace, "wanted": apsw.carray(wanted)}
        return db.execute(queries()[query], asked).fetchall()

    return find


def _finish(connections: Connections, lock: int | None, wait: float | None) -> None:
    """Close, waiting for calls that run; also when the store is dropped or the program ends."""
    connections.close(wait)
    if lock is not None:
        let_go(lock)
