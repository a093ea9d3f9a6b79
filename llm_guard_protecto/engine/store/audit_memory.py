"""The audit of a store in memory; see `Audit` for what each method promises."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from llm_guard_protecto.engine.store.audit import AuditRow, Cutting, Head, Hit, Link, NewEntry

__all__ = ["MemoryAudit"]


@dataclass(slots=True)
class _Chain:
    """The chain and the counts of one namespace."""

    head: Head = field(default_factory=Head)
    rows: list[AuditRow] = field(default_factory=list)
    hits: dict[tuple[int, str, str, str], Hit] = field(default_factory=dict)


class MemoryAudit:
    """The chains and counts of a store in memory; see `Audit`."""

    def __init__(self, lock: threading.Lock, check: Callable[[int], object]) -> None:
        """`check` raises for a namespace that is not there; it is called under `lock`."""
        self._lock = lock
        self._check = check
        self._chains: dict[int, _Chain] = {}

    def append(self, namespace: int, entries: Sequence[NewEntry], link: Link) -> list[AuditRow]:
        """Put entries at the end of a chain; what stands there now."""
        with self._lock:
            return _put(self._of(namespace), entries, link)

    def rows(
        self,
        namespace: int,
        after: int = 0,
        limit: int = 1000,
        first: int | None = None,
        last: int | None = None,
    ) -> list[AuditRow]:
        """Entries with a number above `after`, in order, at most `limit`."""
        with self._lock:
            rows = self._of(namespace).rows
            found = [r for r in rows if r.number > after and _between(r.moment, first, last)]
            return found[:limit]

    def count(self, namespace: int, first: int | None = None, last: int | None = None) -> int:
        """How many entries there are between two moments."""
        with self._lock:
            return sum(_between(r.moment, first, last) for r in self._of(namespace).rows)

    def head(self, namespace: int) -> Head:
        """Where the chain stands."""
        with self._lock:
            return self._of(namespace).head

    def cut(self, namespace: int, before: int, cutting: Cutting, link: Link) -> int:
        """Delete the entries in front of the first whose moment is `before` or later; how many."""
        with self._lock:
            chain = self._of(namespace)
            kept = next((n for n, r in enumerate(chain.rows) if r.moment >= before), None)
            removed = chain.rows[:kept]
            if not removed:
                return 0
            held = _Chain(
                replace(chain.head, base=removed[-1].number, base_code=removed[-1].code),
                chain.rows[len(removed) :],
            )
            _put(held, [cutting(held.head, len(removed))], link)
            chain.head, chain.rows = held.head, held.rows
            return len(removed)

    def add_hits(self, namespace: int, hits: Sequence[Hit]) -> None:
        """Add counts to those that stand; the later `last` stays."""
        with self._lock:
            held = self._of(namespace).hits
            for hit in hits:
                key = (hit.day, hit.api, hit.status, hit.user)
                old = held.get(key, replace(hit, count=0))
                held[key] = replace(hit, count=old.count + hit.count, last=max(old.last, hit.last))

    def hits(self, namespace: int, first: int | None = None, last: int | None = None) -> list[Hit]:
        """The counts of the days from `first` to `last`, both included."""
        with self._lock:
            held = self._of(namespace).hits
            return [held[key] for key in sorted(held) if _between(key[0], first, last)]

    def drop(self, namespace: int) -> None:
        """Forget the chain and the counts of a namespace. Called under the lock."""
        self._chains.pop(namespace, None)

    def _of(self, namespace: int) -> _Chain:
        self._check(namespace)
        return self._chains.setdefault(namespace, _Chain())


def _put(chain: _Chain, entries: Sequence[NewEntry], link: Link) -> list[AuditRow]:
    rows, chain.head = chain.head.linked(entries, link)
    chain.rows += rows
    return rows


def _between(moment: int, first: int | None, last: int | None) -> bool:
    return (first is None or first <= moment) and (last is None or moment <= last)
