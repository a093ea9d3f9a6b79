"""New keys for a namespace: the new version works at once, old ones are read until nothing is left.

`begin` makes a new primary version in one transaction that also ends the namespace's generation.
From then on nobody can write by older keys, and everybody reads by both. `finish` writes what is
left under the old version anew, in pages, each in one transaction that changes only what nobody
else has changed. So a rotation may be killed at any point: nothing is ever under a key that is not
there, and whoever finishes it goes on with what is left.

- data: rows, kept texts, payloads of jobs and tags are sealed again
- index: rows get their new index; until then both are looked up. Names under which something was
  kept cannot be indexed anew, so their old index stays readable for as long as they are kept.
- token: new values get tokens by the new key, known values keep theirs
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from llm_guard_protecto.engine.keys import Keyring, wrap
from llm_guard_protecto.engine.keysource import RootKey, lock_of
from llm_guard_protecto.engine.resealing import job_again, kept_again, row_again
from llm_guard_protecto.engine.seal import KEY_BYTES
from llm_guard_protecto.engine.store import KeyRow, Stale, Store
from llm_guard_protecto.errors import Unreadable, VaultError, VaultUnavailable

if TYPE_CHECKING:
    from llm_guard_protecto.engine.local import LocalVault

__all__ = ["Role", "Rotated", "begin", "finish", "unfinished"]

Role = Literal["data", "index", "token"]

TRIES = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation of one namespace has done.

    `version` is the key for new work, `rewritten` how much was written anew, `damaged` how much
    could not be because it does not open (`keys verify` lists it), `open` whether something is
    still under an older version.
    """

    namespace: str
    role: str
    version: int
    rewritten: int = 0
    damaged: int = 0
    open: bool = False


def begin(
    store: Store,
    name: str,
    root: RootKey,
    role: Role,
    day: int,
    chance: Callable[[int], bytes] = os.urandom,
    after: int | None = None,
) -> int:
    """Make a new primary version of a key of the namespace `name`; its number.

    With `after` only as long as that version is the primary one: else somebody was faster.
    Raises `VaultRefused` when `root` has been replaced since, `VaultUnavailable` when other
    processes change the keys all the time.
    """
    namespace = store.namespace(name)
    for _ in range(TRIES):
        generation = store.generation(namespace)
        stands = lock_of(store, root)
        if stands is None:
            raise VaultError(f"{store.location} has no root key yet")
        rows = [row for row in store.keys(namespace) if row.role == role]
        version = max((row.version for row in rows), default=0) + 1
        if after is not None and version != after + 1:
            return version - 1
        wrapped = wrap(root, name, role, version, chance(KEY_BYTES))
        changed = [replace(row, state="active") for row in rows if row.state == "primary"]
        changed.append(KeyRow(role, version, "primary", wrapped, day))
        if store.upkeep.put_keys(namespace, changed, generation, stands):
            return version
    raise VaultUnavailable(f"the keys of namespace {name!r} are being changed by others; try again")


def unfinished(store: Store, name: str, role: Role) -> bool:
    """Whether something may still be under an older version."""
    rows = store.keys(store.namespace(name))
    return any(row.role == role and row.state == "active" for row in rows)


def finish(
    vault: LocalVault,
    role: Role,
    progress: Callable[[int], None] = lambda _: None,
) -> Rotated:
    """Write anew what is left of the vault's namespace under older versions, then retire these.

    `progress` is told how many rows and texts have been looked at since the last time.
    """
    work = _Pass(vault, progress)
    if role == "data":
        work.rows(by_index=False)
        work.kept()
        work.jobs()
        vault.refresh()
        vault.tags.seal_again()
    elif role == "index":
        work.rows(by_index=True)
    version = work.retire(role)
    vault.refresh()
    return Rotated(vault.keyring.name, role, version, work.rewritten, work.damaged)


class _Pass:
    """One pass over everything of a namespace."""

    def __init__(self, vault: LocalVault, progress: Callable[[int], None]) -> None:
        self._vault, self._store = vault, vault.store
        self._name, self._namespace = vault.keyring.name, vault.keyring.namespace
        self._progress = progress
        self._keys = self._now()
        self.rewritten = self.damaged = 0

    def rows(self, *, by_index: bool) -> None:
        """Every row under the primary keys."""
        after = ""
        while page := self._store.upkeep.rows(self._namespace, after):
            self._replace(
                page,
                lambda keys, row: row_again(keys, row, by_index=by_index),
                lambda pairs, generation: self._store.upkeep.replace(
                    self._namespace, rows=pairs, generation=generation
                ),
            )
            after = page[-1].token

    def kept(self) -> None:
        """Everything that is kept, under the primary data key."""
        after = (b"", b"")
        while page := self._store.upkeep.kept(self._namespace, after):
            self._replace(
                page,
                kept_again,
                lambda pairs, generation: self._store.upkeep.replace(
                    self._namespace, kept=pairs, generation=generation
                ),
            )
            after = page[-1].place, page[-1].part

    def jobs(self) -> None:
        """The payloads and outcomes of jobs, under the primary data key."""
        after = ""
        while page := self._store.upkeep.jobs(self._namespace, after):
            self._replace(
                page,
                job_again,
                lambda pairs, _: self._store.upkeep.replace(self._namespace, jobs=pairs),
            )
            after = page[-1].tracking_id

    def retire(self, role: Role) -> int:
        """Say that nothing is under the older versions any more; the primary one."""
        for _ in range(TRIES):
            generation = self._store.generation(self._namespace)
            rows = [row for row in self._store.keys(self._namespace) if row.role == role]
            old = [row for row in rows if row.state == "active"]
            [version] = [row.version for row in rows if row.state == "primary"]
            stands = lock_of(self._store, self._keys.root)
            if not old or role == "token" or stands is None:
                return version
            retired = [replace(row, state="retired") for row in old]
            if self._store.upkeep.put_keys(self._namespace, retired, generation, stands):
                return version
        raise VaultUnavailable(f"the keys of namespace {self._name!r} are being changed by others")

    def _replace(
        self,
        page: list[T],
        again: Callable[[Keyring, T], T],
        write: Callable[[list[tuple[T, T]], int], int],
    ) -> None:
        for _ in range(TRIES):
            pairs = list(self._pairs(page, again))
            try:
                self.rewritten += write(pairs, self._keys.generation) if pairs else 0
            except Stale:
                self._keys = self._now()
                continue
            break
        else:
            raise VaultUnavailable(f"namespace {self._name!r} is being changed by others")
        self._progress(len(page))

    def _pairs(self, page: list[T], again: Callable[[Keyring, T], T]) -> Iterator[tuple[T, T]]:
        for one in page:
            try:
                new = again(self._keys, one)
            except Unreadable:
                self.damaged += 1
                continue
            if new is not one:
                yield one, new

    def _now(self) -> Keyring:
        self._vault.refresh()
        return self._vault.keyring
