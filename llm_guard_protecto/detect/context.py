"""Words around a candidate: what makes nine digits a social security number."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

__all__ = ["AFTER", "BEFORE", "Nearby", "Words"]

BEFORE = 40
"""How many characters before a candidate a context word may end."""

AFTER = 18
"""How many characters after a candidate a context word may end (`358 0594 (mobile)`)."""

Words = tuple[str, ...]
"""A group of context words or phrases, lower case."""


class Nearby:
    """Where the context words of one text end; answers in logarithmic time."""

    def __init__(self, text: str, ends: Mapping[Words, Sequence[int]]) -> None:
        """`ends`: for each group of words the sorted ends of its occurrences in `text`."""
        self._text = text
        self._ends = ends
        # By identity: to hash a group takes as long as it has words.
        self._known: dict[int, tuple[Words, Sequence[int]]] = {}

    def near(self, words: Words, start: int, end: int, before: int = BEFORE) -> bool:
        """Whether one of `words` ends shortly before `start` or shortly after `end`.

        Before: within `before` characters and no blank line between. After: on the same line.
        """
        if not self._ends:
            return False
        known = self._known.get(id(words))
        if known is None:
            known = self._known[id(words)] = words, self._ends.get(words, ())
        ends = known[1]
        if not ends:
            return False
        at = bisect_right(ends, start) - 1
        if at >= 0 and start - ends[at] <= before:
            gap = self._text[ends[at] : start]
            if gap.count("\n") <= 1:
                return True
        at = bisect_left(ends, end + 2)
        return at < len(ends) and ends[at] <= end + AFTER and "\n" not in self._text[end : ends[at]]
