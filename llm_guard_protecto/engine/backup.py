"""A copy of a vault while it is used, and the proof that the copy opens.

The copy holds everything but the root key: without that nobody can read it, so keep both, apart.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from llm_guard_protecto.engine.keysource import RootKey
from llm_guard_protecto.engine.store import Store, open_store
from llm_guard_protecto.engine.verify import Verified, verify
from llm_guard_protecto.errors import VaultError

__all__ = ["backup"]


def backup(
    store: Store, root: RootKey, path: Path, progress: Callable[[int], None] = lambda _: None
) -> Verified:
    """Copy the whole store to a new file at `path`, mode 0600, then open everything in the copy.

    Raises `ConfigurationError` for a store that is not copied like this (PostgreSQL has pg_dump)
    and for a path that is taken, `VaultUnavailable` when there is no room, `VaultError` when the
    copy is not whole; it is removed then.
    """
    path = path.expanduser().resolve()
    store.upkeep.backup(path)
    whole = False
    try:
        with open_store(f"sqlite:///{path}") as copy:
            found = verify(copy, root, progress)
        whole = not found.integrity
        if not whole:
            raise VaultError(f"the copy {path} is damaged and was removed; look: keys verify")
        return found
    finally:
        for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            if not whole or name != path:
                name.unlink(missing_ok=True)
