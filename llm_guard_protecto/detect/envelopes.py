"""One postal address out of its pieces: what stands between them belongs to it too.

Rules and tagger find the parts of an address that they can tell: a street, a flat, a country. A
village nobody knows, a region in brackets or a house number in front is what they leave out, and
it stands between those parts or right beside them. Here the parts of an envelope are drawn
together; everything is decided by how it stands, none of it by what it says.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.models import Span

__all__ = ["completed"]

_WIDEST = 48
"""Characters that may stand between two parts of an address: a line of an envelope."""

_SEPARATOR = expression(r"[,;|\t\n\r]+(?:[ \t>*|?•-]*)")  # with the marks of a quoted line
_MARKS = " \t\r\n.,;:>*|?•-(["
_WORD = r"[^\W\d_][\w'’.-]*"
_NAMED = r"(?:[A-ZÀ-ÞΑ-ΫА-Я\u0100-\u024f][\w'’.()-]*|\([^()\n]{1,24}\))"
_LINKS = "a|al|am|an|auf|bei|d|da|das|de|del|della|delle|den|der|des|di|do|dos|du|e|el|en|hil|i|im|in|kod|la|las|le|les|los|na|nad|nan|of|on|op|pod|sous|sul|sur|the|u|under|upon|v|van|vid|von|y|z|zu"
_NAME = expression(rf"{_NAMED}(?:[ ]+(?:(?:{_LINKS})\b|{_NAMED})){{0,5}}")
_INNER = expression(rf"(?:(?:{_LINKS}|{_NAMED})(?:[ ]+|\Z)){{1,4}}")
_CODE = expression(
    r"(?:[A-Z]{1,3}[- ]?)?\d[\dA-Z]{1,4}(?:[- ]?[\dA-Z]{2,5})?|[A-Z]{2,3}|[AFD]PO", re.IGNORECASE
)
_OWN_LINE = expression(rf"{_WORD}(?:[ ]{_WORD}){{0,2}}")
_UNIT = expression(
    r"(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|bldg|building|block|level|lot|no|nr|"
    r"box|po box|c/o)\b\.?[ ]*#?[\w/-]{1,8}|#[ ]?\w{1,6}",
    re.IGNORECASE,
)
_HOUSE = expression(r"(?<![\w.,/:#$€£-])\d{1,6}[A-Za-z]?(?:[/-]\d{1,4}[A-Za-z]?)?[ ]+\Z")
_TAIL = expression(
    r"(?:[ ]*\([^()\n]{1,24}\))?[ ]*,?[ ]*(?P<code>(?:[A-Z]{1,2}-)?\d{4,6}(?:-\d{3,4})?)"
    r"(?![\w%]|[.,:/-]\d|[ ]+\d)"
)
_STREET = expression(rf"(?<![\w.,/:#$€£-])\d{{1,6}}(?:[ ]{_WORD}){{1,4}}[ ]\d{{1,5}}[A-Za-z]?\.?\Z")
_NAMES = frozenset({"ADDRESS", "LOCATION", "PERSON", "ORG"})
"""What the tagger may take a village or a street for; anything else keeps its place."""

_RULE = "address_part"
_SCORE = 0.85


def completed(text: str, spans: Sequence[Span]) -> list[Span]:
    """The parts of addresses in `text` that `spans` (in any order) do not cover as a whole.

    Each is an `ADDRESS` of its own, from one comma or line end to the next, under the rule
    `address_part`. Nothing is added in a text without an address of at least two parts, and
    nothing over a span of another kind that a rule has found.
    """
    places = [s for s in spans if s.entity in ("ADDRESS", "LOCATION") and s.score >= 0.5]
    if not any(span.entity == "ADDRESS" for span in places):
        return []
    taken = _joined(s for s in spans if s.entity not in _NAMES)
    known = {(span.start, span.end) for span in places}
    parts = (part for ends in _envelopes(text, places) for part in _parts(text, *ends))
    return [
        Span(*part, "ADDRESS", _SCORE, _RULE)
        for part in parts
        if part not in known and not _touches(part, taken)
    ]


def _envelopes(text: str, places: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """The ranges of whole addresses, drawn together from neighbouring parts."""
    start = end = parts = 0
    address = False
    for span in sorted(places, key=lambda span: (span.start, -span.end)):
        if parts and span.start <= end:
            end, address = max(end, span.end), address or span.entity == "ADDRESS"
        elif parts and (address or span.entity == "ADDRESS") and _between(text, end, span.start):
            end, parts, address = span.end, parts + 1, address or span.entity == "ADDRESS"
        else:
            if address:
                yield _stretched(text, start, end, parts)
            start, end, parts, address = span.start, span.end, 1, span.entity == "ADDRESS"
    if address:
        yield _stretched(text, start, end, parts)


def _between(text: str, start: int, end: int) -> bool:
    """Whether what stands between two parts can only be a part of the same address."""
    if end - start > _WIDEST:
        return False
    gap = text[start:end]
    if gap.count("\n") > 3 or "\n\n" in gap:
        return False
    pieces = _SEPARATOR.split(gap)
    if len(pieces) == 1:
        inner = gap.strip()
        return not inner.strip(".") or bool(_INNER.fullmatch(inner))
    forms = (_UNIT, _CODE, _NAME, _OWN_LINE) if "," not in gap else (_UNIT, _CODE, _NAME)
    pieces = [piece.strip(_MARKS) for piece in pieces]
    return all(not piece or any(form.fullmatch(piece) for form in forms) for piece in pieces)


def _stretched(text: str, start: int, end: int, parts: int) -> tuple[int, int]:
    """The range with the house number before it and the postal code after it."""
    if parts == 1:
        return start, end
    low = max(start - _WIDEST, 0)
    if house := _HOUSE.search(text, low, start):
        return house.start(), _with_code(text, end)
    before = text[low:start].rstrip(" \t\r\n>*|?•-,")
    if _UNIT.match(text, start) and (street := _STREET.search(before)):
        start = low + street.start()
    return start, _with_code(text, end)


def _with_code(text: str, end: int) -> int:
    tail = _TAIL.match(text, end)
    return tail.end("code") if tail else end


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The trimmed parts of a range, cut at commas and line ends, those with a letter or digit."""
    at = start
    for mark in [*_SEPARATOR.finditer(text, start, end), None]:
        low, high = at, mark.start() if mark else end
        while low < high and text[low] in " \t.:>*?•-":
            low += 1
        while high > low and text[high - 1] in " \t.:":
            high -= 1
        if any(map(str.isalnum, text[low:high])):
            yield low, high
        at = mark.end() if mark else end


def _joined(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """The ranges of `spans`, in order, those that overlap made one."""
    ranges: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: span.start):
        if ranges and span.start < ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], span.end))
        else:
            ranges.append((span.start, span.end))
    return ranges


def _touches(part: tuple[int, int], ranges: Sequence[tuple[int, int]]) -> bool:
    at = bisect_left(ranges, part[1], key=lambda range_: range_[0])
    return at > 0 and ranges[at - 1][1] > part[0]
