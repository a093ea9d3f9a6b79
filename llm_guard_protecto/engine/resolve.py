"""Overlapping spans become disjoint ones, and nothing that was found is lost.

The order of precedence: what a checked rule found, then the longer, then the surer span. What
sticks out of a span that lost keeps its own entity, so the whole of both stays masked.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import replace

from llm_guard_protecto.models import Span

__all__ = ["resolve"]

SURE = 0.8
"""From this score on a rule has checked what it found (a checksum, a valid number, a context)."""

MODELS = frozenset({"tagger", "spacy", "onnx"})
"""Rules (up to a colon in the name) that guess, whose score never counts as a check."""

WIDEST = 64
"""How far a border inside a run may move; a longer run is no token of ours."""


def resolve(text: str, spans: Iterable[Span]) -> list[Span]:
    """Disjoint, non-empty spans in order of position, without white space at their ends."""
    kept: list[Span] = []
    group: list[Span] = []  # spans that overlap, one after the other
    reach = 0
    for span in sorted((_whole_runs(text, span) for span in spans), key=_start):
        if span.start >= reach and group:
            kept += _disjoint(text, group)
            group = []
        group.append(span)
        reach = max(reach, span.end)
    return kept + _disjoint(text, group) if group else kept


def _start(span: Span) -> int:
    return span.start


def _disjoint(text: str, group: list[Span]) -> list[Span]:
    """The spans of a group without their overlaps, those of a lower rank cut."""
    if len(group) == 1:
        span = group[0]
        start, end = span.start, span.end
        if start < end and not text[start].isspace() and not text[end - 1].isspace():
            return group
    taken: list[tuple[int, int]] = []
    kept: list[Span] = []
    for span in sorted(group, key=_precedence):
        for start, end in _free(taken, span.start, span.end):
            whole = (start, end) == (span.start, span.end)
            start, end = _trimmed(text, start, end, whole=whole)
            if start < end:
                insort(taken, (start, end))
                kept.append(Span(start, end, span.entity, span.score, span.rule))
    kept.sort(key=_start)
    return kept


def _whole_runs(text: str, span: Span) -> Span:
    """The span without a border inside a run of ASCII letters and digits.

    What would be left of a cut run stands alone in the masked text, and might read like a token.
    """
    start, end = span.start, span.end
    if not (start > 0 and _joined(text, start) or 0 < end < len(text) and _joined(text, end)):
        return span
    while start > 0 and span.start - start < WIDEST and _joined(text, start):
        start -= 1
    while end < len(text) and end - span.end < WIDEST and _joined(text, end):
        end += 1
    return replace(span, start=start, end=end)


def _joined(text: str, at: int) -> bool:
    around = text[at - 1 : at + 1]
    return around.isalnum() and around.isascii()


def _precedence(span: Span) -> tuple[bool, int, float, int, str]:
    checked = span.score >= SURE and span.rule.partition(":")[0] not in MODELS
    return (not checked, span.start - span.end, -span.score, span.start, span.entity)


def _free(taken: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The parts of `start:end` that no span of `taken` (sorted, disjoint) covers."""
    free: list[tuple[int, int]] = []
    for at in range(max(bisect_right(taken, (start, start)) - 1, 0), len(taken)):
        a, b = taken[at]
        if a >= end:
            break
        if b <= start:
            continue
        if a > start:
            free.append((start, a))
        start = max(start, b)
    if start < end:
        free.append((start, end))
    return free


def _trimmed(text: str, start: int, end: int, *, whole: bool) -> tuple[int, int]:
    """Drop white space at the ends; of a leftover piece also what is no letter or digit."""
    while start < end and _droppable(text[start], whole=whole):
        start += 1
    while end > start and _droppable(text[end - 1], whole=whole):
        end -= 1
    return start, end


def _droppable(character: str, *, whole: bool) -> bool:
    return character.isspace() if whole else not character.isalnum()
