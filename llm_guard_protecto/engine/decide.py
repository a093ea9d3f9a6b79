"""What to do with what was found: mask it, or leave it in clear and say so."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llm_guard_protecto.engine.famous import FAMOUS_PLACES
from llm_guard_protecto.engine.resolve import SURE, resolve
from llm_guard_protecto.models import Span
from llm_guard_protecto.policy import Policy

__all__ = ["Decided", "decide"]


@dataclass(frozen=True, slots=True)
class Decided:
    """Disjoint spans of one text: those to mask, and those found and left in clear."""

    masked: tuple[Span, ...] = ()
    excluded: tuple[Span, ...] = ()

    def with_known(self, text: str, known: Iterable[Span]) -> Decided:
        """The same, with places of values known from elsewhere in the request masked too."""
        places = {(span.start, span.end) for span in self.masked}
        more = [span for span in known if (span.start, span.end) not in places]
        if not more:
            return self
        masked = resolve(text, [*self.masked, *more])
        return Decided(tuple(masked), tuple(_apart(self.excluded, masked)))


def decide(text: str, found: Iterable[Span], policy: Policy) -> Decided:
    """Sort what the detectors found in `text` by what `policy` wants done with it.

    A span that is left alone never shelters what is inside it: a key in the query of an excluded
    URL is masked all the same. Raises `ConfigurationError` for an entity no policy knows.
    """
    sure = [span for span in found if span.score >= policy.rule(span.entity).threshold]
    masked: list[Span] = []
    excluded: list[Span] = []
    for span in resolve(text, sure):
        (excluded if _left_alone(text, span, policy) else masked).append(span)
    if excluded:
        inside = [
            span
            for span in sure
            if span.score >= SURE
            and _touches(span, excluded)
            and not _left_alone(text, span, policy)
        ]
        if inside:
            masked = resolve(text, [*masked, *inside])
    return Decided(tuple(masked), tuple(_apart(excluded, masked)))


def _left_alone(text: str, span: Span, policy: Policy) -> bool:
    if policy.rule(span.entity).action == "exclude":
        return True
    value = text[span.start : span.end]
    if span.entity == "LOCATION" and policy.allow_famous_places:
        return value.casefold() in FAMOUS_PLACES or value in policy.allow
    return value in policy.allow


def _apart(spans: Iterable[Span], from_: Sequence[Span]) -> list[Span]:
    """Those of `spans` that do not overlap any span of `from_` (disjoint, in order)."""
    return [span for span in spans if not _touches(span, from_)]


def _touches(span: Span, others: Sequence[Span]) -> bool:
    """Whether a span overlaps one of `others`, of which none overlap and which are in order."""
    at = bisect_left(others, span.end, key=_start)
    return at > 0 and others[at - 1].end > span.start


def _start(span: Span) -> int:
    return span.start
