"""Who acts now, and what they had turned back: kept for the length of one call.

Deep inside a call nobody knows for whom it is made. Whoever takes a call from outside opens an
`acting` block; what is revealed in it is recorded as one entry when the block ends, before the
answer can leave.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from llm_guard_protecto.errors import GuardError

__all__ = ["LOCAL", "Act", "Recorder", "Reveal", "acting", "current"]

LOCAL = f"uid {os.getuid()}" if hasattr(os, "getuid") else "local"
"""Who acts where nobody said: the user of the operating system, by number."""


@dataclass(frozen=True, slots=True)
class Reveal:
    """What a call turned back.

    `items` texts held `restored` tokens that were turned back, by entity in `entities`, and
    `unknown` that are written like tokens and are none. `runs` are the tokens turned back.
    """

    items: int = 0
    restored: int = 0
    unknown: int = 0
    entities: Mapping[str, int] = field(default_factory=dict)
    runs: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def all(cls, reveals: Sequence[Reveal]) -> Reveal:
        """Several as one. A token that was found after all is no longer unknown."""
        if len(reveals) == 1 and reveals[0].unknown >= 0:
            return reveals[0]
        entities: Counter[str] = Counter()
        runs: dict[str, None] = {}
        for one in reveals:
            entities.update(one.entities)
            runs.update(dict.fromkeys(one.runs))
        return cls(
            sum(one.items for one in reveals),
            sum(one.restored for one in reveals),
            max(0, sum(one.unknown for one in reveals)),
            entities,
            tuple(runs),
        )


NOTHING = Reveal()


class Recorder(Protocol):
    """What writes entries: a `Trail`."""

    def reveal(self, what: str, policy: str, reveal: Reveal, error: str | None = None) -> None:
        """Record what is turned back, or with an `error` why nothing is."""
        ...


@dataclass(slots=True)
class Act:
    """One call: `who` made it with which bearer `token` (its public id), `via` which route.

    `reason` says why it came to nothing, if there is more to say than the kind of the error; it
    quotes nothing that was sent.
    """

    who: str = field(default=LOCAL, repr=False)
    token: str = ""
    via: str = ""
    reason: str | None = None
    _noted: list[Reveal] = field(default_factory=list)
    _held: dict[tuple[Recorder, str], list[tuple[str, Reveal]]] = field(default_factory=dict)

    @property
    def total(self) -> Reveal:
        """What the call turned back in all, recorded or not."""
        return Reveal.all(self._noted) if self._noted else NOTHING

    def begin(self, trail: Recorder | None, what: str) -> None:
        """Say what is tried, so that it is recorded even when it comes to nothing."""
        if trail is not None:
            self._held.setdefault((trail, what), [])

    def note(self, trail: Recorder | None, what: str, policy: str, reveal: Reveal) -> None:
        """Count what is turned back, and add it to what is recorded at the end."""
        self._noted.append(reveal)
        if trail is not None:
            self._held.setdefault((trail, what), []).append((policy, reveal))

    def settle(self, error: str | None = None) -> None:
        """Record everything that is held, one entry for each trail. Raises `VaultUnavailable`."""
        held, self._held = self._held, {}
        for (trail, what), noted in held.items():
            policy = next((policy for policy, _ in noted if policy), "")
            trail.reveal(what, policy, Reveal.all([reveal for _, reveal in noted]), error)


_current: ContextVar[Act | None] = ContextVar("llm_guard_protecto_act", default=None)


def current() -> Act | None:
    """The call at work in this context, None when nobody opened one."""
    return _current.get()


def acting(who: str = LOCAL, token: str = "", via: str = "") -> AbstractContextManager[Act]:
    """Whatever happens inside is done by `who`. Reveals are recorded when the block ends.

    When it ends with an error the entry says so, as far as it can be written.
    """
    return _Acting(Act(who, token, via))


class _Acting(AbstractContextManager[Act]):
    """See `acting`. No generator: every call of a server comes through here."""

    __slots__ = ("_act", "_mark")

    def __init__(self, act: Act) -> None:
        self._act = act

    def __enter__(self) -> Act:
        self._mark = _current.set(self._act)
        return self._act

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._act.settle()
            elif isinstance(error, Exception):
                with suppress(GuardError):  # nothing was turned back: the first error counts
                    self._act.settle(self._act.reason or _kind(error))
        finally:
            _current.reset(self._mark)


def _kind(error: Exception) -> str:
    """A word for an error; its message might quote what was sent."""
    return error.code if isinstance(error, GuardError) else type(error).__name__
