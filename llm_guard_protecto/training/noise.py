"""Makes clean text look typed, scanned, wrapped or shouted; the marked places move along.

A change either maps the text piece by piece (`str.lower`) or is a list of *edits*: `(start, end,
new)` in positions of the clean text. An edit that would cross the border of a marked place is not
made; what is put in at a border stands outside of the place.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from random import Random

from llm_guard_protecto.training.grammar import Marked, Piece, join

__all__ = ["Edit", "edited", "rough", "to_pieces"]

Edit = tuple[int, int, str]
_Change = Callable[[Marked, Random], Marked]

# What a scanner takes for what.
_SCANNED = {
    "l": ("1", "I", "|"),
    "o": ("0",),
    "O": ("0", "Q"),
    "i": ("l", "1"),
    "S": ("5",),
    "m": ("rn",),
    "e": ("c",),
    "B": ("8",),
    "I": ("l", "1"),
    "u": ("ii",),
    "Z": ("2",),
    "h": ("b",),
    "rn": ("m",),
    "cl": ("d",),
    "vv": ("w",),
    "ri": ("n",),
    " ": ("", "  "),
}
_SCAN_UNITS = re.compile(r"rn|cl|vv|ri|[loOiSmeBIuZh ]")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT_KEYS = {
    key: row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    for row in _ROWS
    for at, key in enumerate(row)
}


def to_pieces(found: Marked) -> list[Piece]:
    """The pieces `join` would make `found` from."""
    pieces: list[Piece] = []
    at = 0
    for start, end, entity in found.spans:
        pieces += [(found.text[at:start], None), (found.text[start:end], entity)]
        at = end
    pieces.append((found.text[at:], None))
    return pieces


def edited(found: Marked, edits: Iterable[Edit]) -> Marked:
    """`found` with `edits` made, in any order; the first of two that overlap wins.

    Where a marked place would be left blank, nothing is changed at all.
    """
    borders = [border for start, end, _ in found.spans for border in (start, end)]
    made: list[Edit] = []
    parts: list[str] = []
    at = 0
    for start, end, new in sorted(edits):
        next_border = bisect_right(borders, start)
        crosses = next_border < len(borders) and borders[next_border] < end
        if start >= at and not crosses:
            parts += [found.text[at:start], new]
            made.append((start, end, new))
            at = end
    text = "".join((*parts, found.text[at:]))
    starts, ends = [edit[0] for edit in made], [edit[1] for edit in made]
    shifts = [0, *accumulate(len(new) - (end - start) for start, end, new in made)]
    spans = tuple(
        (
            start + shifts[bisect_right(ends, start)],  # what is put in at the start is before it
            end + shifts[bisect_left(starts, end)],  # what is put in at the end is after it
            entity,
        )
        for start, end, entity in found.spans
    )
    if any(not text[start:end].strip() for start, end, _ in spans):
        return found
    return Marked(text, spans)


def rough(found: Marked, rng: Random) -> Marked:
    """`found`, mostly as it is, else in another case, with noise or in another layout."""
    chance = rng.random()
    for share, change in _SHARES:
        if chance < share:
            return change(found, rng)
        chance -= share
    return found


def _each(change: Callable[[str], str]) -> _Change:
    """A change that looks at no more than one piece."""

    def changed(found: Marked, _: Random) -> Marked:
        pieces = [(change(text), entity) for text, entity in to_pieces(found)]
        if any(entity and not text.strip() for text, entity in pieces):
            return found
        return join(pieces)

    return changed


def _unpunctuated(text: str) -> str:
    return "".join(c for c in text if c not in ",.!?;") or " " * bool(text)


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _curly(text: str) -> str:
    return text.replace("'", "’").replace('"', "”")


def _scanned(found: Marked, rng: Random) -> Marked:
    """Letters read as others, blanks lost or doubled."""
    rate = rng.choice((0.02, 0.04, 0.08))
    units = (m for m in _SCAN_UNITS.finditer(found.text) if rng.random() < rate)
    return edited(found, [(*m.span(), rng.choice(_SCANNED[m[0]])) for m in units])


def _slipped(found: Marked, rng: Random) -> Marked:
    """Letters now and then dropped, doubled, swapped or hit beside."""
    text = found.text
    edits: list[Edit] = []
    for at in range(len(text) - 1):
        if rng.random() < 0.02 and text[at].isalpha() and text[at + 1].isalpha():
            beside = _NEXT_KEYS.get(text[at].lower(), "") or text[at]
            edits.append(
                rng.choice(
                    (
                        (at, at + 1, ""),
                        (at, at + 1, text[at] * 2),
                        (at, at + 2, text[at + 1] + text[at]),
                        (at, at + 1, rng.choice(beside)),
                    )
                )
            )
    return edited(found, edits)


def _glued(found: Marked, _: Random) -> Marked:
    """The blanks inside of marked places lost."""
    return edited(
        found,
        [
            (at, at + 1, "")
            for start, end, _ in found.spans
            for at in range(start, end)
            if found.text[at] == " "
        ],
    )


def _broken(found: Marked, rng: Random) -> Marked:
    """Some long words broken at a line's end; a broken name stays one place."""
    words = (m for m in re.finditer(r"[^\W\d_]{6,}", found.text) if rng.random() < 0.15)
    cuts = (rng.randint(m.start() + 2, m.end() - 2) for m in words)
    return edited(found, [(cut, cut, "-\n") for cut in cuts])


def _wrapped(found: Marked, rng: Random) -> Marked:
    """Hard line ends at 60 to 76 columns, also inside of marked places."""
    width = rng.randint(60, 76)
    edits: list[Edit] = []
    line = 0
    blank = -1
    for at, letter in enumerate(found.text):
        if letter == "\n":
            line, blank = at + 1, -1
            continue
        if at - line >= width and blank > line:
            edits.append((blank, blank + 1, "\n"))
            line, blank = blank + 1, -1
        if letter == " ":
            blank = at
    return edited(found, edits)


def _prefixed(found: Marked, prefix: str) -> Marked:
    lines = (m.start() for m in re.finditer(r"(?m)^(?=.*\S)", found.text))
    return edited(found, [(at, at, prefix) for at in lines])


def _quoted(found: Marked, rng: Random) -> Marked:
    """A quoted reply."""
    return _prefixed(_wrapped(found, rng), rng.choice(("> ", "> ", ">> ", "| ")))


def _listed(found: Marked, rng: Random) -> Marked:
    """Each line an item."""
    return _prefixed(found, rng.choice(("- ", "* ", "• ", "  - ", "+ ")))


def _emphasised(found: Marked, rng: Random) -> Marked:
    """Markdown around marked places; the asterisks stay outside."""
    sign = rng.choice(("**", "**", "*", "_", "`"))
    spans = [span for span in found.spans if rng.random() < 0.7]
    return edited(found, [(at, at, sign) for start, end, _ in spans for at in (start, end)])


_SHARES: tuple[tuple[float, _Change], ...] = (
    (0.20, _each(str.lower)),
    (0.05, _each(str.upper)),
    (0.025, _each(_unpunctuated)),
    (0.02, _scanned),
    (0.02, _slipped),
    (0.01, _each(str.title)),
    (0.005, _each(lambda text: text.replace(" ", "  "))),
    (0.005, _glued),
    (0.005, _each(_curly)),
    (0.01, _each(_unaccented)),
    (0.01, _broken),
    (0.015, _wrapped),
    (0.005, _quoted),
    (0.005, _listed),
    (0.01, _emphasised),
)
