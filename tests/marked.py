"""Texts with their spans marked in place: `pay ⟦CREDIT_CARD:4111 1111 1111 1111⟧ today`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from llm_guard_protecto.detect.rules import rules
from llm_guard_protecto.models import Span

__all__ = ["assert_found", "assert_left_alone", "mark", "unmark"]

_MARK = re.compile(r"⟦([A-Z_]+):([^⟧]*)⟧")


def unmark(marked: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text without its marks, and each mark as (entity, start, end)."""
    parts: list[str] = []
    spans: list[tuple[str, int, int]] = []
    at = size = 0
    for found in _MARK.finditer(marked):
        before = marked[at : found.start()]
        start = size + len(before)
        spans.append((found[1], start, start + len(found[2])))
        parts += [before, found[2]]
        at, size = found.end(), start + len(found[2])
    parts.append(marked[at:])
    return "".join(parts), spans


def mark(text: str, spans: Iterable[Span]) -> str:
    """The inverse, for reading failures; of overlapping spans the first is shown."""
    parts: list[str] = []
    at = 0
    for span in sorted(spans, key=lambda s: s.start):
        if span.start >= at:
            parts.append(f"{text[at : span.start]}⟦{span.entity}:{text[span.start : span.end]}⟧")
            at = span.end
    return "".join(parts) + text[at:]


def assert_found(rule: str, marked: str) -> None:
    """The rules find just what is marked, and the one named has a share in it."""
    text, spans = unmark(marked)
    found = rules().scan(text)
    assert mark(text, found) == marked
    assert [(s.entity, s.start, s.end) for s in found] == spans
    assert rule in {s.rule for s in found}


def assert_left_alone(text: str) -> None:
    """The rules find nothing at all."""
    assert mark(text, rules().scan(text)) == text
