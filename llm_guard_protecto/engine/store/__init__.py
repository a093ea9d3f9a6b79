"""Where rows live. One protocol, and a URL that picks who keeps it.

A store keeps sealed rows, wrapped keys and policies; it never sees a clear value, and it decides
who was first: of two writers that want the same place, in one process or in many, exactly one
gets it, the other is skipped without an error, and both read back the same answer.

What holds for every store:

- Everything is kept per namespace, a number given by `namespace(name)`.
- What a writing method changed is durable, and seen by every later read, when it returns.
- Methods may be called from several threads at once, and again in a child after a fork.
- `VaultUnavailable` means nothing was changed and trying again is safe (locked, full, read-only
  or gone); any other `VaultError` means the store itself is not what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from llm_guard_protecto.errors import ConfigurationError, VaultUnavailable

if TYPE_CHECKING:
    from llm_guard_protecto.engine.store.audit import Audit
    from llm_guard_protecto.engine.store.jobs import Jobs
    from llm_guard_protecto.engine.store.tenants import Tenants
    from llm_guard_protecto.engine.store.upkeep import Upkeep

__all__ = ["KEY_STATES", "Kept", "KeyRow", "Row", "Stale", "Store", "open_store"]

KEY_STATES = ("primary", "active", "retired", "destroyed")
"""What a key is for: new work and reading, reading with look-ups, reading only, nothing."""


class Stale(VaultUnavailable):
    """Keys or rows of the namespace were changed meanwhile; nothing was written, read them anew."""


@dataclass(frozen=True, slots=True)
class Row:
    """One token and the sealed value it stands for.

    `index` is the 16-byte blind index of the value; `alias` 0 is its usual token, 1 and up are
    further tokens of the same value. `kind` is the token kind, ASCII. `token` is one run of ASCII
    letters and digits, unique in the namespace whatever its case. `counter` is the input that gave this token when lower ones
    were taken. `key_version` names the data key that sealed `sealed`. `day` is the day of
    creation, in days since 1970-01-01. `attributes` is the engine's own, sealed if it is secret.
    `used` is the last day on which somebody asked for it, noted once a day; 0 before the first.
    """

    index: bytes
    alias: int
    kind: str
    token: str
    counter: int
    key_version: int
    sealed: bytes = field(repr=False)
    day: int
    attributes: bytes | None = field(default=None, repr=False)
    used: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a row that no store may hold."""
        if len(self.index) != 16:
            raise ValueError("a blind index has 16 bytes")
        if not (self.token.isascii() and self.token.isalnum()):
            raise ValueError("a token is a run of ASCII letters and digits")
        if not self.kind.isascii():
            raise ValueError("a kind is named in ASCII")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of a namespace, wrapped by the root key: useless without it.

    `role` is what it is for (`token`, `index`, `data`), `version` counts from 1 within the role,
    `state` is one of `KEY_STATES`, `day` the day of creation in days since 1970-01-01. `uses` is
    how often a data key may have sealed something, see `Upkeep.reserve`.
    """

    role: str
    version: int
    state: str
    wrapped: bytes = field(repr=False)
    day: int
    uses: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a state that does not exist."""
        if self.state not in KEY_STATES:
            raise ValueError(f"a key is {', '.join(KEY_STATES)}; not {self.state!r}")


@dataclass(frozen=True, slots=True)
class Kept:
    """Something sealed that is kept for a while: `sealed` by the data key `key_version`.

    `place` is the 16-byte blind index under which it is found; `part` tells apart what shares a
    place. `day` is the day of its last use, in days since 1970-01-01.
    """

    place: bytes
    part: bytes
    key_version: int
    sealed: bytes = field(repr=False)
    day: int


class Store(AbstractContextManager["Store"], Protocol):
    """A place for rows, keys and policies; see the top of the module for what must hold."""

    @property
    def location(self) -> str:
        """Where it is, for messages: a path or a URL without its password."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether rows outlive this process."""
        ...

    @property
    def nearby(self) -> bool:
        """Whether small reads come from this machine, without a wait for anybody else."""
        ...

    @property
    def tenants(self) -> Tenants:
        """The namespaces themselves, and the bearers that may use each."""
        ...

    @property
    def jobs(self) -> Jobs:
        """The queue of what is to be done later."""
        ...

    @property
    def audit(self) -> Audit:
        """What was done and by whom, and how often each call was made."""
        ...

    @property
    def upkeep(self) -> Upkeep:
        """What rotation, erasure, retention and verification need."""
        ...

    def namespace(self, name: str) -> int:
        """The number of the namespace `name`, created on first use."""
        ...

    def generation(self, namespace: int) -> int:
        """A number that grows with every change of the namespace's keys or policies, and whenever
        rows or what is kept are removed: who remembers anything of it must then forget. The
        cheapest of all reads.
        """
        ...

    def by_index(self, namespace: int, indexes: Sequence[bytes]) -> list[Row]:
        """Every row (all aliases) of these values, each once, in no promised order."""
        ...

    def by_token(self, namespace: int, tokens: Sequence[str]) -> list[Row]:
        """The rows of these tokens, ASCII case ignored, each once, in no promised order."""
        ...

    def add(self, namespace: int, rows: Sequence[Row], generation: int | None = None) -> list[Row]:
        """Keep rows, all in one transaction; those that stand now as they were given.

        A row whose (index, alias) or whose token (ASCII case ignored) is taken is skipped: read
        back with `by_index` who was first. It may have been this very call, when the connection
        broke as it ended.

        Raises `Stale` and keeps nothing when the namespace has left this `generation`; the check
        is part of the transaction, so that no row is added by keys that have been replaced.
        """
        ...

    def usage(self, namespace: int) -> Mapping[int, int]:
        """How many rows each version of the data key has sealed. Reads every row."""
        ...

    def kept(self, namespace: int, places: Sequence[bytes]) -> list[Kept]:
        """Everything kept at these places, in the order in which it came there."""
        ...

    def keep(self, namespace: int, rows: Sequence[Kept], generation: int | None = None) -> None:
        """Keep rows, all in one transaction. Where (place, part) is taken, what is there stays as
        it is, but for a later `day`. `generation` as in `add`.
        """
        ...

    def forget(self, namespace: int, before: int) -> int:
        """Forget all that was last used before this day, in days since 1970-01-01; how much. If
        there was anything, another generation begins.
        """
        ...

    def meta(self, name: str) -> bytes | None:
        """What the vault says about itself under `name`."""
        ...

    def set_meta(self, name: str, value: bytes) -> bytes:
        """Set `name` if nobody has; the value that stands now."""
        ...

    def keys(self, namespace: int) -> list[KeyRow]:
        """The keys of a namespace by role, then version."""
        ...

    def add_keys(
        self, namespace: int, keys: Sequence[KeyRow], root: bytes | None = None
    ) -> list[KeyRow]:
        """Keep keys, all in one transaction, and skip those whose (role, version) is taken;
        the keys that stand now.

        Raises `Stale` and keeps nothing unless `root` is None or what `meta("root")` says then.
        """
        ...

    def policies(self, namespace: int) -> list[str]:
        """The names of the policies of a namespace, sorted."""
        ...

    def policy(self, namespace: int, name: str) -> str | None:
        """The JSON text of one policy."""
        ...

    def put_policy(self, namespace: int, name: str, document: str) -> None:
        """Keep a policy; one of the same name is replaced. Another generation begins."""
        ...

    def delete_policy(self, namespace: int, name: str) -> bool:
        """Forget a policy; False if there was none. Another generation begins."""
        ...

    def close(self) -> None:
        """Finish what was promised and let go. Further calls raise VaultUnavailable."""
        ...


def open_store(url: str, patience: float = 5.0) -> Store:
    """Open the store at `url`, creating it if it is not there.

    `sqlite:///PATH` or a bare path: a SQLite file (three slashes, then the path as it is, so an
    absolute path makes four). `postgresql://…`: a PostgreSQL database. `memory:`: rows that die
    with the process. `patience` is how many seconds a call waits for others who write, or for
    PostgreSQL, whose URL may say it itself (`?patience=2`).

    Raises `ConfigurationError` for any other URL and for what is not a vault,
    `VaultRefused` for a file that others may read and for a wrong password, `VaultUnavailable`
    when the place cannot be used now.
    """
    if url in {"memory:", ":memory:", "sqlite:///:memory:"}:
        from llm_guard_protecto.engine.store.memory import MemoryStore

        return MemoryStore()
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme and scheme[1].lower().startswith("postgres"):
        try:
            from llm_guard_protecto.engine.store.postgres import PostgresStore
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith(("psycopg", "procrastinate")):
                raise
            raise ConfigurationError(
                "a PostgreSQL vault needs psycopg; run: pip install 'llm-guard-protecto[postgres]'"
            ) from None
        return PostgresStore(url, patience)
    if scheme and not url.startswith("sqlite:///"):
        raise ConfigurationError(
            f"no store speaks {scheme[1]!r}; a vault is sqlite:///PATH, a path, or memory:"
        )
    path = url.removeprefix("sqlite:///")
    if not path or "\0" in path:
        raise ConfigurationError("a vault needs a path: sqlite:///PATH, a bare path, or memory:")
    from llm_guard_protecto.engine.store.sqlite import SqliteStore

    return SqliteStore(path, patience)
