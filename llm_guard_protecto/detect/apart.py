"""Characters apart, put together: `4 1 1 1`, `s-a-r-a-h`, `536/90/1234`.

Each function gives the patches of a text that close its gaps. A row of numbers in a table or a
list is left alone unless it is a card's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from llm_guard_protecto.detect.checks import card, ssn
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.view import Patch

__all__ = ["APART", "apart", "digits_apart", "grouped", "usual"]

APART: Final = "apart"

_Gap = tuple[int, int]

_BLANKS_APART: Final = expression(r"(?<!\S)\S(?:[^\S\n]{1,5}\S(?![^\s.,;:!?)\]\"'])){5,}+")
_SIGNS_APART: Final = expression(
    r"(?<!\w)[\w+(](?P<gap>\r?\n|[^\w\s@]{1,3}|_|, )(?:[^\n\r](?P=gap)){5,}+(?:[^\s,](?!\w))?"
)
_DIGITS_APART: Final = expression(r"(?<![\w.,])[0-9](?:[^\w+\[\](){}\\]{1,4}[0-9](?!\w)){6,}+")
_CARD_GROUPS: Final = expression(
    r"(?<![\w.,-])[0-9]{4}(?:(?P<gap>[^\w\s]{1,3}|_{1,2}|[^\S\n]?[^\w\s]{1,3}[^\S\n]|[^\S\n]{1,4}|\r?\n)"
    r"[0-9]{4}(?:(?P=gap)[0-9]{4}(?:(?P=gap)[0-9]{1,4}){1,2}|[0-9]{2}(?P=gap)[0-9]{5}))(?![\w-])"
)
_PAIRS: Final = expression(r"(?<![\w.,-])[0-9]{2}(?:[ ./_*-][0-9]{2}){6,9}+(?![\w-])")
_SHORT_GROUPS: Final = expression(
    r"(?<![\w.,/-])(?P<a>[0-9]{3})(?P<gap>[_/*~·•⋅]{1,2}|[^\S\n]?-{2,3}[^\S\n]?|[^\S\n]-[^\S\n]"
    r"|[^\S\n][_/*~·•⋅.][^\S\n])(?P<b>[0-9]{2,3})(?P=gap)(?P<c>[0-9]{4})(?![\w/-])"
)
_IN_PROSE: Final = expression(r"[^\W\d_]{2,}[^\w\[({<#]{0,12}\Z")
_BEFORE_PROSE: Final = expression(r"[^\w\n#]{0,3}[^\W\d_]{2,}")
_LISTED: Final = frozenset("[({")


def apart(text: str) -> Iterator[Patch]:
    """Single characters with blanks or one and the same sign between them."""
    for run in _BLANKS_APART.finditer(text):
        start, end = run.span()
        gaps = [(m.start() + start, m.end() + start) for m in re.finditer(r"\s+", run.group())]
        yield from _close(text, start, end, gaps)
    for run in _SIGNS_APART.finditer(text):
        size = len(run["gap"])
        start, end = run.span()
        if (end - start) % (size + 1) == 0:  # the last sign has nothing after it
            end -= size
        gaps = [(at, at + size) for at in range(start + 1, end - 1, size + 1)]
        if run["gap"] != ", " or text[start - 1 : start] not in _LISTED:
            yield from _close(text, start, end, gaps)


def digits_apart(text: str) -> Iterator[Patch]:
    """Single digits with anything between them."""
    for run in _DIGITS_APART.finditer(text):
        start, end = run.span()
        if text[start - 1 : start] in _LISTED and "," in run.group():
            continue
        gaps = [(m.start() + start, m.end() + start) for m in re.finditer(r"\D+", run.group())]
        yield from _close(text, start, end, gaps)


def _close(text: str, start: int, end: int, gaps: Sequence[_Gap]) -> Iterator[Patch]:
    """Close the gaps between single characters; wider ones part the groups of a value."""
    narrow = min(b - a for a, b in gaps)
    wide = [gap for gap in gaps if gap[1] - gap[0] > narrow]
    letters = [text[a - 1] for a, _ in gaps] + [text[end - 1]]
    value = "".join(letters)
    if sum(map(str.isalnum, letters)) * 2 < len(letters):  # a row of signs
        return
    dashes: set[int] = set()
    if value.isdigit() and value.isascii():
        before = text[max(0, start - 40) : start]
        if not any("\n" in text[a:b] for a, b in gaps):
            before = before[before.rfind("\n") + 1 :]
        told = _IN_PROSE.search(before) or _BEFORE_PROSE.match(text, end)
        if not card(value) and (not told or len(set(value)) < 3):  # a row of numbers
            return
        sizes = _sizes(gaps, narrow)
        if not _telling(sizes, value):
            sizes = usual(value)
            wide = []
        if sizes:
            dashes = set(_ends(sizes))
    for i, (a, b) in enumerate(gaps, 1):
        between = "-" if i in dashes else " " if b - a > narrow and wide and not dashes else ""
        yield Patch(a, b, between, APART)


def _sizes(gaps: Sequence[_Gap], narrow: int) -> tuple[int, ...]:
    """How many characters the groups between wider gaps have."""
    sizes = [1]
    for a, b in gaps:
        if b - a > narrow:
            sizes.append(1)
        else:
            sizes[-1] += 1
    return tuple(sizes)


def _telling(sizes: tuple[int, ...], value: str) -> bool:
    """Whether groups of digits are those of a phone, a US social security number or a card."""
    if sizes == (3, 2, 4):
        return ssn(value)
    return sizes in ((3, 3, 4), (1, 3, 3, 4), (4, 4, 4, 4), (4, 6, 5))


def usual(value: str) -> tuple[int, ...]:
    """The groups in which ten or eleven digits are a North American telephone number."""
    if len(value) == 10 and "2" <= value[0] and "2" <= value[3]:
        return (3, 3, 4)
    if len(value) == 11 and value[0] == "1" and "2" <= value[1] and "2" <= value[4]:
        return (1, 3, 3, 4)
    return ()


def _ends(sizes: Sequence[int]) -> Iterator[int]:
    at = 0
    for size in sizes:
        at += size
        yield at


def grouped(text: str) -> Iterator[Patch]:
    """Groups of digits with something else between them than a blank, a dot or a hyphen."""
    for run in _CARD_GROUPS.finditer(text):
        gap = run["gap"]
        if gap not in (" ", "-") and card(run.group()) and not _in_list(text, *run.span(), gap):
            yield from _gaps(run.group(), run.start(), "-")
    for run in _PAIRS.finditer(text):
        if card(run.group()):
            yield from _gaps(run.group(), run.start(), "")
    for run in _SHORT_GROUPS.finditer(text):
        if len(run["b"]) == 3 or ssn(run["a"] + run["b"] + run["c"]):
            yield from _gaps(run.group(), run.start(), "-")


def _in_list(text: str, start: int, end: int, gap: str) -> bool:
    """Whether more such groups stand before or after."""
    before = start - len(gap)
    return (
        before > 0
        and text.startswith(gap, before)
        and text[before - 1].isdigit()
        or text.startswith(gap.strip() or gap, end)
        and text[end + len(gap) : end + len(gap) + 1].isdigit()
        or text.startswith(",", end)
    )


def _gaps(value: str, start: int, sign: str) -> Iterator[Patch]:
    for gap in re.finditer(r"\D+", value):
        yield Patch(start + gap.start(), start + gap.end(), sign, APART)
