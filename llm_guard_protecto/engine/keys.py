"""The keys of one namespace: random, versioned, wrapped by the root key, read by version.

Three roles: `token` derives tokens, `index` makes blind indexes, `data` seals values. Each has
one primary version for new work; older ones stay readable until they are destroyed. Because the
keys are random and only wrapped, changing the root key rewraps a few rows and changes no token.
One version of `data` may seal 2**31 values; `status` tells how many it has.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llm_guard_protecto.engine.keysource import RootKey
from llm_guard_protecto.engine.seal import KEY_BYTES, Index, Sealer, TokenKey, joined
from llm_guard_protecto.engine.store import KeyRow, Row, Store
from llm_guard_protecto.errors import Unreadable, VaultRefused

__all__ = ["ROLES", "SEAL_LIMIT", "KeyStatus", "Keyring"]

ROLES = ("token", "index", "data")
SEAL_LIMIT = 2**31
"""How many values one version of the data key may seal."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key as `keys status` shows it: nothing here is secret.

    `id` is 8 hexadecimal digits, None for a destroyed key. `day` counts from 1970-01-01. `uses`
    is the number of rows a data key has sealed, None for the other roles.
    """

    role: str
    version: int
    state: str
    id: str | None
    day: int
    uses: int | None


class Keyring:
    """The unwrapped keys of one namespace: works with the newest, reads with any.

    `name` and `namespace` are the namespace's name and number, `tokens` derives tokens, `indexes`
    are all that look-ups must try, the one for new rows first. Never shows a key.
    """

    __slots__ = ("_ids", "_rows", "_sealers", "indexes", "name", "namespace", "root_id", "tokens")

    def __init__(self, name: str, namespace: int, root: RootKey, rows: Sequence[KeyRow]) -> None:
        """Unwrap `rows`. Raises `VaultRefused` for a key that the root key does not open."""
        self.name = name
        self.namespace = namespace
        self.root_id = root.id
        self._rows = tuple(rows)
        self._ids: dict[tuple[str, int], str] = {}
        wrap = Sealer(root.secret)
        token = self._unwrapped(wrap, "token")
        self.tokens = TokenKey(token[0][1], token[0][0])
        self.indexes = tuple(Index(key, version) for version, key in self._unwrapped(wrap, "index"))
        data = self._unwrapped(wrap, "data")
        self._sealers = {version: Sealer(key, version) for version, key in data}

    @classmethod
    def open(
        cls,
        store: Store,
        name: str,
        root: RootKey,
        day: int,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> Keyring:
        """The keyring of the namespace `name`, which is made with new keys on first use.

        `root` must have unlocked `store`; `day` is today in days since 1970-01-01; `chance` gives
        random bytes. Of several processes that come first, all get the same keys.
        """
        namespace = store.namespace(name)
        rows = store.keys(namespace)
        if not rows:
            wrap = Sealer(root.secret)
            new = [
                KeyRow(role, 1, "primary", _wrap(wrap, name, role, 1, chance(KEY_BYTES)), day)
                for role in ROLES
            ]
            rows = store.add_keys(namespace, new)
        return cls(name, namespace, root, rows)

    @property
    def index(self) -> Index:
        """The index for new rows."""
        return self.indexes[0]

    def seal(
        self, value: str, *, kind: str, index: bytes, alias: int, token: str
    ) -> tuple[int, bytes]:
        """Seal the value of a row: the version of the data key, and the sealed bytes.

        The bytes open only as part of this row of this namespace.
        """
        version, sealer = next(iter(self._sealers.items()))
        return version, sealer.seal(value, self._place(kind, index, alias, token))

    def value(self, row: Row) -> str:
        """The clear value of a row. Raises `Unreadable` whatever is wrong with it."""
        sealer = self._sealers.get(row.key_version)
        if sealer is None:
            raise Unreadable
        return sealer.open(row.sealed, self._place(row.kind, row.index, row.alias, row.token))

    def seal_at(self, clear: bytes, *place: str | bytes) -> tuple[int, bytes]:
        """Seal bytes that open only at this place: the version of the data key, and the bytes."""
        version, sealer = next(iter(self._sealers.items()))
        return version, sealer.seal_bytes(clear, joined("lgp1 kept", self.name, *place))

    def open_at(self, version: int, sealed: bytes, *place: str | bytes) -> bytes:
        """The clear bytes of a place. Raises `Unreadable` whatever is wrong with them."""
        sealer = self._sealers.get(version)
        if sealer is None:
            raise Unreadable
        return sealer.open_bytes(sealed, joined("lgp1 kept", self.name, *place))

    def status(self, usage: Mapping[int, int]) -> list[KeyStatus]:
        """Every key by role and version. `usage` is what `Store.usage` answers."""
        return [
            KeyStatus(
                row.role,
                row.version,
                row.state,
                self._ids.get((row.role, row.version)),
                row.day,
                usage.get(row.version, 0) if row.role == "data" else None,
            )
            for row in self._rows
        ]

    def __repr__(self) -> str:
        """Names the namespace, shows no key."""
        return f"<Keyring of {self.name!r}>"

    def _place(self, kind: str, index: bytes, alias: int, token: str) -> bytes:
        return joined("lgp1 row", self.name, kind, index, alias, token)

    def _unwrapped(self, wrap: Sealer, role: str) -> list[tuple[int, bytes]]:
        """The versions and keys of a role that can still be used: primary first, then newest."""
        rows = [row for row in self._rows if row.role == role and row.state != "destroyed"]
        rows.sort(key=lambda row: (row.state != "primary", -row.version))
        if not rows or rows[0].state != "primary":
            raise VaultRefused(f"namespace {self.name!r} has no {role} key for new work")
        keys = []
        for row in rows:
            key = _unwrap(wrap, self.name, row)
            self._ids[role, row.version] = hmac.digest(key, b"lgp1 key id", "sha256")[:4].hex()
            keys.append((row.version, key))
        return keys


def _wrap(wrap: Sealer, name: str, role: str, version: int, key: bytes) -> bytes:
    return wrap.seal_bytes(key, joined("lgp1 key", name, role, version))


def _unwrap(wrap: Sealer, name: str, row: KeyRow) -> bytes:
    try:
        key = wrap.open_bytes(row.wrapped, joined("lgp1 key", name, row.role, row.version))
    except Unreadable:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultRefused(
            f"{row.role} key {row.version} of namespace {name!r} does not open under this root key"
        )
    return key
