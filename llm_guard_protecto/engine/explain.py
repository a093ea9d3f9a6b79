"""Why something was masked, or was not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from llm_guard_protecto.detect.context import AFTER, BEFORE
from llm_guard_protecto.detect.pattern import Pattern
from llm_guard_protecto.engine.custom import patterns_of
from llm_guard_protecto.engine.decide import Decided
from llm_guard_protecto.models import Span
from llm_guard_protecto.policy import Policy

__all__ = ["Explained", "Outcome", "explain"]

Outcome = Literal["masked", "excluded", "allowed", "covered", "below threshold"]
"""`excluded`: the policy leaves this entity alone. `allowed`: it leaves this value alone.
`covered`: another find has this place. `below threshold`: the score is too low for the policy."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One find: the `outcome`, the policy's `threshold`, and the words that lifted the score.

    `words` are context words of the rule as its table spells them, those before the span first.
    """

    span: Span
    outcome: Outcome
    threshold: float
    words: tuple[str, ...] = field(default=(), repr=False)


def explain(text: str, found: Iterable[Span], decided: Decided, policy: Policy) -> list[Explained]:
    """What became of each span in `found`, once each, in order of position."""
    rows = {pattern.name: pattern for pattern in patterns_of(policy)}
    explained: list[Explained] = []
    settled: set[tuple[int, int, str, str]] = set()

    def tell(span: Span, outcome: Outcome) -> None:
        settled.add((span.start, span.end, span.entity, span.rule))
        words = _lifting(text, span, rows)
        explained.append(Explained(span, outcome, policy.rule(span.entity).threshold, words))

    for span in decided.masked:
        tell(span, "masked")
    for span in decided.excluded:
        excluded = policy.rule(span.entity).action == "exclude"
        tell(span, "excluded" if excluded else "allowed")
    for span in found:
        if (span.start, span.end, span.entity, span.rule) in settled:
            continue
        if span.score < policy.rule(span.entity).threshold:
            tell(span, "below threshold")
        elif not any(_same_find(one.span, span) for one in explained):
            tell(span, "covered")
    return sorted(explained, key=lambda one: (one.span.start, -one.span.end, one.span.entity))


def _same_find(settled: Span, span: Span) -> bool:
    """Whether a settled span is this one with its borders moved."""
    touching = settled.start < span.end and span.start < settled.end
    return touching and (settled.entity, settled.rule) == (span.entity, span.rule)


def _lifting(text: str, span: Span, own: dict[str, Pattern]) -> tuple[str, ...]:
    """The context words near a span, if its rule asks for some and they lifted its score."""
    pattern = own.get(span.rule) or _shipped().get(span.rule)
    if pattern is None or not pattern.near or span.score <= pattern.score:
        return ()
    spelled = _expression(pattern.near)
    first = max(0, span.start - BEFORE - max(map(len, pattern.near)))
    before = text[first : span.start]
    after = text[span.end : span.end + AFTER].partition("\n")[0]
    words: dict[str, None] = {}
    for match in spelled.finditer(before):
        if span.start - (first + match.end()) <= BEFORE:
            words.setdefault(_plain(match.group()))
    for match in spelled.finditer(after):
        words.setdefault(_plain(match.group()))
    return tuple(words)


def _plain(word: str) -> str:
    return re.sub(r"[ _.-]+", " ", word).lower()


@lru_cache(maxsize=512)
def _expression(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    spelled = "|".join(re.escape(word).replace(r"\ ", "[ _.-]?") for word in longest_first)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{spelled})(?![A-Za-z0-9])", re.IGNORECASE)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Pattern]:
    from llm_guard_protecto.detect.rules import ALL

    return {pattern.name: pattern for pattern in ALL}
