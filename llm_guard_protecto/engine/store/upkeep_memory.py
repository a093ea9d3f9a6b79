"""The upkeep of a store in memory; see `upkeep` for what each method promises."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from llm_guard_protecto.engine.store import Kept, KeyRow, Row, Stale
from llm_guard_protecto.engine.store.jobs import JobRow, MemoryJobs
from llm_guard_protecto.engine.store.upkeep import PAGE, Rewrap
from llm_guard_protecto.errors import ConfigurationError, VaultError

__all__ = ["MemoryUpkeep", "Namespace"]


class Namespace:
    """The rows, keys and policies of one namespace."""

    def __init__(self) -> None:
        """An empty one."""
        self.values: dict[bytes, dict[int, Row]] = {}
        self.tokens: dict[str, Row] = {}
        self.keys: dict[tuple[str, int], KeyRow] = {}
        self.policies: dict[str, str] = {}
        self.kept: dict[tuple[bytes, bytes], Kept] = {}
        self.subjects: dict[tuple[bytes, str], int] = {}
        self.generation = 0
        self.swept = 0

    def drop(self, token: str) -> bool:
        """Forget a row and its links; False if there was none."""
        row = self.tokens.pop(token.lower(), None)
        if row is None:
            return False
        del self.values[row.index][row.alias]
        self.subjects = {key: v for key, v in self.subjects.items() if key[1] != token.lower()}
        return True

    def put(self, old: Row, new: Row) -> None:
        """Write a row anew, perhaps at another index."""
        del self.values[old.index][old.alias]
        self.values.setdefault(new.index, {})[new.alias] = new
        self.tokens[old.token.lower()] = new


class _In(Protocol):
    def __call__(self, namespace: int, generation: int | None = None) -> Namespace: ...


class MemoryUpkeep:
    """Reads, replaces and removes in a store in memory; see `Upkeep`."""

    def __init__(
        self,
        lock: threading.Lock,
        inside: _In,
        names: Callable[[], Mapping[str, int]],
        meta: MutableMapping[str, bytes],
        jobs: MemoryJobs,
    ) -> None:
        """The parts of the store; `inside` and `names` are called under `lock`."""
        self._lock, self._in, self._names = lock, inside, names
        self._meta, self._jobs = meta, jobs

    def rows(self, namespace: int, after: str = "", limit: int = PAGE) -> list[Row]:
        """A page of rows, in order of their tokens."""
        with self._lock:
            held = self._in(namespace).tokens
            return [held[t] for t in sorted(t for t in held if t > after.lower())[:limit]]

    def kept(
        self, namespace: int, after: tuple[bytes, bytes] = (b"", b""), limit: int = PAGE
    ) -> list[Kept]:
        """A page of what is kept, in order of place and part."""
        with self._lock:
            held = self._in(namespace).kept
            return [held[key] for key in sorted(key for key in held if key > after)[:limit]]

    def jobs(self, namespace: int, after: str = "", limit: int = PAGE) -> list[JobRow]:
        """A page of jobs, in order of their ids."""
        found = [job for job in self._jobs.of(namespace) if job.tracking_id > after]
        return sorted(found, key=lambda job: job.tracking_id)[:limit]

    def kinds(self, namespace: int) -> list[str]:
        """Every kind that a row has."""
        with self._lock:
            return sorted({row.kind for row in self._in(namespace).tokens.values()})

    def replace(
        self,
        namespace: int,
        rows: Sequence[tuple[Row, Row]] = (),
        kept: Sequence[tuple[Kept, Kept]] = (),
        jobs: Sequence[tuple[JobRow, JobRow]] = (),
        generation: int | None = None,
    ) -> int:
        """Write the second of each pair where the first still stands; how many."""
        done = 0
        with self._lock:
            here = self._in(namespace, generation)
            for old, new in rows:
                row = here.tokens.get(old.token.lower())
                if row is not None and row.sealed == old.sealed:
                    put = replace(
                        row,
                        index=new.index,
                        key_version=new.key_version,
                        sealed=new.sealed,
                        attributes=new.attributes,
                    )
                    here.put(row, put)
                    done += 1
            for was, now in kept:
                key = was.place, was.part
                held = here.kept.get(key)
                if held is not None and held.sealed == was.sealed:
                    here.kept[key] = replace(held, key_version=now.key_version, sealed=now.sealed)
                    done += 1
            return done + sum(self._put_job(before, after) for before, after in jobs)

    def _put_job(self, old: JobRow, new: JobRow) -> bool:
        with self._jobs._lock:
            held = self._jobs._jobs.get(old.tracking_id)
            if held is None or (held.status, held.payload, held.outcome) != (
                old.status,
                old.payload,
                old.outcome,
            ):
                return False
            self._jobs._jobs[old.tracking_id] = replace(
                held,
                status=new.status,
                key_version=new.key_version,
                payload=new.payload,
                outcome=new.outcome,
                ended=new.ended,
            )
            return True

    def remove(
        self, namespace: int, tokens: Sequence[str] = (), kept: Sequence[Kept] = ()
    ) -> tuple[int, int]:
        """Remove these rows, and what is kept there; how many of each."""
        with self._lock:
            here = self._in(namespace)
            gone = sum(here.drop(token) for token in tokens)
            less = sum(here.kept.pop((k.place, k.part), None) is not None for k in kept)
            here.generation += bool(gone or less)
            return gone, less

    def expire(self, namespace: int, before: int, limit: int = PAGE) -> int:
        """Remove rows that nobody has used since a day; how many."""
        with self._lock:
            here = self._in(namespace)
            old = [t for t, row in here.tokens.items() if max(row.day, row.used) < before][:limit]
            for token in old:
                here.drop(token)
            here.generation += bool(old)
            return len(old)

    def old(self, namespace: int, before: int) -> tuple[int, int]:
        """How many rows, and how much of what is kept, nobody has used since a day."""
        with self._lock:
            here = self._in(namespace)
            rows = sum(max(row.day, row.used) < before for row in here.tokens.values())
            return rows, sum(row.day < before for row in here.kept.values())

    def touch(
        self, namespace: int, tokens: Sequence[str], day: int, generation: int | None = None
    ) -> None:
        """Note that these rows were used on a day."""
        with self._lock:
            here = self._in(namespace, generation)
            for token in tokens:
                row = here.tokens.get(token.lower())
                if row is not None and row.used < day:
                    here.put(row, replace(row, used=day))

    def claim(self, namespace: int, day: int) -> bool:
        """Whether the caller is the first to look on this day for what has aged."""
        with self._lock:
            here = self._in(namespace)
            first, here.swept = here.swept < day, max(here.swept, day)
            return first

    def link(
        self,
        namespace: int,
        subject: bytes,
        tokens: Sequence[str],
        version: int,
        generation: int | None = None,
    ) -> None:
        """Note that these rows are values of a subject."""
        with self._lock:
            here = self._in(namespace, generation)
            for token in (token.lower() for token in tokens):
                if token in here.tokens:
                    here.subjects.setdefault((subject, token), version)

    def linked(self, namespace: int, subjects: Sequence[bytes]) -> list[str]:
        """The tokens that are linked to any of these subjects."""
        with self._lock:
            here = self._in(namespace)
            found = {token for subject, token in here.subjects if subject in subjects}
            return [here.tokens[token].token for token in sorted(found)]

    def links(self, namespace: int) -> Mapping[int, int]:
        """How many links there are by each version of the index key."""
        with self._lock:
            return Counter(self._in(namespace).subjects.values())

    def put_keys(
        self, namespace: int, keys: Sequence[KeyRow], generation: int, root: bytes
    ) -> bool:
        """Write keys over those of the same role and version, if nothing has changed."""
        with self._lock:
            try:
                here = self._in(namespace, generation)
            except Stale:
                return False
            if self._meta.get("root") != root:
                return False
            for key in keys:
                held = here.keys.get((key.role, key.version), key)
                put = replace(held, state=key.state, wrapped=key.wrapped)
                here.keys[key.role, key.version] = put
            here.generation += 1
            return True

    def rewrap(self, before: bytes, after: bytes, wrap: Rewrap) -> int | None:
        """Change the root key: what the vault says of it, and what wraps every other key."""
        with self._lock:
            names = self._names()
            if self._meta.get("root") != before:
                return None
            new: dict[tuple[int, str, int], KeyRow] = {}
            for name, number in names.items():
                for key in self._in(number).keys.values():
                    if key.state != "destroyed":
                        wrapped = replace(key, wrapped=wrap(name, key))
                        new[number, key.role, key.version] = wrapped
            for (number, role, version), key in new.items():
                self._in(number).keys[role, version] = key
            self._meta["root"] = after
            return len(new)

    def reserve(self, namespace: int, version: int, count: int) -> int:
        """Count uses of a data key before they happen; how many that makes in all."""
        with self._lock:
            held = self._in(namespace).keys
            if ("data", version) not in held:
                raise VaultError(f"namespace number {namespace} has no data key {version}")
            key = held["data", version]
            held["data", version] = replace(key, uses=key.uses + count)
            return key.uses + count

    def shred(self) -> None:
        """Nothing to do: there are no files."""

    def check(self) -> list[str]:
        """Nothing: there are no files."""
        return []

    def backup(self, path: Path) -> None:
        """Refuse: such a vault is meant to be lost."""
        raise ConfigurationError(f"a vault in memory is not backed up to {path}")
