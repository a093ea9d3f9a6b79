"""The keys of one namespace: random, versioned, wrapped by the root key, read by version.

Three roles: `token` derives tokens, `index` makes blind indexes, `data` seals values. Each has
one primary version for new work; older ones stay readable until they are destroyed. Because the
keys are random and only wrapped, changing the root key rewraps a few rows and changes no token.
One version of `data` may seal 2**31 values, counted before it does; near that a new one is due.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llm_guard_protecto.engine.keysource import RootKey, lock_of
from llm_guard_protecto.engine.seal import KEY_BYTES, Index, Sealer, TokenKey, joined
from llm_guard_protecto.engine.store import KeyRow, Row, Stale, Store
from llm_guard_protecto.engine.uses import SEAL_LIMIT, Uses
from llm_guard_protecto.errors import Unreadable, VaultRefused

__all__ = ["ROLES", "KeyStatus", "Keyring", "unwrap", "wrap"]

ROLES = ("token", "index", "data")


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key as `keys status` shows it: nothing here is secret.

    `id` is 8 hexadecimal digits, None for a destroyed key. `day` counts from 1970-01-01. `uses`
    is the number of rows a data key has sealed, `sealed` how often it may have sealed something,
    of which it may 2**31; both None for the other roles.
    """

    role: str
    version: int
    state: str
    id: str | None
    day: int
    uses: int | None
    sealed: int | None = None


class Keyring:
    """The unwrapped keys of one namespace: works with the newest, reads with any.

    `name` and `namespace` are the namespace's name and number, `tokens` derives tokens and
    `checks` are all keys that ever did; `indexes` are all that look-ups must try, the one for new
    rows first, and `lookups` those of them that rows may still have. `generation` is that of the
    namespace when the keys were read. Never shows a key.
    """

    __slots__ = (
        "_ids",
        "_opened",
        "_primary",
        "_root",
        "_rows",
        "_sealers",
        "_store",
        "_uses",
        "checks",
        "generation",
        "indexes",
        "lookups",
        "name",
        "namespace",
        "root_id",
        "tokens",
    )

    def __init__(
        self,
        name: str,
        namespace: int,
        root: RootKey,
        rows: Sequence[KeyRow],
        store: Store | None = None,
        generation: int = 0,
        before: Keyring | None = None,
        limit: int = SEAL_LIMIT,
    ) -> None:
        """Unwrap `rows`; those that `before` has unwrapped are taken from there.

        With a `store` uses of the data key are counted, `limit` is how many it may have, and
        versions that are not among `rows` are looked for when something was sealed by them.
        Raises `VaultRefused` for a key that the root key does not open.
        """
        self.name = name
        self.namespace = namespace
        self.root_id = root.id
        self.generation = generation
        self._root, self._store = root, store
        self._rows = tuple(rows)
        self._ids: dict[tuple[str, int], str] = {}
        same = before is not None and before.namespace == namespace
        known: dict[tuple[str, int], bytes] = before._opened if before and same else {}
        self._opened: dict[tuple[str, int], bytes] = dict(known)
        token = self._unwrapped("token")
        self.checks = tuple(TokenKey(key, version) for version, key in token)
        self.tokens = self.checks[0]
        self.indexes = tuple(Index(key, version) for version, key in self._unwrapped("index"))
        states = {row.version: row.state for row in rows if row.role == "index"}
        self.lookups = tuple(one for one in self.indexes if states[one.version] != "retired")
        data = self._unwrapped("data")
        self._primary = data[0][0]
        self._sealers = {version: Sealer(key, version) for version, key in data}
        self._uses: Uses | None = None
        if store is not None:
            version, reserve = self._primary, store.upkeep.reserve
            self._uses = Uses(
                f"data key {version} of namespace {name!r}",
                lambda count: reserve(namespace, version, count),
                limit,
            )

    @classmethod
    def open(
        cls,
        store: Store,
        name: str,
        root: RootKey,
        day: int,
        chance: Callable[[int], bytes] = os.urandom,
        before: Keyring | None = None,
        limit: int = SEAL_LIMIT,
        number: int | None = None,
    ) -> Keyring:
        """The keyring of the namespace `name`, which is made with new keys on first use.

        `root` must have unlocked `store`; `day` is today in days since 1970-01-01; `chance` gives
        random bytes; `before` and `limit` are as above. With a `number` the namespace is that one,
        and no new one of its name is made. Of several processes that come first, all get the same
        keys. Raises `VaultRefused` when keys are to be made or opened and `root` has been replaced.
        """
        namespace = store.namespace(name) if number is None else number
        generation = store.generation(namespace)
        rows = store.keys(namespace)
        if not {row.role for row in rows}.issuperset(ROLES):
            new = [
                KeyRow(role, 1, "primary", wrap(root, name, role, 1, chance(KEY_BYTES)), day)
                for role in ROLES
            ]
            try:
                rows = store.add_keys(namespace, new, lock_of(store, root))
            except Stale:
                raise VaultRefused(f"the root key of {store.location} was just replaced") from None
        return cls(name, namespace, root, rows, store, generation, before, limit)

    @property
    def root(self) -> RootKey:
        """The root key that opened these keys, for the engine's other parts."""
        return self._root

    @property
    def data_version(self) -> int:
        """The version of the data key that seals."""
        return self._primary

    @property
    def full(self) -> bool:
        """Whether the data key that seals is nearly used up."""
        return self._uses is not None and self._uses.full

    def go_on(self) -> None:
        """Take the data key for not yet full, until more of its uses are counted."""
        if self._uses is not None:
            self._uses.full = False

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
        sealer = self._sealer()
        return sealer.version, sealer.seal(value, self._place(kind, index, alias, token))

    def value(self, row: Row) -> str:
        """The clear value of a row. Raises `Unreadable` whatever is wrong with it."""
        sealer = self._opener(row.key_version)
        return sealer.open(row.sealed, self._place(row.kind, row.index, row.alias, row.token))

    def seal_at(self, clear: bytes, *place: str | bytes) -> tuple[int, bytes]:
        """Seal bytes that open only at this place: the version of the data key, and the bytes."""
        sealer = self._sealer()
        return sealer.version, sealer.seal_bytes(clear, joined("lgp1 kept", self.name, *place))

    def open_at(self, version: int, sealed: bytes, *place: str | bytes) -> bytes:
        """The clear bytes of a place. Raises `Unreadable` whatever is wrong with them."""
        sealer = self._opener(version)
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
                row.uses if row.role == "data" else None,
            )
            for row in self._rows
        ]

    def __repr__(self) -> str:
        """Names the namespace, shows no key."""
        return f"<Keyring of {self.name!r}>"

    def _sealer(self) -> Sealer:
        """The sealer for new work, one use of which is counted."""
        if self._uses is not None:
            self._uses.take()
        return self._sealers[self._primary]

    def _opener(self, version: int) -> Sealer:
        """The sealer of a version; one that another process has made since is looked for."""
        sealer = self._sealers.get(version)
        if sealer is None and self._store is not None:
            for row in self._store.keys(self.namespace):
                if (row.role, row.version) == ("data", version) and row.state != "destroyed":
                    sealer = Sealer(unwrap(self._root, self.name, row), version)
                    self._sealers[version] = sealer
        if sealer is None:
            raise Unreadable
        return sealer

    def _place(self, kind: str, index: bytes, alias: int, token: str) -> bytes:
        return joined("lgp1 row", self.name, kind, index, alias, token)

    def _unwrapped(self, role: str) -> list[tuple[int, bytes]]:
        """The versions and keys of a role that can still be used: primary first, then newest."""
        rows = [row for row in self._rows if row.role == role and row.state != "destroyed"]
        rows.sort(key=lambda row: (row.state != "primary", -row.version))
        if not rows or rows[0].state != "primary":
            raise VaultRefused(f"namespace {self.name!r} has no {role} key for new work")
        keys = []
        for row in rows:
            key = self._opened.get((role, row.version)) or unwrap(self._root, self.name, row)
            self._opened[role, row.version] = key
            self._ids[role, row.version] = hmac.digest(key, b"lgp1 key id", "sha256")[:4].hex()
            keys.append((row.version, key))
        return keys


def wrap(root: RootKey, name: str, role: str, version: int, key: bytes) -> bytes:
    """A key of the namespace `name`, wrapped by the root key for its role and version."""
    return Sealer(root.secret).seal_bytes(key, joined("lgp1 key", name, role, version))


def unwrap(root: RootKey, name: str, row: KeyRow) -> bytes:
    """The key of a row. Raises `VaultRefused` when the root key does not open it."""
    place = joined("lgp1 key", name, row.role, row.version)
    try:
        key = Sealer(root.secret).open_bytes(row.wrapped, place)
    except Unreadable:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultRefused(
            f"{row.role} key {row.version} of namespace {name!r} does not open under this root key"
        )
    return key
