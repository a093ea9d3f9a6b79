"""The last touch on the tagger's spans: clean ends, and addresses in their parts.

An address is given in parts, cut at commas and line ends, because the parts are what other texts
repeat. A place that touches an address by a comma, a blank or a line end is part of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.models import Span

__all__ = ["address_parts"]

_PART = expression(r"[^,;\n\r\t|]+")
_LINE = expression(r"[^\n\r]+")
_NAME = expression(r"[^\W_](?:[^'’\n\r]*[^\W_])?")  # has clean ends and one line already
_ADDRESS = expression(r"[^\W_](?:[^'’,;\n\r\t|]*[^\W_])?")  # and is one part
_TOUCHES = {"", ",", "\n", ",\n", "\r\n", ",\r\n"}  # blanks left out
_WIDEST = 16  # characters between a place and its address
_EDGE = " \t\r\n\f\v.,;:!?()[]{}<>\"'`“”‘’«»*_~|/\\=+&%^-–—•"
_SHORTENED = ("Inc", "Ltd", "Corp", "Bros", " Co", " Pty", " Assn", "INC", "LTD", "CORP", " CO")
_POSSESSIVES = {"'s", "’s", "'S", "’S"}


def address_parts(text: str, spans: Iterable[Span]) -> list[Span]:
    """`spans` (disjoint, in order) with clean ends, addresses split, neighbours drawn in."""
    clean: list[Span] = []
    for span in spans:
        whole, parts = (_ADDRESS, _PART) if span.entity == "ADDRESS" else (_NAME, _LINE)
        if whole.fullmatch(text, span.start, span.end):
            clean.append(_with_dot(text, span))
            continue
        for part in parts.finditer(text, span.start, span.end):
            start, end = _trimmed(text, *part.span())
            if any(map(str.isalnum, text[start:end])):
                clean.append(_with_dot(text, replace(span, start=start, end=end)))
    if {span.entity for span in clean} >= {"ADDRESS", "LOCATION"}:
        order = range(len(clean))
        for here in order:
            _draw_in(text, clean, here, here - 1)
        for here in reversed(order):
            _draw_in(text, clean, here, here + 1)
    return clean


def _with_dot(text: str, span: Span) -> Span:
    """The span with the dot that a shortened legal form ends in: `Corp.`"""
    if span.entity != "ORG" or not text.startswith(".", span.end):
        return span
    shortened = text.endswith(_SHORTENED, span.start, span.end)
    return replace(span, end=span.end + 1) if shortened else span


def _draw_in(text: str, spans: list[Span], here: int, other: int) -> None:
    """Make the place at `here` an address when the one at `other` touches it and is one."""
    if spans[here].entity != "LOCATION" or not 0 <= other < len(spans):
        return
    if spans[other].entity != "ADDRESS":
        return
    low, high = sorted((here, other))
    gap = text[spans[low].end : spans[high].start]
    if len(gap) <= _WIDEST and gap.replace(" ", "").replace("\t", "") in _TOUCHES:
        spans[here] = replace(spans[here], entity="ADDRESS")


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without punctuation, blanks and a possessive at its ends; it may become empty."""
    while True:
        while start < end and (text[start] in _EDGE or text[start].isspace()):
            start += 1
        while end > start and (text[end - 1] in _EDGE or text[end - 1].isspace()):
            end -= 1
        if end - start <= 2 or text[end - 2 : end] not in _POSSESSIVES:
            return start, end
        end -= 2
