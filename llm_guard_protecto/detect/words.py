"""A text as words, each with what stands before it: the only view of the text the tagger has.

A word is a run of letters and digits (combining marks stay with their letter, an inner apostrophe
stays in the word, a possessive `'s` does not), or a run of one and the same punctuation mark.
White space makes no word; it is told by the *layout* of the word after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["LAYOUTS", "Words", "pieces", "split"]

# White space before a word, times the case of the line it stands in.
_GLUED, _SPACE, _COLUMN, _LINE, _PARAGRAPH, _START = range(6)
_MIXED, _NO_CAPITALS, _ALL_CAPITALS = range(3)
_CASES = 3
LAYOUTS = 6 * _CASES

# Everything that is neither white space, control, punctuation, symbol, emoji nor a surrogate.
_LETTER = (
    r"[^\s\x00-/:-@\[-`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7\u2000-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3020\u3030\ufe00-\ufe0f\ufe30-\ufe4f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40"
    r"\uff5b-\uff65\ufff0-\uffff\U0001f000-\U0001faff\ud800-\udfff]"
)
_WORD = re.compile(rf"{_LETTER}+(?:['’](?![sS](?!{_LETTER})){_LETTER}+)*|(\S)\1*")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one text: `forms[i]` stands at `starts[i]:ends[i]` with layout `layouts[i]`."""

    forms: list[str] = field(repr=False)
    starts: list[int]
    ends: list[int]
    layouts: list[int]

    def __len__(self) -> int:
        """The number of words."""
        return len(self.forms)


def split(text: str) -> Words:
    """The words of `text`, in order. Takes any string; linear in its length."""
    forms: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    layouts: list[int] = []
    cases = [_line_case(line) for line in text.split("\n")]
    line = at = 0
    for match in _WORD.finditer(text):
        start, end = match.span()
        gap = start - at
        if not forms:
            line = text.count("\n", 0, start)
            before = _START
        elif gap == 0:
            before = _GLUED
        elif gap == 1 and text[at] == " ":
            before = _SPACE
        else:
            breaks = text.count("\n", at, start)
            line += breaks
            if breaks:
                before = _LINE if breaks == 1 else _PARAGRAPH
            else:
                before = _COLUMN
        forms.append(match.group())
        starts.append(start)
        ends.append(end)
        layouts.append(before * _CASES + cases[line])
        at = end
    return Words(forms, starts, ends, layouts)


def _line_case(line: str) -> int:
    """Whether capitals mean anything in this line."""
    if line == line.lower():
        return _NO_CAPITALS
    return _ALL_CAPITALS if line == line.upper() else _MIXED


def pieces(text: str, size: int, margin: int) -> list[tuple[int, int, int, int]]:
    """Cut a long text into windows: `(start, end, own_start, own_end)`, in order.

    The own parts cover the text without gap or overlap; each is about `size` characters and ends
    at a line end or at least at white space where there is one near. The window reaches about
    `margin` characters further on both sides, so that what straddles a border is seen whole.
    """
    if len(text) <= size + margin:
        return [(0, len(text), 0, len(text))]
    borders = [0]
    while len(text) - borders[-1] > size + margin:
        borders.append(_near_break(text, borders[-1] + size // 2, borders[-1] + size))
    borders.append(len(text))
    windows = []
    for own_start, own_end in pairwise(borders):
        start = max(0, own_start - margin)
        if start:
            start = _near_break(text, max(0, start - margin), start)
        end = min(len(text), own_end + margin)
        if end < len(text):
            end = _near_break(text, end, min(len(text), end + margin))
        windows.append((start, end, own_start, own_end))
    return windows


def _near_break(text: str, low: int, high: int) -> int:
    """The last good place in `low:high` to cut at: after a line end, else after a blank."""
    for mark in ("\n\n", "\n", " "):
        found = text.rfind(mark, low, high)
        if found >= 0:
            return found + len(mark)
    return high
