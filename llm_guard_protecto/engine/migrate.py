"""Moving a vault to another store: every row, sealed as it is; resumed after a kill; checked.

Nobody may write to the vault while it is read. What is copied and how far is written to the target
in one transaction with the rows, in the place where a vault names its key: so a half-copied vault
cannot be opened, and a second run goes on where the first one stopped. At the end every row of
both is counted and compared, and only then the target gets the name of its key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from llm_guard_protecto.engine.migrate_tables import TABLES, Checksum, Table, travelling
from llm_guard_protecto.errors import ConfigurationError, VaultError, VaultRefused

__all__ = ["Moved", "Source", "Target", "migrate"]

ROOT = "root"
"""The row of `meta` that names the key of a vault."""

PAGE = 2000

Told = Callable[[str, int, int], None]
"""Told of each page: what is done (`copy` or `check`), rows done, rows in all."""


class Source(Protocol):
    """A store that is read, and held so that nobody changes it meanwhile."""

    @property
    def location(self) -> str:
        """Where it is, without a password."""
        ...

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        ...

    def page(
        self, table: Table, after: Sequence[Any], limit: int
    ) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """The rows behind a key (none: from the start), and the key of the last one."""
        ...


class Target(Source, Protocol):
    """A store that is written."""

    def put(
        self, table: Table, rows: Sequence[tuple[Any, ...]], before: bytes | None, after: bytes
    ) -> None:
        """Write rows, and `after` over `before` as what `meta` says of the root key, in one
        transaction. Does nothing when `after` stands there already.
        """
        ...

    def finish(self, before: bytes, after: bytes) -> None:
        """Make ready for use (the next numbers, the queue of open jobs), and name the key."""
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: rows by the name of their table."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """All rows together."""
        return sum(self.rows.values())


def migrate(
    source_url: str, target_url: str, tell: Told = lambda *_: None, page: int = PAGE
) -> Moved:
    """Copy the vault at one URL to the store at another, which is created or empty.

    `tell` is told of the progress, `page` is how many rows share a transaction. Raises
    `ConfigurationError` for URLs that cannot be and for a target that holds anything else,
    `VaultRefused` for a source that is no whole vault, `VaultUnavailable` when either does not
    answer or the source is in use, `VaultError` when the two differ in the end.
    """
    with _open_source(source_url) as source, _open_target(target_url) as target:
        if source.location == target.location:
            raise ConfigurationError("a vault cannot be moved to where it is")
        root = _root(source)
        if root is None:
            raise VaultRefused(f"{source.location} is empty; there is nothing to move")
        vault = _vault(root)
        if vault is None:
            raise VaultRefused(f"{source.location} is itself only half copied")
        state = _state(target, vault)
        total = sum(source.count(table) for table in TABLES)
        _copy(source, target, state, lambda done: tell("copy", done, total), page)
        moved = _compare(source, target, lambda done: tell("check", done, total - 1), page)
        target.finish(_root(target) or b"", root)
        return moved


@dataclass(frozen=True, slots=True)
class _State:
    """How far a copy has come: the table that is being copied, and the last key of it."""

    vault: str
    table: int = 0
    after: tuple[Any, ...] = ()
    done: int = 0

    def to_bytes(self) -> bytes:
        after = [{"b": one.hex()} if isinstance(one, bytes) else one for one in self.after]
        said = {"from": self.vault, "table": self.table, "after": after, "done": self.done}
        return json.dumps({"moving": said}).encode()

    @classmethod
    def of(cls, said: bytes) -> _State | None:
        """The state that a half-copied vault tells of; None when it is none."""
        try:
            moving = json.loads(said)["moving"]
            after = (bytes.fromhex(a["b"]) if isinstance(a, dict) else a for a in moving["after"])
            return cls(moving["from"], moving["table"], tuple(after), moving["done"])
        except (ValueError, KeyError, TypeError):
            return None


def _state(target: Target, vault: str) -> _State:
    """Where to go on. Refuses a target that holds anything but the beginning of this copy."""
    said = _root(target)
    if said is None:
        if any(target.count(table) for table in TABLES):
            raise ConfigurationError(
                f"{target.location} is in use; a vault is moved to an empty place"
            )
        return _State(vault)
    state = _State.of(said)
    if state is None:
        raise ConfigurationError(f"{target.location} is a vault already; name an empty place")
    if state.vault != vault:
        raise ConfigurationError(f"{target.location} holds half of another vault; empty it first")
    return state


def _copy(
    source: Source, target: Target, state: _State, tell: Callable[[int], None], page: int
) -> None:
    before = _root(target)
    while state.table < len(TABLES):
        table = TABLES[state.table]
        rows, key = source.page(table, state.after, page)
        done = state.done + len(rows)
        if len(rows) < page:
            state = _State(state.vault, state.table + 1, (), done)
        else:
            state = _State(state.vault, state.table, tuple(key), done)
        arriving = [travelling(table, row) for row in rows]
        if table.name == "meta":
            arriving = [row for row in arriving if row[0] != ROOT]
        target.put(table, arriving, before, state.to_bytes())
        before = state.to_bytes()
        tell(done)


def _compare(source: Source, target: Target, tell: Callable[[int], None], page: int) -> Moved:
    moved: dict[str, int] = {}
    done = 0
    for table in TABLES:
        sums = []
        for store in (source, target):
            checksum = Checksum()
            for rows in _pages(store, table, page):
                checksum.add(rows)
                if store is source:
                    done += len(rows)
                    tell(done)
            sums.append(checksum)
        if sums[0] != sums[1]:
            raise VaultError(
                f"{target.location} differs from {source.location} in the table {table.name}: "
                f"{sums[1].rows} of {sums[0].rows} rows, or others; was the vault used between "
                "two runs? Empty the target and start again"
            )
        moved[table.name] = sums[0].rows
    return Moved(moved)


def _pages(store: Source, table: Table, page: int) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a table as they arrive, but for the one that says how far a copy has come."""
    after: Sequence[Any] = ()
    while True:
        rows, after = store.page(table, after, page)
        arriving = [travelling(table, row) for row in rows]
        yield [row for row in arriving if not (table.name == "meta" and row[0] == ROOT)]
        if len(rows) < page:
            return


def _root(store: Source) -> bytes | None:
    """What a store says of its root key."""
    meta = TABLES[-1]
    return next((bytes(row[1]) for row in store.page(meta, (), PAGE)[0] if row[0] == ROOT), None)


def _vault(root: bytes) -> str | None:
    """The id of a vault, from what it says of its root key."""
    try:
        return str(json.loads(root)["vault"])
    except (ValueError, KeyError, TypeError):
        return None


def _open_source(url: str) -> AbstractContextManager[Source]:
    if url.lower().startswith("postgres"):
        from llm_guard_protecto.engine.migrate_postgres import postgres_source

        return postgres_source(url)
    from llm_guard_protecto.engine.migrate_sqlite import sqlite_source

    return sqlite_source(url)


def _open_target(url: str) -> AbstractContextManager[Target]:
    if url.lower().startswith("postgres"):
        from llm_guard_protecto.engine.migrate_postgres import postgres_target

        return postgres_target(url)
    from llm_guard_protecto.engine.migrate_sqlite import sqlite_target

    return sqlite_target(url)
