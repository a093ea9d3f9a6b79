"""Another root key: every other key is wrapped anew, in one transaction, and no token changes.

The new key is durable before the vault refers to it, and the old one until the vault does not. A
rotation that is killed has either changed nothing, or only the name of the key file is left to be
put right; running it again does that. Whoever has the vault open works on with the keys it has; a
process that starts needs the new key.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llm_guard_protecto.engine.keyplaces import KeyPlace
from llm_guard_protecto.engine.keys import unwrap, wrap
from llm_guard_protecto.engine.keysource import (
    KEY_VARIABLE,
    NEW_KEY_FILE_VARIABLE,
    NEW_KEY_VARIABLE,
    KeySource,
    lock_of,
)
from llm_guard_protecto.engine.rootkey import HOW_TO, Lock, RootKey
from llm_guard_protecto.engine.store import KeyRow, Store
from llm_guard_protecto.engine.trails import changing
from llm_guard_protecto.errors import ConfigurationError, VaultRefused, VaultUnavailable

if TYPE_CHECKING:
    from llm_guard_protecto.engine.local import LocalVault

__all__ = ["RootRotated", "rotate_root"]


@dataclass(frozen=True, slots=True)
class RootRotated:
    """What a rotation of the root key has done.

    `rewrapped` is how many keys; `resumed` that the vault had been changed by an earlier run that
    was stopped. `where` is where the new key is, `kept` where the old one is kept for old backups,
    None when it is up to the caller. `next_step` says what is left to do.
    """

    old: str
    new: str
    rewrapped: int
    resumed: bool
    where: str
    kept: str | None
    next_step: str


def rotate_root(vault: LocalVault) -> RootRotated:
    """Replace the root key of the vault by the one that the environment gives as the new one, or
    by a fresh one in the vault's own place.

    Raises `ConfigurationError` when a given key is to be replaced and no new one is given,
    `VaultUnavailable` when another process replaces it at the same time.
    """
    store, source = vault.store, vault.source
    given, new = source.given(), source.new()
    if given is not None and new is None:
        raise ConfigurationError(
            f"the key of this vault comes from {given.source}: set {NEW_KEY_VARIABLE} or "
            f"{NEW_KEY_FILE_VARIABLE} to the new key, here and where the vault is used; {HOW_TO}"
        )
    if given is None and new is None and not store.lasting:
        raise ConfigurationError("a vault in memory forgets its key anyway")
    alone: AbstractContextManager[None] = nullcontext() if new else source.alone(store)
    with changing(vault.trail, "key rotated", role="root"), alone:
        done = _to_given(store, source, new) if new else _to_own(store, source)
    vault.renew_root()
    vault.refresh()
    return done


def _to_given(store: Store, source: KeySource, new: RootKey) -> RootRotated:
    root, stands, lock = _now(store, source)
    after = Lock(lock.vault, new.id, new.check)
    resumed = lock.fits(new)
    count = 0 if resumed else _rewrap(store, stands, after, root, new)
    given = source.given()
    old = given.id if given is not None else root.id
    return RootRotated(
        old,
        new.id,
        count,
        resumed,
        new.source,
        None,
        f"set {KEY_VARIABLE} (or its file) to the new key wherever the vault is used, then unset "
        f"{new.source.split('(')[-1].rstrip(')')}; keep the old key for as long as you keep "
        "backups from before today",
    )


def _to_own(store: Store, source: KeySource) -> RootRotated:
    place: KeyPlace = source.place(store)
    root, stands, lock = _now(store, source)
    found = place.find(lock.vault, lock.wrapped)
    if not found:
        raise VaultRefused(f"the key of {store.location} is not where this program keeps keys")
    resumed = len(found) == 2 and lock.fits(found[1])
    if resumed:
        old, new, count = found[0].id, found[1], 0
    else:
        new, wrapped = place.stage(lock.vault, source.chance)
        after = replace(lock, key=new.id, check=new.check, wrapped=wrapped)
        old, count = root.id, _rewrap(store, stands, after, root, new)
    kept = place.promote(lock.vault, old)
    return RootRotated(
        old,
        new.id,
        count,
        resumed,
        place.where(lock.vault),
        kept,
        "back the new key up; keep the old one for as long as you keep backups from before today",
    )


def _now(store: Store, source: KeySource) -> tuple[RootKey, bytes, Lock]:
    """The key as it is at this moment, and what the vault says of it."""
    root = source.unlock(store)
    stands = lock_of(store, root)
    if stands is None:
        raise VaultUnavailable(f"{store.location} has no root key yet")
    return root, stands, Lock.read(stands, store.location)


def _rewrap(store: Store, stands: bytes, after: Lock, root: RootKey, new: RootKey) -> int:
    def again(name: str, row: KeyRow) -> bytes:
        return wrap(new, name, row.role, row.version, unwrap(root, name, row))

    count = store.upkeep.rewrap(stands, after.to_bytes(), again)
    if count is None:
        raise VaultUnavailable("another process has just replaced the root key; look: keys status")
    return count
