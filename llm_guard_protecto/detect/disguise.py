"""Values that are not written plainly: found in another reading of the text, placed in the text.

    readings = [reading(text) for text in texts]      # None for ordinary text, at once
    spans = hidden(text, view, scan(view.text), tag(view.text), plain)

A reading decodes what is encoded, folds what is disguised and joins what is written out, in this
order, and keeps only the neighbourhood of what it changed. A span found there counts when it, or
its context, holds something that was changed, and when the plain text had not given it already.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from llm_guard_protecto.detect.apart import APART, apart, digits_apart, grouped
from llm_guard_protecto.detect.context import AFTER, BEFORE
from llm_guard_protecto.detect.dictated import SPELLED, addresses, machines, spelled
from llm_guard_protecto.detect.encoded import BLOCKS, decoded
from llm_guard_protecto.detect.fold import FOLDED, fold, foreign_digits, look_digits
from llm_guard_protecto.detect.hints import Hints, hints
from llm_guard_protecto.detect.view import Patch, View
from llm_guard_protecto.models import Span

__all__ = ["hidden", "named", "reading"]

_AROUND: Final = 120  # characters kept beside a change: words of context, the rest of a sentence
_LEFT_OUT: Final = "left out"
_NAMELESS: Final = frozenset({_LEFT_OUT, SPELLED})  # numbers, and the signs of addresses
_SIGNS: Final = frozenset('@/:?=+_|<>[]{}\\;"')  # that stand in no name
_WRITTEN: Final = Hints.APART | Hints.GROUPS | Hints.SPELLED | Hints.ADDRESS | Hints.LOOK
_LESS_SURE: Final = 0.95  # what a score is multiplied with
_SURE: Final = 0.8
_TAGGER: Final = "tagger"
_PUBLIC: Final = frozenset(
    {"URL", "DATE_TIME", "ORG", "LOCATION", "AGE", "NATIONALITY", "UUID", "TITLE"}
)
"""What makes no secret of a whole encoded block."""
_LIKELY_NAME: Final = 0.7
_SURE_NAME: Final = 0.85
_LAST_LATIN: Final = "\u024f"
_SHORTEST_NAME: Final = 3  # letters


def reading(text: str) -> View | None:
    """The other reading of `text`, or None where there is nothing to read otherwise."""
    signs = hints(text)
    if not signs and text.isascii():
        return None
    view = decoded(text, signs) if signs & Hints.ENCODED else View(text)
    view = fold(view)
    if view.changed:
        signs = hints(view.text)
    if signs & _WRITTEN or not text.isascii():
        view = _joined(view, signs)
    return _focused(view) if view.changed else None


def _joined(view: View, signs: int) -> View:
    """`view` with what is written out put together; `signs` are those of its text."""
    text = view.text
    foreign = not view.source.isascii() and (view.changed or foreign_digits(text))
    if signs & Hints.LOOK or foreign:
        view = view.rewritten(look_digits(text, foreign=foreign), FOLDED)
        text = view.text
    patches: list[Patch] = []
    if signs & Hints.ADDRESS and signs & Hints.MACHINE:
        patches += machines(text)
    if signs & Hints.ADDRESS and signs & Hints.SITE:
        patches += addresses(text)
    if signs & Hints.SPELLED:
        patches += spelled(text)
    if signs & Hints.APART:
        patches += apart(text)
    view = view.patched(patches)
    if signs & (Hints.APART | Hints.GROUPS):
        view = view.patched(digits_apart(view.text))
        view = view.patched(grouped(view.text))
    return view


def named(view: View) -> str:
    """The text of `view` for the tagger: blank wherever no letters were changed, of its length.

    Only a change of letters can bring out a name that the plain text did not show.
    """
    text = view.text
    parts: list[str] = []
    at = 0
    for start, end, kind in view.changes():
        if (
            kind in _NAMELESS
            or text[start:end] in _SIGNS
            or not any(map(str.isalpha, text[max(0, start - 1) : end + 1]))
        ):
            continue
        low, high = max(at, start - _AROUND), min(len(text), end + _AROUND)
        if low > at:
            parts += "\n", " " * (low - at - 1)
            at = low
        parts.append(text[at:high])
        at = max(at, high)
    return "".join(parts)


def hidden(
    view: View, ruled: Iterable[Span], tagged: Iterable[Span], plain: Sequence[Span]
) -> list[Span]:
    """The spans of `view` that the `plain` ones of its text do not tell, in offsets of the text."""
    text = view.source
    told = _Told(plain)
    found = []
    for span in (*ruled, *tagged):
        start, end, kinds = view.traced(span.start, span.end)
        if not kinds and span.rule != _TAGGER:  # its context may be what was changed
            last = min(len(view.text), span.end + AFTER)
            kinds = view.kinds(max(0, span.start - BEFORE), last)
        value = view.text[span.start : span.end]
        if not kinds or _LEFT_OUT in kinds or not _counts(span, value, kinds):
            continue
        start, end = _trimmed(text, start, end)
        score = round(span.score * _LESS_SURE, 3)
        placed = Span(start, end, span.entity, score, f"{kinds[0]}:{span.rule}")
        if start < end and not told.covers(placed):
            found.append(placed)
    return _whole_blocks(found)


def _counts(span: Span, value: str, kinds: Sequence[str]) -> bool:
    """Whether a span of a reading is worth believing."""
    if span.rule == _TAGGER:
        if span.score < _LIKELY_NAME or sum(map(str.isalpha, value)) < _SHORTEST_NAME:
            return False
        if "backslash" in kinds or max(value) > _LAST_LATIN and "escape" in kinds:
            return False  # regular expressions and tables of characters look like names
        if not BLOCKS.isdisjoint(kinds) or APART in kinds or SPELLED in kinds:
            return span.entity == "PERSON" and span.score >= _SURE_NAME
        return True
    return span.entity not in _PUBLIC or BLOCKS.isdisjoint(kinds)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The same place without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _whole_blocks(spans: list[Span]) -> list[Span]:
    """Of several values in one block, which are one place of the text, the surest, a rule's first."""
    best: dict[tuple[int, int], Span] = {}
    for span in spans:
        place = span.start, span.end
        if place not in best or _sureness(best[place]) < _sureness(span):
            best[place] = span
    return list(best.values())


def _sureness(span: Span) -> tuple[bool, float]:
    return not span.rule.endswith(_TAGGER), span.score


class _Told:
    """What the plain text gave: for each entity how far its spans reach from each start."""

    def __init__(self, spans: Iterable[Span]) -> None:
        reaches: dict[str, list[tuple[int, int]]] = {}
        for span in spans:
            reaches.setdefault(span.entity, []).append((span.start, span.end))
            if span.score >= _SURE and span.rule != _TAGGER and span.entity != "URL":
                reaches.setdefault("", []).append((span.start, span.end))
        self._reaches = {}
        for entity, places in reaches.items():
            places.sort()
            ends = list(accumulate((end for _, end in places), max))
            self._reaches[entity] = [start for start, _ in places], ends

    def covers(self, span: Span) -> bool:
        """Whether a span of the same entity, or a checked one of another, holds all of `span`."""
        if span.entity == "URL" and self._reach("URL", span.end - 1) > span.start:
            return True
        return max(self._reach(entity, span.start) for entity in (span.entity, "")) >= span.end

    def _reach(self, entity: str, start: int) -> int:
        """How far the spans reach that start at `start` or before."""
        starts, ends = self._reaches.get(entity, ((), ()))
        at = bisect_right(starts, start) - 1
        return ends[at] if at >= 0 else -1


def _focused(view: View) -> View:
    """The view without what is far from every change: a blank line stands for it."""
    text = view.text
    gaps: list[Patch] = []
    at = 0
    for start, end, _ in view.changes():
        if start - at > 2 * _AROUND:
            after = at + _AROUND if at else 0
            gaps.append(Patch(after, start - _AROUND, "\n\n", _LEFT_OUT))
        at = max(at, end)
    if len(text) - at > 2 * _AROUND:
        gaps.append(Patch(at + _AROUND, len(text), "\n\n", _LEFT_OUT))
    return view.patched(gaps)
