"""Everything with a shape: the pattern tables, run over a text in one scan.

    spans = rules().scan(text)

A candidate counts when its borders, its checksum and the words around it say so. Of two spans one
inside the other the surer one stays (the longer one when equal); spans that overlap in part are
both reported, so that no character of either is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from llm_guard_protecto.detect.borders import word_border
from llm_guard_protecto.detect.context import Nearby, Words
from llm_guard_protecto.detect.credentials import CREDENTIALS
from llm_guard_protecto.detect.cues import TURNS
from llm_guard_protecto.detect.dates import DATES
from llm_guard_protecto.detect.health import HEALTH
from llm_guard_protecto.detect.kept import cache_home
from llm_guard_protecto.detect.national import NATIONAL
from llm_guard_protecto.detect.numbers import NUMBERS
from llm_guard_protecto.detect.pattern import Pattern
from llm_guard_protecto.detect.patterns import PATTERNS
from llm_guard_protecto.detect.people import PEOPLE
from llm_guard_protecto.detect.scan import Scanner, Shape
from llm_guard_protecto.detect.tables import telling, unrolled
from llm_guard_protecto.detect.vehicles import VEHICLES
from llm_guard_protecto.detect.wallets import WALLETS
from llm_guard_protecto.models import Span

__all__ = ["ALL", "THRESHOLD", "Rules", "rules"]

ALL: tuple[Pattern, ...] = (
    *CREDENTIALS,
    *PATTERNS,
    *NUMBERS,
    *WALLETS,
    *HEALTH,
    *VEHICLES,
    *PEOPLE,
    *DATES,
    *NATIONAL,
)
"""Every row of the tables that ship."""

THRESHOLD = 0.5
"""A candidate with a lower score is dropped."""

_TURNS = {
    entity: tuple((words, becomes) for turned, words, becomes in TURNS if turned == entity)
    for entity, _, _ in TURNS
}
_TURN_WITHIN = 30
_RULED_OUT_WITHIN = 14


class Rules:
    """A set of patterns, compiled. Safe to share between threads."""

    def __init__(self, patterns: Sequence[Pattern] = ALL, cache: Path | None = None) -> None:
        """Compile `patterns`, or take them from `cache`, a directory for compiled forms.

        Raises `ConfigurationError` for a pattern the linear-time engine cannot run.
        """
        rows: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            rows.setdefault(pattern.regex, []).append(pattern)
        groups: dict[Words, None] = dict.fromkeys(words for _, words, _ in TURNS)
        groups.update({words: None for p in patterns for words in (p.near, p.unless) if words})
        self._rows = list(rows.values())
        self._telling = telling(word for words in groups for word in words)
        self._scanner = Scanner(
            [Shape(regex, _needs(row)) for regex, row in rows.items()], list(groups), cache
        )

    def scan(self, text: str) -> list[Span]:
        """The spans of `text`, in order; raises `DetectionFailed` when the scan broke off."""
        if not text:
            return []
        found = self._read(text)
        table = unrolled(text, self._telling)
        if table is not None:
            found += [
                Span(start, end, span.entity, span.score, span.rule)
                for span in self._read(table.text)
                for start, end in table.places(span.start, span.end)
            ]
        return _surest(found)

    def _read(self, text: str) -> list[Span]:
        """Every candidate that counts; they may lie within each other."""
        hits = self._scanner.scan(text)
        if not hits.places:
            return []
        near = Nearby(text, hits.words)
        found: list[Span] = []
        for which, places in hits.places.items():
            row = self._rows[which]
            done = 0
            for start, end in places:
                if start < done:
                    continue
                for pattern in row:
                    span = _judge(pattern, text, start, end, near)
                    if span is not None:
                        done = span.end
                        found.append(span)
                        break
        return found


def _needs(row: Sequence[Pattern]) -> tuple[Words, ...]:
    """The words without which no pattern of a row can count; none when one counts without."""
    if any(pattern.score >= THRESHOLD for pattern in row):
        return ()
    return tuple(dict.fromkeys(pattern.near for pattern in row))


def _judge(pattern: Pattern, text: str, start: int, end: int, near: Nearby) -> Span | None:
    """The span a candidate amounts to, or None."""
    score = pattern.score
    if score < THRESHOLD:  # refuse early what the words around it do not support
        if not near.near(pattern.near, start, end):
            return None
        score = pattern.lifted
    if pattern.fit is not None:
        place = pattern.fit(text, start, end)
        if place is None:
            return None
        start, end = place
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    if start >= end or not word_border(text, start, end):
        return None
    if pattern.check is not None and not pattern.check(text[start:end]):
        return None
    if score < pattern.lifted and pattern.near and near.near(pattern.near, start, end):
        score = pattern.lifted
    if pattern.unless and near.near(pattern.unless, start, start, _RULED_OUT_WITHIN):
        return None
    for words, becomes in _TURNS.get(pattern.entity, ()):
        if near.near(words, start, start, _TURN_WITHIN):
            return Span(start, end, becomes, max(score, pattern.lifted), pattern.name)
    return Span(start, end, pattern.entity, score, pattern.name)


def _surest(spans: list[Span]) -> list[Span]:
    """Drop each span that lies within one of the same entity or a surer one; in text order."""
    kept: list[Span] = []
    wide: list[Span] = []
    reach = 0
    spans.sort(key=_widest_first)
    for span in spans:
        if span.start < reach:
            wide = [w for w in wide if w.end > span.start]
            if any(w.end >= span.end and _outweighs(w, span) for w in wide):
                continue
        else:
            wide.clear()
        kept.append(span)
        wide.append(span)
        reach = max(reach, span.end)
    return kept


def _outweighs(wide: Span, narrow: Span) -> bool:
    """What stands inside a URL stays: a policy may leave URLs alone, but not the key in one."""
    if wide.entity == narrow.entity:
        return True
    return wide.score >= narrow.score and wide.entity != "URL"


def _widest_first(span: Span) -> tuple[int, int, float]:
    return span.start, -span.end, -span.score


_LOCK = threading.Lock()
_BUILT: list[Rules] = []


def rules() -> Rules:
    """The rules that ship, built once a process and kept compiled in the user's cache directory."""
    if not _BUILT:
        with _LOCK:
            if not _BUILT:
                _BUILT.append(Rules(cache=cache_home()))
    return _BUILT[0]
