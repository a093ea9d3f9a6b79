"""Whole requests that were masked before: the next turn of a chat begins with the same texts.

A turn holds what all its texts have in common with the texts that may follow: their values, the
runs that stand in them, the tokens they got. What follows changes nothing in them as long as no
new value stands in them and no token of theirs stands in what is new; then they are masked as they
were, all at once. Otherwise, and for any other request, each text is looked at by itself (`pages`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.engine.pages import AROUND
from llm_guard_protecto.engine.render import Wrappers
from llm_guard_protecto.models import Item, Masked

__all__ = ["FEWEST", "NONE", "REMEMBERED", "Changed", "Turn", "Turns"]


class Changed(Exception):
    """The texts of a turn are not masked as they were."""


REMEMBERED = 4_000_000
"""The size of all turns that are remembered, the least recently used forgotten first."""

FEWEST = 4
"""Texts that a request must have to be worth remembering as a whole."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request. `kind` is the policy's edition and the wrappers it was masked under.

    `values` are those that its texts are masked for, in the order they were found, and `order` is
    their tuple. `standing` are the runs that stand in the texts, `used` those of their tokens, both
    in lower case. `live` says which of the `candidates` were tokens of ours, and what they stood
    for. `joined` is all that was searched.
    """

    kind: tuple[str, Wrappers] = ("", ())
    texts: tuple[str | Item, ...] = field(default=(), repr=False)
    masked: tuple[Masked, ...] = field(default=(), repr=False)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    order: tuple[str, ...] = field(default=(), repr=False)
    standing: frozenset[str] = field(default=frozenset(), repr=False)
    used: frozenset[str] = field(default=frozenset(), repr=False)
    candidates: frozenset[str] = field(default=frozenset(), repr=False)
    live: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    joined: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        """What it counts for: the characters that were searched, and `AROUND` for each text."""
        return len(self.joined) + AROUND * len(self.texts)

    def check_read(self, live: Mapping[str, str | None]) -> None:
        """Raise `Changed` unless its texts say what they said, with these runs as live tokens."""
        if self.candidates and self.live != {r: live[r] for r in self.candidates if r in live}:
            raise Changed

    def check(self, values: Iterable[str], standing: Collection[str]) -> None:
        """Raise `Changed` unless it stays beside texts with these new values and standing runs."""
        if not self.used.isdisjoint(standing) or any(value in self.joined for value in values):
            raise Changed


NONE = Turn()
"""The turn before the first one."""


class Turns:
    """The last turn of each of the most recent chats. Thread-safe."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._turns: OrderedDict[int, Turn] = OrderedDict()  # by their identity
        self._size = 0

    def __len__(self) -> int:
        return len(self._turns)

    def before(self, texts: Sequence[str | Item], kind: tuple[str, Wrappers]) -> Turn:
        """The longest turn of this kind whose texts are the beginning of these; `NONE` if none."""
        asked = tuple(texts)
        best = NONE
        with self._lock:
            for turn in self._turns.values():
                size = len(turn.texts)
                if (
                    len(best.texts) < size <= len(asked)
                    and turn.texts[0] == asked[0]
                    and turn.texts[-1] == asked[size - 1]
                    and turn.texts == asked[:size]
                    and turn.kind == kind
                ):
                    best = turn
            if best is not NONE:
                self._turns.move_to_end(id(best))
        return best

    def add(self, turn: Turn, before: Turn) -> None:
        """Remember a turn in the place of the one that it follows."""
        if len(turn.texts) < FEWEST or turn.size > REMEMBERED:
            return
        with self._lock:
            self._forget(self._turns.pop(id(before), None))
            self._turns[id(turn)] = turn
            self._size += turn.size
            while self._size > REMEMBERED:
                self._forget(self._turns.popitem(last=False)[1])

    def _forget(self, turn: Turn | None) -> None:
        self._size -= 0 if turn is None else turn.size
