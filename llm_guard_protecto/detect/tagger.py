"""The small tagger: people, organisations, places and postal addresses in running text.

`tagger().tag(texts)` gives disjoint spans, in order, a list for each text. Any string may come
in. Long texts are read in windows that overlap by more than the network sees, so that no entity
is cut and the spans are those of the whole text. The weights that ship are made by
`python -m llm_guard_protecto.training`; docs/model-card.md says from what.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from llm_guard_protecto.detect.decode import entities
from llm_guard_protecto.detect.doubt import believed
from llm_guard_protecto.detect.eponyms import names_only
from llm_guard_protecto.detect.features import Floats, Ints
from llm_guard_protecto.detect.network import Network, load
from llm_guard_protecto.detect.places import address_parts
from llm_guard_protecto.detect.words import Words, pieces, split
from llm_guard_protecto.models import Span

__all__ = ["WEIGHTS", "Tagger", "tagger"]

WEIGHTS = Path(__file__).with_name("weights") / "tagger.npz"
_WINDOW = 16_384  # characters
_MARGIN = 512  # characters a window reaches beyond its own part, several times the network's view
_ROWS = 2_048  # words that go through the network at once

_Piece = tuple[int, int, int, int, Words]  # text number, offset, own part, words


class Tagger:
    """Finds PERSON, ORG, LOCATION and ADDRESS. Safe to share between threads."""

    def __init__(self, weights: Path = WEIGHTS, *, window: int = _WINDOW) -> None:
        """Load `weights`; read texts longer than `window` characters in windows of that size.

        Raises ConfigurationError when the file is not a weights file.
        """
        self._network = Network(load(weights))
        self._window = window

    def tag(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text: disjoint, in order, no white space at their ends.

        An address comes in its parts, cut at commas and line ends. `score` is the mean
        probability of its words to be in an entity, `rule` is "tagger". What is not sure enough
        for the line it stands in (`doubt`) is left out, and so are the names of things (`eponyms`).
        """
        found: list[list[Span]] = [[] for _ in texts]
        batch: list[_Piece] = []
        rows = 0
        for piece in self._pieces(texts):
            batch.append(piece)
            rows += len(piece[4]) + self._network.reach
            if rows >= _ROWS:
                self._tag(batch, found)
                batch, rows = [], 0
        self._tag(batch, found)
        return [
            address_parts(text, names_only(text, believed(text, spans)))
            for text, spans in zip(texts, found, strict=True)
        ]

    def _pieces(self, texts: Sequence[str]) -> Iterator[_Piece]:
        for number, text in enumerate(texts):
            for start, end, own_start, own_end in pieces(text, self._window, _MARGIN):
                words = split(text[start:end])
                if words.forms:
                    yield number, start, own_start, own_end, words

    def _tag(self, batch: list[_Piece], found: list[list[Span]]) -> None:
        """Add the spans of the pieces to the lists of their texts."""
        if not batch:
            return
        gap, scores = self._scores([words for *_, words in batch])
        tagged = entities(scores)
        next_ = base = 0
        for number, offset, own_start, own_end, words in batch:
            base += gap
            stop = base + len(words)
            starts, ends = words.places
            spans = found[number]
            while next_ < len(tagged) and tagged[next_][0] < stop:
                first, last, entity, score = tagged[next_]
                next_ += 1
                start = offset + int(starts[first - base])
                end = offset + int(ends[last - base])
                # The window before has told what reaches over the border, but for endless names.
                start = max(start, own_start, spans[-1].end if spans else 0)
                if start < min(end, own_end):
                    spans.append(Span(start, end, entity, round(score, 3), "tagger"))
            base = stop

    def _scores(self, texts: Sequence[Words]) -> tuple[int, Floats]:
        """How many rows stand before each text, and the scores of all rows."""
        if len(texts) == 1:
            return 0, self._network.scores_of_one(texts[0].forms, texts[0].before)
        reach = self._network.reach
        forms: list[str] = []
        gaps: list[int] = []
        layouts: list[Ints] = []
        gap = np.zeros(reach, np.int32)
        for words in texts:
            gaps += range(len(forms), len(forms) + reach)
            forms += [""] * reach
            forms += words.forms
            layouts += gap, words.before
        gaps_at = np.array(gaps, np.intp)
        return reach, self._network.scores(forms, np.concatenate(layouts), gaps_at)


_lock = threading.Lock()
_shared: Tagger | None = None


def tagger() -> Tagger:
    """The tagger with the shipped weights: one a process, loaded on first use."""
    global _shared
    if _shared is None:
        with _lock:
            if _shared is None:
                _shared = Tagger()
    return _shared
