"""Values under a heading: columns of CSV and Markdown tables, forms with dotted leaders.

    ssn,phone                       SSN ........................: 219099999
    219099999,5551234567

A heading supports what stands under it however far away that is. `unrolled` writes such a text out
as `heading: value` lines, one for each distinct value, so that the ordinary rules read them; the
places are mapped back. Only columns whose heading says something are written out, so the second
text is seldom large, and it takes one pass over the lines to see that a text holds no table.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from llm_guard_protecto.detect.expression import expression

__all__ = ["Unrolled", "telling", "unrolled"]

_MARKS: Final = ("|", "\t", ";", ",")

_WIDEST: Final = 200
_FEW_WORDS: Final = 3
_LONGEST_HEADING: Final = 40
_LONGEST_CELL: Final = 120
_FEWEST_HEADINGS: Final = 2
_RULE: Final = expression(r"[\s|:+=-]*\Z")
_QUOTED: Final = {
    mark: re.compile(
        rf'[ \t]*"((?:[^"]|"")*)"[ \t]*(?:{re.escape(mark)}|\Z)|([^{mark}]*)(?:\{mark}|\Z)'
    )
    for mark in _MARKS
}
_LEADER: Final = expression(
    r"^[ \t>*-]{0,8}([^\W\d_][^\n.:_]{1,38}?)[ \t]?(?:(?:\.[ \t]?){3,}|_{3,}|-{3,}|[ \t]{9,})[ \t]?:?"
    r"[ \t]{0,40}([^\s._:-][^\n]{0,100})$",
    re.MULTILINE,
)
_LEADERS: Final = ("....", ". . .", "____", "----", "         ")


@dataclass(frozen=True, slots=True)
class Unrolled:
    """`text`: the lines; `values`: for each, in order, its place in it and all places it is from."""

    text: str
    values: Sequence[tuple[int, int, Sequence[int]]]

    def places(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where in the original text a span of `text` stands; nowhere if it is not in a value."""
        at = bisect_right(self.values, start, key=lambda value: value[0]) - 1
        if at < 0:
            return
        first, last, origins = self.values[at]
        if first <= start and end <= last:
            for origin in origins:
                yield origin + start - first, origin + end - first


_ALSO: Final = (
    *("age", "alter", "edad", "nationality", "citizenship", "user", "username", "login", "handle"),
    *("password", "passwd", "pwd", "api key", "token", "secret", "customer id", "client id"),
    *("order id", "order number", "order no", "ticket id", "case id", "case number"),
    *("employee id", "employee number", "account id", "user id", "student id", "reference"),
)
"""Headings of what is found by its label and not by a word nearby."""


_CODE: Final = expression(r"[{}\[\]=<>\\$]|\([^)]*\Z|\A[^(]*\)|\w\(")
_WORD: Final = expression(r"[^\W_]+")
_MOST_WORDS: Final = 5


def telling(words: Iterable[str]) -> frozenset[str]:
    """The words that make a heading support its values, without what stands between them."""
    return frozenset("".join(_WORD.findall(word.lower())) for word in (*words, *_ALSO))


def _tells(heading: str, words: frozenset[str]) -> bool:
    """Whether a word of `words` stands in a heading, joined in any way or not."""
    parts = _WORD.findall(heading.lower())
    for first in range(len(parts)):
        joined = ""
        for part in parts[first : first + _MOST_WORDS]:
            joined += part
            if joined in words:
                return True
    return False


def unrolled(text: str, words: frozenset[str]) -> Unrolled | None:
    """The columns and forms of `text` whose heading has one of `words`, or None."""
    found: dict[tuple[str, str], list[int]] = {}
    if "\n" in text and any(mark in text for mark in _MARKS):
        for heading, value, place in _columns(text, words):
            found.setdefault((heading, value), []).append(place)
    if any(leader in text for leader in _LEADERS):
        for line in _LEADER.finditer(text):
            if _tells(line[1], words):
                found.setdefault((line[1].strip(), line[2].rstrip()), []).append(line.start(2))
    if not found:
        return None
    parts: list[str] = []
    values: list[tuple[int, int, Sequence[int]]] = []
    size = 0
    for (heading, value), places in found.items():
        parts.append(f"{heading}: {value}\n\n")
        start = size + len(heading) + 2
        values.append((start, start + len(value), places))
        size += len(parts[-1])
    return Unrolled("".join(parts), values)


def _columns(text: str, words: frozenset[str]) -> Iterator[tuple[str, str, int]]:
    """(heading, value, place) of the cells under a telling heading."""
    lines = text.splitlines(keepends=True)
    counts = {mark: [line.count(mark) for line in lines] for mark in _MARKS if mark in text}
    starts = []
    size = 0
    for line in lines:
        starts.append(size)
        size += len(line)
    at = 0
    while at + 1 < len(lines):
        below = at + 1
        for mark, count in counts.items():
            if not 0 < count[at] < _WIDEST or not count[at + 1]:
                continue
            headings = _headings(lines[at], mark, words)
            if headings is None:
                continue
            if mark in ",;" and f"{mark} " in lines[at] and not _twice(lines, at, mark):
                continue  # a sentence
            width = len(headings)  # a mark in quotes is no border
            below = at + 1
            if _RULE.match(lines[below]):  # the line under a Markdown heading
                below += 1
            first = below
            while below < len(lines) and count[below]:
                cells = _cells(lines[below], mark)
                if len(cells) != width:
                    break
                for heading, (start, end) in zip(headings, cells, strict=True):
                    if heading and 0 < end - start <= _LONGEST_CELL:
                        yield heading, lines[below][start:end], starts[below] + start
                below += 1
            if below > first:
                break
            below = at + 1
        at = below


def _twice(lines: Sequence[str], at: int, mark: str) -> bool:
    """Whether a line with blanks after its marks has short cells and two lines like it below."""
    width = len(_cells(lines[at], mark))
    short = all(len(cell.split()) <= _FEW_WORDS for cell in lines[at].split(mark))
    below = lines[at + 1 : at + 3]
    return short and len(below) > 1 and all(len(_cells(line, mark)) == width for line in below)


def _headings(line: str, mark: str, words: frozenset[str]) -> list[str] | None:
    """The headings of a line by column, empty where they tell nothing; None if it has none."""
    if len(line) > (line.count(mark) + 1) * (_LONGEST_HEADING + 2):
        return None
    cells = _cells(line, mark)
    if any(end - start > _LONGEST_HEADING for start, end in cells) or not _tells(line, words):
        return None
    if sum(end > start for start, end in cells) < _FEWEST_HEADINGS:  # a line of code, `user,`
        return None
    headings = []
    for start, end in cells:
        heading = line[start:end].strip("*_`\"' ")
        if sum(c.isdigit() for c in heading) > 2 or _CODE.search(heading):
            return None
        headings.append(heading if _tells(heading, words) else "")
    return headings if any(headings) else None


def _cells(line: str, mark: str) -> list[tuple[int, int]]:
    """The place of each cell's content, without blanks and quotes around it."""
    line = line.rstrip("\r\n")
    cells = []
    if '"' not in line:
        at = 0
        for cell in line.split(mark):
            start = at + len(cell) - len(cell.lstrip())
            cells.append((start, max(start, at + len(cell.rstrip()))))
            at += len(cell) + 1
        return cells
    at = 0
    while at <= len(line):
        found = _QUOTED[mark].match(line, at)
        if found is None:  # a stray quote
            return []
        which = 1 if found[1] is not None else 2
        start, end = found.span(which)
        content = line[start:end]
        start += len(content) - len(content.lstrip())
        cells.append((start, max(start, start + len(content.strip()))))
        if found.end() == len(line) and not line.endswith(mark, at):
            break
        at = found.end()
    return cells
