"""Tokens in a text: finding the ones that are ours, and writing values back in their place.

A wrapper alone proves nothing. A range counts as ours only when every run in it is a live token
of this vault (or an anonymised one with its keyed check), so text that merely looks masked is
searched like any other.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from llm_guard_protecto.engine.tokenise import RUN
from llm_guard_protecto.models import Span

__all__ = ["Candidate", "Ours", "View", "loose", "recognise", "wrapped"]

Wrappers = tuple[tuple[str, str], ...]
"""Pairs of prefix and suffix."""

_GAP = re.compile(r"[^0-9A-Za-z]{0,3}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A range that is written like a token: `start:end` with its wrapper, the core inside it."""

    start: int
    end: int
    core_start: int
    core_end: int
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ours:
    """A range that holds a token of this vault. `value` is None when it was anonymised."""

    start: int
    end: int
    value: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class View:
    """A text as the detectors should see it: our tokens in it read as their values.

    Masking a masked text therefore finds what masking the clear text found, all of it already
    under tokens, and changes nothing. `clear` lists what lies between the tokens, as
    (start in the view, end in the view, distance to the original text).
    """

    original: str = field(repr=False)
    text: str = field(repr=False)
    clear: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, text: str, ours: Sequence[Ours]) -> View:
        """Read each range of `ours` (sorted, disjoint) as its value."""
        if not ours:
            return cls(text, text, ((0, len(text), 0),))
        parts: list[str] = []
        clear: list[tuple[int, int, int]] = []
        at = length = 0
        for token in ours:
            clear.append((length, length + token.start - at, at - length))
            shown = text[token.start : token.end] if token.value is None else token.value
            parts += [text[at : token.start], shown]
            length += token.start - at + len(shown)
            at = token.end
        clear.append((length, length + len(text) - at, at - length))
        parts.append(text[at:])
        return cls(text, "".join(parts), tuple(clear))

    def to_original(self, spans: Iterable[Span]) -> list[Span]:
        """The parts of `spans` (of the view) that lie outside our tokens, in the original text."""
        if self.text is self.original:
            return list(spans)
        mapped: list[Span] = []
        for span in spans:
            for first, last, shift in self.clear:
                start, end = max(span.start, first) + shift, min(span.end, last) + shift
                piece = self.original[start:end] if start < end else ""
                if any(character.isalnum() for character in piece):
                    start += len(piece) - len(piece.lstrip())
                    end -= len(piece) - len(piece.rstrip())
                    mapped.append(Span(start, end, span.entity, span.score, span.rule))
        return mapped


@lru_cache(maxsize=64)
def _literals(wrappers: Wrappers) -> tuple[re.Pattern[str], dict[str, set[str]]]:
    """A pattern of every prefix and suffix, longest first, and the suffixes of each prefix."""
    pairs: dict[str, set[str]] = {}
    for prefix, suffix in wrappers:
        if prefix and suffix:
            pairs.setdefault(prefix, set()).add(suffix)
    words = {*pairs, *(suffix for suffixes in pairs.values() for suffix in suffixes)}
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, ordered)) or r"(?!)"), pairs


def wrapped(text: str, wrappers: Wrappers) -> list[Candidate]:
    """Every innermost wrapper pair with a run inside, in order."""
    pattern, pairs = _literals(wrappers)
    found: list[Candidate] = []
    prefix, opened, core = "", 0, -1
    for match in pattern.finditer(text):
        word = match.group()
        if core >= 0 and word in pairs[prefix]:
            runs = tuple(RUN.findall(text, core, match.start()))
            if runs:
                found.append(Candidate(opened, match.end(), core, match.start(), runs))
            core = -1
        elif word in pairs:
            prefix, opened, core = word, match.start(), match.end()
    return found


def loose(text: str) -> list[re.Match[str]]:
    """Every run of a text that is made like a token's: five to 64 characters, with a digit."""
    return [
        run
        for run in RUN.finditer(text)
        if 5 <= run.end() - run.start() <= 64 and not run.group().isalpha()
    ]


def recognise(
    text: str,
    pairs: Sequence[Candidate],
    runs: Sequence[re.Match[str]],
    live: Mapping[str, str | None],
) -> list[Ours]:
    """Which of the wrapper `pairs` and the loose `runs` are tokens of ours; disjoint, in order.

    Every run inside a wrapper must be live. Without a wrapper, neighbouring live runs count only
    when their length makes chance impossible: eight characters with a text run among them, or
    fifteen digits; or when the text holds nothing else. Anything shorter may be an ordinary
    number or code, and is not spared a search.
    """
    ours = [
        Ours(pair.start, pair.end, _value(text, pair, live))
        for pair in pairs
        if all(run in live for run in pair.runs)
    ]
    taken = [(token.start, token.end) for token in ours]
    for group in _groups(text, [run for run in runs if _stands_alone(run.group(), live)]):
        start, end = group[0].start(), group[-1].end()
        if not _overlap(taken, start, end) and _long_enough(text, group):
            bare = Candidate(start, end, start, end, tuple(run.group() for run in group))
            ours.append(Ours(start, end, _value(text, bare, live)))
    ours.sort(key=lambda token: token.start)
    return ours


def _stands_alone(run: str, live: Mapping[str, str | None]) -> bool:
    """Whether a run counts without a wrapper; the four check digits of a number are too few."""
    return run in live and not (live[run] is None and run.isdigit())


def _groups(text: str, runs: Iterable[re.Match[str]]) -> list[list[re.Match[str]]]:
    """Runs with at most three other characters between neighbours, group by group."""
    groups: list[list[re.Match[str]]] = []
    for run in runs:
        if groups and _GAP.fullmatch(text, groups[-1][-1].end(), run.start()):
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def _long_enough(text: str, group: Sequence[re.Match[str]]) -> bool:
    size = sum(run.end() - run.start() for run in group)
    if all(run.group().isdigit() for run in group):
        return size >= 15
    # Nothing else: what else is said, in any script, may be masked, and then stands here too.
    return size >= 8 or len(text) <= 64 and sum(map(str.isalnum, text)) == size


def _overlap(taken: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    at = bisect_right(taken, (end,)) - 1
    return at >= 0 and taken[at][1] > start


def _value(text: str, candidate: Candidate, live: Mapping[str, str | None]) -> str | None:
    """The core of a candidate with each run replaced by its unit; None when one has none."""
    parts: list[str] = []
    at = candidate.core_start
    for run in RUN.finditer(text, candidate.core_start, candidate.core_end):
        unit = live[run.group()]
        if unit is None:
            return None
        parts += [text[at : run.start()], unit]
        at = run.end()
    parts.append(text[at : candidate.core_end])
    return "".join(parts)
