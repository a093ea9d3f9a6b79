"""What the gateway has masked, or in shadow mode would have, since it started: by caller."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_guard_protecto.guard.receipt import Receipt

__all__ = ["CALLERS", "OTHERS", "Totals"]

CALLERS = 1000
"""Callers that are told apart; those that come later count as one, by the name `OTHERS`."""

OTHERS = "(others)"


@dataclass(slots=True)
class _Caller:
    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    upstreams: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)

    def as_json(self, namespace: str, owner: str) -> dict[str, Any]:
        return {
            "namespace": namespace,
            "owner": owner,
            "calls": self.calls,
            "outcomes": dict(self.outcomes.most_common()),
            "upstreams": dict(self.upstreams.most_common()),
            "masked": dict(self.masked.most_common()),
        }


class Totals:
    """Counts of calls and of values by entity, for each caller. Thread-safe.

    A caller is the owner of a token in a namespace. Nothing of what was said is kept.
    """

    def __init__(self, shadow: bool, clock: Callable[[], float] = time.time) -> None:
        """`shadow`: the values were not masked, only counted. `clock` gives seconds since 1970."""
        self._shadow, self._since = shadow, clock()
        self._lock = threading.Lock()
        self._callers: dict[tuple[str, str], _Caller] = {}

    def add(self, namespace: str, owner: str, upstream: str, receipt: Receipt) -> None:
        """Count a call."""
        with self._lock:
            key = namespace, owner
            if key not in self._callers and len(self._callers) >= CALLERS:
                key = namespace, OTHERS
            one = self._callers.setdefault(key, _Caller())
            one.calls += 1
            one.outcomes[receipt.outcome] += 1
            one.upstreams[upstream] += 1
            one.masked.update(receipt.masked)

    def of(self, namespace: str | None) -> Mapping[str, Any]:
        """The counts of a namespace, None for all, the busiest caller first; a JSON object."""
        with self._lock:
            callers = [
                one.as_json(*key)
                for key, one in self._callers.items()
                if namespace in (None, key[0])
            ]
        callers.sort(key=lambda one: (-one["calls"], one["namespace"], one["owner"]))
        return {"since": round(self._since), "shadow": self._shadow, "callers": callers}
