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


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of one text: `forms[i]` stands at `starts[i]:ends[i]` with layout `layouts[i]`.

    `places` [2, words] has the starts, then the ends; `before` [words] the layouts.
    """

    forms: list[str] = field(repr=False)
    places: npt.NDArray[np.intp]
    before: npt.NDArray[np.int32]

    def __len__(self) -> int:
        """The number of words."""
        return len(self.forms)

    @property
    def starts(self) -> list[int]:
        """Where each word begins."""
        return _listed(self.places[0])

    @property
    def ends(self) -> list[int]:
        """Where each word ends."""
        return _listed(self.places[1])

    @property
    def layouts(self) -> list[int]:
        """The layout of each word, below `LAYOUTS`."""
        return _listed(self.before)


def _listed(array: _Array) -> list[int]:
    numbers: list[int] = array.tolist()
    return numbers


def split(text: str) -> Words:
    """The words of `text`, in order. Takes any string; linear in its length."""
    kinds = _kinds(text)
    here = kinds[1:]
    borders = (here != kinds[:-1]).nonzero()[0]
    # The last border has white space behind it, so each word's end is the border after its start.
    firsts = (here.take(borders) != _BLANK).nonzero()[0]
    places = np.empty((2, len(firsts)), np.intp)
    if not len(firsts):
        return Words([], places, np.empty(0, np.int32))
    borders.take(firsts, out=places[0])
    borders.take(firsts + 1, out=places[1])
    starts, ends = places.tolist()
    before = _layouts(text, *places)
    return Words([text[a:b] for a, b in zip(starts, ends)], places, before)


def _kinds(text: str) -> _Array:
    """The kind of each character, white space around; an apostrophe inside a word is a letter."""
    if text.isascii():
        kinds = bytearray(f" {text} ".encode().translate(_ASCII_KINDS))
        _join(text, kinds, "'")
        return np.frombuffer(kinds, np.uint8)
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), np.uint32)
    found: _Array = _KINDS.take(codes, mode="clip")
    _join(text, found, "'’")
    return found


def _join(text: str, kinds: bytearray | _Array, apostrophes: str) -> None:
    """Make letters of the apostrophes between letters, but for one before a single `s`."""
    for mark in apostrophes:
        at = text.find(mark)
        while at >= 0:
            if kinds[at] == _LETTER == kinds[at + 2] and (
                text[at + 1] not in "sS" or kinds[at + 3] == _LETTER
            ):
                kinds[at + 1] = _LETTER
            at = text.find(mark, at + 1)


def _layouts(text: str, starts: _Array, ends: _Array) -> npt.NDArray[np.int32]:
    """What stands before each word, and the case of its line."""
    gaps = starts[1:] - ends[:-1]
    before = np.empty(len(starts), np.int32)
    if text.isprintable():  # one line, and no white space in it but blanks
        case = _line_case(text)
        _PLAIN[case].take(gaps, out=before[1:], mode="clip")
        before[0] = _START * _CASES + case
        return before
    before[0] = _START
    np.minimum(gaps, _COLUMN, out=before[1:])  # no character, one, more
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    before[1:] += (codes[ends[:-1]] != ord(" ")) & (gaps == 1)  # a tabulator is as good as more
    before *= _CASES
    if "\n" in text:
        lines = (codes == ord("\n")).nonzero()[0].searchsorted(starts)
        breaks = lines[1:] - lines[:-1]
        before[1:][breaks == 1] = _LINE * _CASES
        before[1:][breaks > 1] = _PARAGRAPH * _CASES
        before += np.array([_line_case(line) for line in text.split("\n")], np.int32)[lines]
    else:
        before += _line_case(text)
    return before


_PLAIN = [
    np.array([before * _CASES + case for before in (_GLUED, _SPACE, _COLUMN)], np.int32)
    for case in range(_CASES)
]
"""By the case of a line: the layout of a word after no blank, one, and two or more."""


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
