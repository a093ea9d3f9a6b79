"""The book of tokens: units in, runs out, and back. It remembers, the store decides.

Every machine computes the same run for a unit from the namespace's keys; the store settles the
rare collision by the next counter. A unit may have further runs (aliases) for texts in which its
usual run already stands as ordinary text.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.looks import is_itself, run_of
from llm_guard_protecto.engine.seal import TokenKey
from llm_guard_protecto.engine.store import Row, Store
from llm_guard_protecto.engine.tokenise import (
    CHECK,
    Shape,
    UnitKey,
    check_matches,
    spell,
    spell_check,
)
from llm_guard_protecto.errors import VaultError

__all__ = ["REMEMBERED", "Book"]

TRIES = 64
"""Counters tried for one unit; every second one makes the run longer, so few are ever needed."""

REMEMBERED = 100_000
"""Units and runs kept in memory, each; the least recently used go first."""

K = TypeVar("K")
V = TypeVar("V")


class _Memory(Generic[K, V]):
    """The most recently used entries of a mapping. Not thread-safe by itself."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)


class Book:
    """The tokens of one namespace. Thread-safe."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        today: Callable[[], int],
        used: Callable[[Sequence[Row]], None] = lambda _: None,
    ) -> None:
        """`today` gives the day new rows are dated with, in days since 1970-01-01; `used` is told
        of the rows that are read from the store for a call.
        """
        self._store = store
        self._namespace = keyring.namespace
        self._keys = keyring
        self._today, self._used = today, used
        self._lock = threading.Lock()
        self._runs: _Memory[tuple[str, str], tuple[str, ...]] = _Memory(REMEMBERED)
        self._units: _Memory[str, str] = _Memory(REMEMBERED)

    def runs(
        self, units: Iterable[UnitKey], avoid: Collection[str] = frozenset()
    ) -> dict[UnitKey, str]:
        """One run for each unit, durable when this returns.

        `avoid` holds runs in lower case that already stand in the caller's texts: a unit whose
        run is among them gets its first alias that is not. Raises `VaultError`; `Stale` when keys
        or rows of the namespace were changed meanwhile, and then another book must be opened.
        """
        wanted = dict.fromkeys(units)
        chosen: dict[UnitKey, str] = {}
        missing: list[UnitKey] = []
        with self._lock:
            for key in wanted:
                run = _first_free(self._runs.get((key.kind, key.unit)) or (), avoid)
                if run is None:
                    missing.append(key)
                else:
                    chosen[key] = run
        if missing:
            chosen |= self._from_store(missing, avoid)
        return chosen

    def _from_store(self, units: Sequence[UnitKey], avoid: Collection[str]) -> dict[UnitKey, str]:
        """Read the runs of `units`, and write those that do not exist yet."""
        # While the index key is replaced a row may have either index, the first is for new ones.
        places = {
            key: [index.of(key.kind, key.unit) for index in self._keys.lookups] for key in units
        }
        counters = dict.fromkeys(units, 0)
        waiting = list(units)
        chosen: dict[UnitKey, str] = {}
        for _ in range(TRIES):
            held: dict[bytes, list[Row]] = {}
            asked = [place for key in waiting for place in places[key]]
            for row in self._store.by_index(self._namespace, asked):
                held.setdefault(row.index, []).append(row)
            fresh: list[Row] = []
            taken: dict[UnitKey, list[Row]] = {}  # units without a free run, and the runs they have
            for key in waiting:
                rows = [row for place in places[key] for row in held.get(place, ())]
                rows.sort(key=lambda row: row.alias)
                run = _first_free([row.token for row in rows], avoid)
                if run is not None:
                    chosen[key] = run
                    self._used(rows)
                    self._remember(key, rows)
                else:
                    taken[key] = rows
                    after = max([row.counter for row in rows], default=-1) + 1
                    counters[key] = max(counters[key], after)
                    alias = rows[-1].alias + 1 if rows else 0
                    fresh.append(self._row(key, places[key][0], alias, counters[key], avoid))
                    counters[key] = fresh[-1].counter + 1
            if not taken:
                return chosen
            added = self._store.add(self._namespace, fresh, self._keys.generation)
            kept = {row.index: row for row in added}
            waiting = [key for key in taken if places[key][0] not in kept]
            for key in taken.keys() - waiting:
                row = kept[places[key][0]]
                chosen[key] = row.token
                self._remember(key, [*taken[key], row])
            if not waiting:
                return chosen
        raise VaultError("the vault has no free tokens of this length; allow longer ones")

    def _row(
        self, key: UnitKey, index: bytes, alias: int, counter: int, avoid: Collection[str]
    ) -> Row:
        """The row of the next run that may be free: never one of `avoid`, nor the value itself."""
        digest = self._keys.tokens.digest
        run = run_of(key, counter, digest)
        while run.lower() in avoid or is_itself(run, key):
            counter += 1
            run = run_of(key, counter, digest)
        version, sealed = self._keys.seal(
            key.unit, kind=key.kind, index=index, alias=alias, token=run
        )
        return Row(index, alias, key.kind, run, counter, version, sealed, self._today())

    def _remember(self, key: UnitKey, rows: Sequence[Row]) -> None:
        with self._lock:
            self._runs.put((key.kind, key.unit), tuple(row.token for row in rows))
            for row in rows:
                self._units.put(row.token, key.unit)

    def holds(self, units: Iterable[UnitKey]) -> set[UnitKey]:
        """Those of `units` that have a run already. Writes nothing, and is no use of a value."""
        wanted = list(dict.fromkeys(units))
        with self._lock:
            held = {key for key in wanted if self._runs.get((key.kind, key.unit))}
        places = {
            index.of(key.kind, key.unit): key
            for key in wanted
            if key not in held
            for index in self._keys.lookups
        }
        rows = self._store.by_index(self._namespace, list(places)) if places else ()
        return held | {places[row.index] for row in rows}

    def live(self, runs: Iterable[str]) -> Mapping[str, str | None]:
        """Those of `runs` that are ours: run -> its unit, or None for an anonymised one.

        Letter case counts. Raises `Unreadable` when a row was tampered with.
        """
        wanted = dict.fromkeys(runs)
        found: dict[str, str | None] = {}
        with self._lock:
            for run in wanted:
                unit = self._units.get(run)
                if unit is not None:
                    found[run] = unit
        missing = [run for run in wanted if run not in found]
        if missing:
            rows = self._rows_of(missing)
            self._used(rows)
            for row in rows:
                if row.token in wanted:
                    unit = self._keys.value(row)
                    found[row.token] = unit
                    with self._lock:
                        self._units.put(row.token, unit)
            for run in missing:
                if run not in found and any(_is_anonymous(run, key) for key in self._keys.checks):
                    found[run] = None
        return found

    def anonymous_runs(
        self, units: Iterable[UnitKey], secret: TokenKey, avoid: Collection[str] = frozenset()
    ) -> dict[UnitKey, str]:
        """Runs that nobody can turn back: written from a `secret` that is thrown away.

        Equal units get equal runs under one secret. Each run ends in a check by the namespace's
        key, so that masking can tell it from text. Nothing is stored.
        """
        chosen: dict[UnitKey, str] = {}
        waiting = list(dict.fromkeys(units))
        for counter in range(TRIES):
            for key in waiting:
                chosen[key] = _anonymous(key, secret, self._keys.tokens, counter)
            taken = {row.token.lower() for row in self._rows_of(chosen[key] for key in waiting)}
            taken.update(avoid)
            waiting = [key for key in waiting if chosen[key].lower() in taken]
            if not waiting:
                return chosen
        raise VaultError("no free token was found; allow longer ones")

    def _rows_of(self, runs: Iterable[str]) -> list[Row]:
        wanted = list(runs)
        return self._store.by_token(self._namespace, wanted) if wanted else []


def _first_free(runs: Iterable[str], avoid: Collection[str]) -> str | None:
    return next((run for run in runs if run.lower() not in avoid), None)


def _anonymous(key: UnitKey, secret: TokenKey, check: TokenKey, counter: int) -> str:
    length = max(key.shape.length, 2 * CHECK) - CHECK
    shape = Shape(key.shape.kind, key.shape.letters, key.shape.digits, length)
    body = spell(secret.digest(key.kind, key.unit, counter), shape)
    return body + spell_check(check.digest("anonymous", body), shape)


def _is_anonymous(run: str, check: TokenKey) -> bool:
    if len(run) < 2 * CHECK:
        return False
    return check_matches(run, check.digest("anonymous", run[:-CHECK]))
