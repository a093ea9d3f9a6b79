"""The key of a namespace's audit: it binds entries to each other and signs what is told of them.

It is random, kept in the vault wrapped by the root key like every other key of the namespace, and
made with the first entry. Who has the file and not the root key can neither forge an entry nor make
the chain anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from llm_guard_protecto.engine.keys import unwrap, wrap
from llm_guard_protecto.engine.keysource import RootKey, lock_of
from llm_guard_protecto.engine.seal import KEY_BYTES, Mac, joined
from llm_guard_protecto.engine.store import KeyRow, Stale, Store
from llm_guard_protecto.engine.store.audit import NewEntry
from llm_guard_protecto.errors import VaultRefused

__all__ = ["HASH_BYTES", "ROLE", "AuditKey"]

ROLE = "audit"
"""The role under which the key is kept."""

HASH_BYTES = 8
"""Length of the keyed hash of one token."""


class AuditKey:
    """Links entries, hashes tokens and signs. Shows no key."""

    __slots__ = ("_mac", "id")

    def __init__(self, key: bytes) -> None:
        """A 32-byte key. `id` is its public name: 8 hexadecimal digits."""
        self._mac = Mac(key)
        self.id = self._mac.of(b"lgp1 key id")[:4].hex()

    @classmethod
    def open(
        cls,
        store: Store,
        name: str,
        namespace: int,
        root: RootKey,
        day: int,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> AuditKey:
        """The key of a namespace, made if there is none; of several that make one, one stays.

        Raises `VaultRefused` for a key that the root key does not open, and when the root key was
        replaced since.
        """
        found = cls.find(store, name, namespace, root)
        if found is None:
            wrapped = wrap(root, name, ROLE, 1, chance(KEY_BYTES))
            new = KeyRow(ROLE, 1, "primary", wrapped, day)
            try:
                store.add_keys(namespace, [new], lock_of(store, root))
            except Stale:
                raise VaultRefused(f"the root key of {store.location} was just replaced") from None
            found = cls.find(store, name, namespace, root)
        if found is None:
            raise VaultRefused(f"namespace {name!r} did not keep its audit key")
        return found

    @classmethod
    def find(cls, store: Store, name: str, namespace: int, root: RootKey) -> AuditKey | None:
        """The key of a namespace, None when it has none yet."""
        for row in store.keys(namespace):
            if (row.role, row.version) == (ROLE, 1):
                return cls(unwrap(root, name, row))
        return None

    def link(self, previous: bytes, number: int, new: NewEntry) -> bytes:
        """The code of an entry: it depends on the entry, its number and the code before it."""
        parts = (previous, number, new.moment, new.entry, new.tokens)
        return self._mac.of(joined("lgp1 audit", *parts))

    def hashed(self, token: str) -> bytes:
        """The keyed hash of a token: equal tokens have equal ones, and nothing else is told."""
        return self._mac.of(joined("lgp1 audit token", token))[:HASH_BYTES]

    def erased(self, kind: str, text: str) -> str:
        """The keyed hash of a value or a subject that was erased, in hexadecimal digits."""
        return self._mac.of(joined("lgp1 audit erased", kind, text))[:HASH_BYTES].hex()

    def signed(self, *parts: str | bytes | int) -> bytes:
        """What proves that these parts were said by somebody who has the key."""
        return self._mac.of(joined("lgp1 audit checkpoint", *parts))

    def __repr__(self) -> str:
        """Name the key, show none."""
        return f"<AuditKey {self.id}>"
