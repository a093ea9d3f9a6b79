"""A store in this process's memory: for tests, demonstrations and vaults nobody should keep."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from llm_guard_protecto.closing import Closing
from llm_guard_protecto.engine.store import Kept, KeyRow, Row, Stale
from llm_guard_protecto.engine.store.audit_memory import MemoryAudit
from llm_guard_protecto.engine.store.jobs import JobRow, MemoryJobs
from llm_guard_protecto.engine.store.tenants import MemoryTenants
from llm_guard_protecto.engine.store.upkeep_memory import MemoryUpkeep, Namespace
from llm_guard_protecto.errors import VaultError, VaultUnavailable

__all__ = ["MemoryStore"]


class MemoryStore(Closing):
    """Keeps everything in dictionaries; see `Store` for what each method promises."""

    location = "memory:"
    lasting = False
    nearby = True

    def __init__(self) -> None:
        """An empty store."""
        self._lock = threading.Lock()
        self._closed = False
        self._numbers: dict[str, int] = {}
        self._namespaces: dict[int, Namespace] = {}
        self._meta: dict[str, bytes] = {}
        self._numbered = 0
        self.tenants = MemoryTenants(self._lock, self._names, self._drop)
        self.jobs = MemoryJobs()
        self.audit = MemoryAudit(self._lock, self._in)
        self.upkeep = MemoryUpkeep(self._lock, self._in, self._names, self._meta, self.jobs)

    def namespace(self, name: str) -> int:
        """The number of the namespace `name`, created on first use."""
        with self._lock:
            self._check_open()
            if name not in self._numbers:
                self._numbered += 1
                self._numbers[name] = self._numbered
                self._namespaces[self._numbered] = Namespace()
            return self._numbers[name]

    def generation(self, namespace: int) -> int:
        """How often those who remember the namespace had to forget."""
        with self._lock:
            return self._in(namespace).generation

    def by_index(self, namespace: int, indexes: Sequence[bytes]) -> list[Row]:
        """Every row (all aliases) of these values."""
        with self._lock:
            values = self._in(namespace).values
            return [row for i in dict.fromkeys(indexes) for row in values.get(i, {}).values()]

    def by_token(self, namespace: int, tokens: Sequence[str]) -> list[Row]:
        """The rows of these tokens, ASCII case ignored."""
        wanted = dict.fromkeys(token.lower() for token in tokens if token.isascii())
        with self._lock:
            held = self._in(namespace).tokens
            return [held[token] for token in wanted if token in held]

    def add(self, namespace: int, rows: Sequence[Row], generation: int | None = None) -> list[Row]:
        """Keep rows whose place and token are free."""
        added: list[Row] = []
        with self._lock:
            here = self._in(namespace, generation)
            for row in rows:
                aliases = here.values.get(row.index, {})
                if row.alias not in aliases and row.token.lower() not in here.tokens:
                    here.values[row.index] = {**aliases, row.alias: row}
                    here.tokens[row.token.lower()] = row
                    added.append(row)
        return added

    def usage(self, namespace: int) -> Mapping[int, int]:
        """How many rows each version of the data key has sealed."""
        with self._lock:
            here = self._in(namespace)
            rows: list[Row | Kept | JobRow] = [*here.tokens.values(), *here.kept.values()]
            rows += self.jobs.of(namespace)
            return Counter(row.key_version for row in rows)

    def kept(self, namespace: int, places: Sequence[bytes]) -> list[Kept]:
        """Everything kept at these places."""
        wanted = set(places)
        with self._lock:
            return [row for row in self._in(namespace).kept.values() if row.place in wanted]

    def keep(self, namespace: int, rows: Sequence[Kept], generation: int | None = None) -> None:
        """Keep rows; one whose place is taken only makes that one younger."""
        with self._lock:
            here = self._in(namespace, generation).kept
            for row in rows:
                held = here.setdefault((row.place, row.part), row)
                here[row.place, row.part] = replace(held, day=max(held.day, row.day))

    def forget(self, namespace: int, before: int) -> int:
        """Forget all that was last used before this day; how much."""
        with self._lock:
            here = self._in(namespace)
            old = [key for key, row in here.kept.items() if row.day < before]
            for key in old:
                del here.kept[key]
            here.generation += bool(old)
            return len(old)

    def meta(self, name: str) -> bytes | None:
        """What the vault says about itself under `name`."""
        with self._lock:
            self._check_open()
            return self._meta.get(name)

    def set_meta(self, name: str, value: bytes) -> bytes:
        """Set `name` if nobody has; the value that stands now."""
        with self._lock:
            self._check_open()
            return self._meta.setdefault(name, value)

    def keys(self, namespace: int) -> list[KeyRow]:
        """The keys of a namespace by role, then version."""
        with self._lock:
            return [key for _, key in sorted(self._in(namespace).keys.items())]

    def add_keys(
        self, namespace: int, keys: Sequence[KeyRow], root: bytes | None = None
    ) -> list[KeyRow]:
        """Keep keys whose (role, version) is free; the keys that stand now."""
        with self._lock:
            held = self._in(namespace).keys
            if root not in {None, self._meta.get("root")}:
                raise Stale
            for key in keys:
                held.setdefault((key.role, key.version), key)
        return self.keys(namespace)

    def policies(self, namespace: int) -> list[str]:
        """The names of the policies of a namespace, sorted."""
        with self._lock:
            return sorted(self._in(namespace).policies)

    def policy(self, namespace: int, name: str) -> str | None:
        """The JSON text of one policy."""
        with self._lock:
            return self._in(namespace).policies.get(name)

    def put_policy(self, namespace: int, name: str, document: str) -> None:
        """Keep a policy; one of the same name is replaced."""
        with self._lock:
            here = self._in(namespace)
            here.policies[name] = document
            here.generation += 1

    def delete_policy(self, namespace: int, name: str) -> bool:
        """Forget a policy; False if there was none."""
        with self._lock:
            here = self._in(namespace)
            here.generation += 1
            return here.policies.pop(name, None) is not None

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._closed = True
            self._numbers, self._namespaces = {}, {}
            self._meta.clear()

    def _names(self) -> Mapping[str, int]:
        self._check_open()
        return dict(self._numbers)

    def _drop(self, namespace: int) -> bool:
        self._check_open()
        self._numbers = {n: number for n, number in self._numbers.items() if number != namespace}
        self.jobs.drop(namespace)
        self.audit.drop(namespace)
        return self._namespaces.pop(namespace, None) is not None

    def _check_open(self) -> None:
        if self._closed:
            raise VaultUnavailable("the vault is closed")

    def _in(self, namespace: int, generation: int | None = None) -> Namespace:
        self._check_open()
        here = self._namespaces.get(namespace)
        if here is None:
            raise VaultError(f"the vault has no namespace number {namespace}")
        if generation not in {None, here.generation}:
            raise Stale
        return here
