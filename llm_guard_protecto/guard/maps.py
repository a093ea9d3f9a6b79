"""Token maps of recent requests: the map of a chat's next turn grows out of the last one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from operator import is_

from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked

__all__ = ["LaterMap", "Maps", "begins_with"]

REMEMBERED = 2_000_000
"""Characters of the texts whose maps are kept, the least recently used forgotten first."""

_AROUND = 100
"""What a text costs beside its characters, counted as so many of them."""

NEW_TEXTS = 8
"""How many new texts a turn may add and still be recognised as the next turn of a chat."""


def begins_with(answer: Sequence[Masked], before: Sequence[Masked]) -> bool:
    """Whether a vault's answer begins with the very objects of an earlier one."""
    return len(before) <= len(answer) and all(map(is_, before, answer))


class LaterMap:
    """A token map that is put together when it is first asked for. Thread-safe."""

    __slots__ = ("_lock", "_made", "_make")

    def __init__(self, make: Callable[[], TokenMap]) -> None:
        """`make` is called once, or again if it fails."""
        self._lock = threading.Lock()
        self._make: Callable[[], TokenMap] | None = make
        self._made = TokenMap()

    def get(self) -> TokenMap:
        """Return the map; raises what making it raises."""
        with self._lock:
            if self._make is not None:
                self._made = self._make()
                self._make = None
            return self._made


class Maps:
    """Gives the token map of a request. Thread-safe.

    A map depends on nothing but the masked texts of its request. When a vault answers with the
    very objects of an earlier request, and a few more, only those few are added to its map.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._maps: OrderedDict[tuple[int, ...], tuple[Sequence[Masked], TokenMap]] = OrderedDict()
        self._size = 0

    def of(self, masked: Sequence[Masked]) -> TokenMap:
        """The map of these masked texts."""
        # The objects are kept with their map, so an id stays theirs.
        ids = tuple(map(id, masked))
        tokens = TokenMap()
        start = 0
        with self._lock:
            for known in range(len(ids), max(len(ids) - NEW_TEXTS, 0) - 1, -1):
                found = self._maps.get(ids[:known])
                if found is not None:
                    start, tokens = known, found[1]
                    break
        tokens = tokens.with_(masked[start:])
        with self._lock:
            self._size += 0 if ids in self._maps else _size(masked)
            if 0 < start < len(ids) and ids[:start] in self._maps:
                self._maps.move_to_end(ids[:start], last=False)  # the turn before is done with
            self._maps[ids] = (tuple(masked), tokens)
            self._maps.move_to_end(ids)
            while self._size > REMEMBERED:
                self._size -= _size(self._maps.popitem(last=False)[1][0])
        return tokens


def _size(masked: Sequence[Masked]) -> int:
    return sum(len(text.value) + _AROUND for text in masked)
