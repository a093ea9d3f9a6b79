"""Everything we can find in a text: the rules and the tagger, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from llm_guard_protecto.models import Span

__all__ = ["Detector", "find"]


class Detector(Protocol):
    """Anything that finds entities. One list of spans a text, in the order of the texts.

    Spans may overlap; offsets are Python string offsets. A detector that cannot finish raises:
    an empty list means that there is nothing.
    """

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Find the entities of each text."""
        ...


def find(texts: Sequence[str]) -> list[list[Span]]:
    """Run the rules and the tagger over each text; spans as found, unresolved."""
    from llm_guard_protecto.detect.rules import rules
    from llm_guard_protecto.detect.tagger import tagger

    scan = rules().scan
    return [[*scan(text), *tagged] for text, tagged in zip(texts, tagger().tag(texts), strict=True)]
