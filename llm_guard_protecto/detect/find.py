"""Everything we can find in a text: the rules and the tagger, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from llm_guard_protecto.models import Span

if TYPE_CHECKING:
    from llm_guard_protecto.detect.tagger import Tagger

__all__ = ["Detector", "Finder", "find"]


class Detector(Protocol):
    """Anything that finds entities. One list of spans a text, in the order of the texts.

    Spans may overlap; offsets are Python string offsets. A detector that cannot finish raises:
    an empty list means that there is nothing.
    """

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]:
        """Find the entities of each text."""
        ...


def find(texts: Sequence[str]) -> list[list[Span]]:
    """Run the rules and the tagger over each text; spans as found, unresolved.

    A text with encoded, disguised or written-out values is read a second time in plain form; what
    is found only there has a rule such as `base64:email` or `folded:card`.
    """
    from llm_guard_protecto.detect.tagger import tagger

    return _find(texts, tagger())


class Finder:
    """The same as `find`, with the user's own weights of the tagger. Safe to share."""

    def __init__(self, weights: Path) -> None:
        """Read `weights` now. Raises ConfigurationError when they are missing or damaged."""
        from llm_guard_protecto.detect.own_weights import own_tagger

        self._tagger = own_tagger(weights)

    def __call__(self, texts: Sequence[str]) -> list[list[Span]]:
        """Find the entities of each text."""
        return _find(texts, self._tagger)


def _find(texts: Sequence[str], tagger: Tagger) -> list[list[Span]]:
    from llm_guard_protecto.detect.disguise import hidden, named, reading
    from llm_guard_protecto.detect.envelopes import completed
    from llm_guard_protecto.detect.rules import rules

    scan = rules().scan
    found = [[*scan(text), *tagged] for text, tagged in zip(texts, tagger.tag(texts), strict=True)]
    readings = {i: view for i, view in enumerate(map(reading, texts)) if view}
    if readings:
        names = list(map(named, readings.values()))
        for (i, view), tagged in zip(readings.items(), tagger.tag(names), strict=True):
            found[i] += hidden(view, scan(view.text), tagged, found[i])
    for text, spans in zip(texts, found, strict=True):
        spans += completed(text, spans)
    return found
