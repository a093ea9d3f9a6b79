"""Bodies of recent requests: the next turn of a chat is read on from where the last one ended."""

from __future__ import annotations

import threading
from collections import OrderedDict

from llm_guard_protecto.wire.json_text import JsonText

__all__ = ["LONGEST", "REMEMBERED", "SHORTEST", "Bodies"]

REMEMBERED = 2_000_000
"""Characters of the bodies that are kept together, the least recently used forgotten first."""

SHORTEST, LONGEST = 2_000, 1_000_000
"""Characters of a body that is worth keeping, and of one that is kept."""

_ALIKE = SHORTEST // 2
"""Turns of the same chat share at least so many characters, for they share half of a body."""


class Bodies:
    """Reads the bodies of requests. Thread-safe."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, JsonText] = OrderedDict()
        self._alike: dict[str, dict[str, JsonText]] = {}  # the same by how they begin
        self._size = 0

    def read(self, text: str) -> JsonText:
        """Parse a body. Raises `UnknownFormat` as `JsonText` does, and keeps nothing then."""
        if not SHORTEST <= len(text) <= LONGEST:
            return JsonText(text)
        with self._lock:
            earlier = self._recent.get(text) or self._before(text)
        doc = JsonText(text, after=earlier)
        with self._lock:
            if earlier is not None and doc.taken:
                self._forget(earlier.text)
            self._forget(text)
            self._recent[text] = self._alike.setdefault(text[:_ALIKE], {})[text] = doc
            self._size += len(text)
            while self._size > REMEMBERED:
                self._forget(next(iter(self._recent)))
        return doc

    def _before(self, text: str) -> JsonText | None:
        """The newest body whose first half begins this one: a turn of the same chat."""
        for one in reversed(self._alike.get(text[:_ALIKE], {}).values()):
            half = len(one.text) // 2
            if one.text[:half] == text[:half]:
                return one
        return None

    def _forget(self, text: str) -> None:
        if self._recent.pop(text, None) is not None:
            self._size -= len(text)
            some = self._alike[text[:_ALIKE]]
            del some[text]
            if not some:
                del self._alike[text[:_ALIKE]]

    def __repr__(self) -> str:
        """Count, and show no text."""
        return f"Bodies({len(self._recent)}, {self._size} of at most {REMEMBERED} characters)"
