"""The last touch on the tagger's spans: clean ends, and addresses in their parts.

An address is given in parts, cut at commas and line ends, because the parts are what other texts
repeat. A place that touches an address by a comma, a blank or a line end is part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from llm_guard_protecto.models import Span

__all__ = ["address_parts"]

_PART = re.compile(r"[^,;\n\r\t|]+")
_TOUCHES = re.compile(r"[ \t]*,?[ \t]*(?:\r?\n)?[ \t]*")
_FRONT = " \t\r\n\f\v.,;:!?()[]{}<>\"'`“”‘’«»*_~|/\\=+&%^-–—•"
_BACK = _FRONT
_POSSESSIVE = re.compile(r"['’][sS]$")


def address_parts(text: str, spans: Iterable[Span]) -> list[Span]:
    """`spans` (disjoint, in order) with clean ends, addresses split, neighbours drawn in."""
    clean: list[Span] = []
    for span in spans:
        if span.entity == "ADDRESS":
            for part in _PART.finditer(text, span.start, span.end):
                clean += _trimmed(text, replace(span, start=part.start(), end=part.end()))
        else:
            clean += _trimmed(text, span)
    order = range(len(clean))
    for here in order:
        _draw_in(text, clean, here, here - 1)
    for here in reversed(order):
        _draw_in(text, clean, here, here + 1)
    return clean


def _draw_in(text: str, spans: list[Span], here: int, other: int) -> None:
    """Make the place at `here` an address when the one at `other` touches it and is one."""
    if spans[here].entity != "LOCATION" or not 0 <= other < len(spans):
        return
    if spans[other].entity != "ADDRESS":
        return
    low, high = sorted((here, other))
    if _TOUCHES.fullmatch(text, spans[low].end, spans[high].start):
        spans[here] = replace(spans[here], entity="ADDRESS")


def _trimmed(text: str, span: Span) -> list[Span]:
    """The span without punctuation and blanks at its ends; nothing when nothing is left."""
    start, end = span.start, span.end
    while True:
        while start < end and (text[start] in _FRONT or text[start].isspace()):
            start += 1
        while end > start and (text[end - 1] in _BACK or text[end - 1].isspace()):
            end -= 1
        if end - start > 2 and _POSSESSIVE.search(text, max(start, end - 2), end):
            end -= 2
            continue
        break
    return [replace(span, start=start, end=end)] if start < end else []
