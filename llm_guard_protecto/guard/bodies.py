"""Bodies of recent requests: the next turn of a chat is read on from where the last one ended."""

from __future__ import annotations

import threading
from collections import OrderedDict

from llm_guard_protecto.wire.json_text import JsonText

__all__ = ["Bodies"]

REMEMBERED = 16
"""Bodies that are kept, the least recently used forgotten first."""

SHORTEST, LONGEST = 2_000, 1_000_000
"""Characters of a body that is worth keeping, and of one that is kept."""


class Bodies:
    """Reads the bodies of requests. Thread-safe."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, JsonText] = OrderedDict()

    def read(self, text: str) -> JsonText:
        """Parse a body. Raises `UnknownFormat` as `JsonText` does, and keeps nothing then."""
        if not SHORTEST <= len(text) <= LONGEST:
            return JsonText(text)
        with self._lock:
            recent = list(reversed(self._recent.values()))
        # Half of an earlier body at the start of this one: a turn of the same chat.
        before = (one for one in recent if text.startswith(one.text[: len(one.text) // 2]))
        earlier = next(before, None)
        doc = JsonText(text, after=earlier)
        with self._lock:
            if earlier is not None and doc.taken:
                self._recent.pop(earlier.text, None)
            self._recent[text] = doc
            while len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
        return doc

    def __repr__(self) -> str:
        """Count, and show no text."""
        return f"Bodies({len(self._recent)} of at most {REMEMBERED})"
