"""What a tagger finds in marked texts, in figures that can be set side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llm_guard_protecto.detect.network import ENTITIES
from llm_guard_protecto.detect.places import address_parts
from llm_guard_protecto.detect.tagger import Tagger
from llm_guard_protecto.models import Span
from llm_guard_protecto.training.grammar import Marked

__all__ = ["Figures", "changed", "measure"]


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares between 0 and 1, or None where there was nothing to take a share of.

    `found`: characters of the marks that were found, as whatever entity. `right`: characters of
    the finds that are marked. `leak`: marks with a character left over. `f1`: by entity, with
    exact borders. Blanks are not counted.
    """

    texts: int
    found: float | None
    right: float | None
    leak: float | None
    f1: Mapping[str, float | None]


def measure(tagger: Tagger, texts: Sequence[Marked]) -> Figures:
    """The figures of a tagger on `texts`; finds that touch a `?` count for nothing."""
    marked = met = claimed = marks = left = 0
    exact: dict[str, list[int]] = {entity: [0, 0, 0] for entity in ENTITIES}  # both, marks, finds
    for one, found in zip(texts, tagger.tag([one.text for one in texts]), strict=True):
        gold = address_parts(one.text, [Span(*span) for span in one.spans if span[2] != "?"])
        unknown = _characters(one.text, [Span(*span) for span in one.spans if span[2] == "?"])
        mine = [span for span in found if not unknown & set(range(span.start, span.end))]
        covered, wanted = _characters(one.text, found), _characters(one.text, gold)
        marked += len(wanted)
        met += len(wanted & covered)
        claimed += len(_characters(one.text, mine))
        claimed += len(wanted & covered - _characters(one.text, mine))
        marks += len(gold)
        left += sum(not _characters(one.text, [span]) <= covered for span in gold)
        for entity, counts in exact.items():
            of_gold, of_mine = _places(gold, entity), _places(mine, entity)
            counts[0] += len(of_gold & of_mine)
            counts[1] += len(of_gold)
            counts[2] += len(of_mine)
    return Figures(
        len(texts),
        _share(met, marked),
        _share(met, claimed),
        _share(left, marks),
        {name: _share(2 * both, gold + mine) for name, (both, gold, mine) in exact.items()},
    )


def changed(before: Tagger, after: Tagger, texts: Sequence[Marked]) -> int:
    """In how many texts the two do not find the same."""
    plain = [one.text for one in texts]
    pairs = zip(before.tag(plain), after.tag(plain), strict=True)
    return sum(
        [(s.start, s.end, s.entity) for s in old] != [(s.start, s.end, s.entity) for s in new]
        for old, new in pairs
    )


def _characters(text: str, spans: Sequence[Span]) -> set[int]:
    return {at for span in spans for at in range(span.start, span.end) if not text[at].isspace()}


def _places(spans: Sequence[Span], entity: str) -> set[tuple[int, int]]:
    return {(span.start, span.end) for span in spans if span.entity == entity}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
