"""Where a text may be cut at all: between two graphemes, and outside what must stay whole.

`is_border` is surer than the Unicode rules of text segmentation: it says no wherever a table of
this Python could be older than the text, so a cut is never inside a grapheme.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from unicodedata import category, combining

__all__ = ["Whole", "is_border"]

# Kept together: a wrapped token that stands in the text already, in either usual form of wrapper.
_WRAPPED = re.compile(
    r"<([A-Za-z][A-Za-z0-9_]{0,60})>[^<>\n]{0,120}</\1>|\{[A-Za-z][^{}\n]{0,120}\}"
)


class Whole:
    """The stretches of one text that no cut may go through."""

    def __init__(self, text: str) -> None:
        """Find them, in one pass."""
        spans = [match.span() for match in _WRAPPED.finditer(text)]
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def holds(self, at: int) -> bool:
        """Whether `at` is strictly inside one."""
        before = bisect_right(self._starts, at) - 1
        return before >= 0 and self._starts[before] < at < self._ends[before]


def is_border(text: str, at: int) -> bool:
    """Whether a cut before `text[at]` is surely between two graphemes."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before.isascii() and after.isascii():
        return (before, after) != ("\r", "\n")
    if _clings(after) or _leads(before):
        return False
    if "\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff":
        return False  # the letters of a flag go in pairs, and counting them is not needed
    return not (_is_jamo(before) and _is_jamo(after))


def _clings(char: str) -> bool:
    """Whether a character belongs to the one before it."""
    kind = category(char)
    return (
        kind[0] == "M"
        or char in _EXTENDING
        or kind in ("Cf", "Cn", "Co")
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def _leads(char: str) -> bool:
    """Whether a character draws the next one to itself: joiners, viramas, prepended marks."""
    return category(char) in ("Cf", "Cn", "Co") or combining(char) == 9 or char in _PREPENDED


def _is_jamo(char: str) -> bool:
    """Whether a character is, or may be, a part of a Hangul syllable."""
    return any(low <= char <= high for low, high in _HANGUL)


_HANGUL = (("\u1100", "\u11ff"), ("\ua960", "\ua97f"), ("\uac00", "\ud7ff"))
_EXTENDING = frozenset("\u0e33\u0eb3\uff9e\uff9f")
_PREPENDED = frozenset(
    "\u0d4e\u1cf5\u1cf6\U00011d46\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011f02"
) | {chr(code) for code in range(0x11A84, 0x11A8A)}
