"""A text as words, each with what stands before it: the only view of the text the tagger has.

A word is a run of letters and digits (combining marks stay with their letter, an inner apostrophe
stays in the word, a possessive `'s` does not), or a run of one and the same punctuation mark.
White space makes no word; it is told by the *layout* of the word after it.

Words are found by arithmetic on the array of characters: each is a run of one *kind*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LAYOUTS", "Words", "pieces", "split"]

# White space before a word, times the case of the line it stands in.
_GLUED, _SPACE, _COLUMN, _LINE, _PARAGRAPH, _START = range(6)
_MIXED, _NO_CAPITALS, _ALL_CAPITALS = range(3)
_CASES = 3
LAYOUTS = 6 * _CASES

# The first and the last of each range of characters; letters and digits are all the others.
_SIGNS = (
    "\x00/:@[`{\xa9\xab\xb4\xb6\xb9\xbb\xbf\xd7\xd7\xf7\xf7\u2000\u2bff\u2e00\u2e7f\u3000\u3020"
    "\u3030\u3030\ufe00\ufe0f\ufe30\ufe4f\uff00\uff0f\uff1a\uff20\uff3b\uff40\uff5b\uff65\ufff0\uffff"
    "\U0001f000\U0001faff\ud800\udfff"
)
_WHITE = "\t\r\x1c \x85\x85\xa0\xa0\u1680\u1680\u2000\u200a\u2028\u2029\u202f\u202f\u205f\u205f\u3000\u3000"
_PAST_SIGNS = 0x1FB00
_LETTER, _BLANK = ord("a"), ord(" ")  # kinds; a sign is a kind of its own, its code
_APOSTROPHES = (ord("'"), ord("’"))

_Array = npt.NDArray[Any]


def _table() -> npt.NDArray[np.uint32]:
    """The kind of each character, the last one for all that come after."""
    kinds = np.full(_PAST_SIGNS + 1, _LETTER, np.uint32)
    for first, last in zip(_SIGNS[::2], _SIGNS[1::2], strict=True):
        kinds[ord(first) : ord(last) + 1] = np.arange(ord(first), ord(last) + 1)
    for first, last in zip(_WHITE[::2], _WHITE[1::2], strict=True):
        kinds[ord(first) : ord(last) + 1] = _BLANK
    return kinds


_KINDS = _table()
_ASCII_KINDS = bytes(_KINDS[:128].tolist()) + bytes(128)


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
    if not text:
        return Words([], [], [], [])
    codes, kinds = _characters(text)
    changes = (kinds[1:] != kinds[:-1]).nonzero()[0]
    borders = np.empty(len(changes) + 2, np.intp)
    borders[0], borders[-1] = 0, len(codes)
    np.add(changes, 1, out=borders[1:-1])
    full = (kinds[borders[:-1]] != _BLANK).nonzero()[0]
    if not len(full):
        return Words([], [], [], [])
    starts, ends = borders[full], borders[full + 1]
    layouts = _layouts(text, codes, starts, ends).tolist()
    firsts, lasts = starts.tolist(), ends.tolist()
    return Words([text[a:b] for a, b in zip(firsts, lasts)], firsts, lasts, layouts)


def _characters(text: str) -> tuple[_Array, _Array]:
    """The code and the kind of each character; an apostrophe inside a word is a letter."""
    codes: _Array
    kinds: _Array
    if text.isascii():
        data = text.encode()
        codes = np.frombuffer(data, np.uint8)
        kinds = np.frombuffer(bytearray(data.translate(_ASCII_KINDS)), np.uint8)
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        kinds = _KINDS.take(codes, mode="clip")
    if "'" in text or "’" in text:
        # Two blanks follow the text, so that an apostrophe at its end has neighbours too.
        letter = np.concatenate([kinds == _LETTER, [False, False]])
        marks = ((codes == _APOSTROPHES[0]) | (codes == _APOSTROPHES[1])).nonzero()[0]
        marks = marks[letter[marks - 1] & letter[marks + 1]]
        possessive = (codes[marks + 1] | 32 == ord("s")) & ~letter[marks + 2]
        kinds[marks[~possessive]] = _LETTER
    return codes, kinds


def _layouts(text: str, codes: _Array, starts: _Array, ends: _Array) -> _Array:
    """What stands before each word, and the case of its line."""
    gaps = starts[1:] - ends[:-1]
    before = np.empty(len(starts), np.intp)
    before[0] = _START
    np.minimum(gaps, _COLUMN, out=before[1:])  # no character, one, more
    before[1:] += (codes[ends[:-1]] != ord(" ")) & (gaps == 1)  # a tabulator is as good as more
    before *= _CASES
    if "\n" in text:
        lines = (codes == ord("\n")).nonzero()[0].searchsorted(starts)
        breaks = lines[1:] - lines[:-1]
        before[1:][breaks == 1] = _LINE * _CASES
        before[1:][breaks > 1] = _PARAGRAPH * _CASES
        before += np.array([_line_case(line) for line in text.split("\n")])[lines]
    else:
        before += _line_case(text)
    return before


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
