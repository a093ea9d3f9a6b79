"""Token maps of conversations that the provider keeps: the next call only names the last reply.

A call that continues a thread sends what is new, and its reply may hold any token of the thread.
So the map of each call that belongs to one is kept under the id of its reply, and grows with the
next. In memory: another process, or a thread long forgotten, sees the older tokens as they are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from llm_guard_protecto.guard.tokenmap import TokenMap

__all__ = ["Threads"]

REMEMBERED = 256
"""Replies whose maps are kept, the least recently used forgotten first."""


class Threads:
    """Token maps by the id of a reply. Thread-safe."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._maps: OrderedDict[str, TokenMap] = OrderedDict()

    def note(self, reply: str, tokens: TokenMap) -> None:
        """The reply with this id, and all that came before it, was restored from `tokens`."""
        with self._lock:
            self._maps[reply] = tokens
            self._maps.move_to_end(reply)
            if len(self._maps) > REMEMBERED:
                self._maps.popitem(last=False)

    def of(self, reply: str) -> TokenMap:
        """Return what is known of the thread that this reply ended; an empty map if nothing is."""
        with self._lock:
            if reply in self._maps:
                self._maps.move_to_end(reply)
            return self._maps.get(reply) or TokenMap()
