"""The tagger's network in NumPy: word vectors, then residual convolutions, then a score a tag.

Between two texts lie `reach` empty rows, kept at zero in every layer, so that many texts go through
as one matrix and none sees another. Deterministic, and it starts no threads: see `tiles`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats, Ints
from llm_guard_protecto.detect.layers import BLOCK, Layers
from llm_guard_protecto.detect.repeats import needed
from llm_guard_protecto.detect.stored import DILATIONS, ENTITIES, TAGS, Weights, load
from llm_guard_protecto.detect.word_vectors import Rows, WordVectors
from llm_guard_protecto.detect.words import LAYOUTS

__all__ = ["CERTAINLY_OUTSIDE", "DILATIONS", "ENTITIES", "TAGS", "Network", "Weights", "load"]

CERTAINLY_OUTSIDE = np.where(np.arange(len(TAGS)) == 0, 1e3, 0).astype(np.float32)
"""Scores of a row that is in no entity."""

_FAR = 1 << 60


class Network:
    """Scores of every tag for every word."""

    def __init__(self, weights: Weights) -> None:
        """Keeps `weights`; everything else is per call or cached by word."""
        self._weights = weights
        self._words = WordVectors(weights)
        self._sight = sum(weights.dilations)  # words to each side that a word's scores depend on
        self._layers = Layers(weights, BLOCK + 2 * self._sight)
        self._deaf = bytes(self._sight + 1)
        self.reach = max(weights.dilations)
        """How many empty rows keep two texts apart."""

    def scores(self, forms: Sequence[str], layouts: Ints, gaps: Rows) -> Floats:
        """[rows, len(TAGS)]: the scores of each word, before any softmax.

        `forms`: one word a row. `gaps`: the rows between texts, whose forms count for nothing and
        which come out as certainly outside of everything. So does a word from which the network
        sees no letters: a wall of digits and signs has no names in it, and costs nothing.
        """
        at, vectors, lettered = self._read(forms)
        scores = np.empty((len(at), len(TAGS)), np.float32)
        far = _distances(lettered.take(at), gaps)
        near = far <= self._sight
        near[gaps] = False
        seen = far <= 2 * self._sight  # by words that see letters
        seen[gaps] = False
        kept = (far <= 2 * self._sight + self.reach).nonzero()[0]  # and empty rows between
        scores[:] = CERTAINLY_OUTSIDE
        if len(kept):
            scores[near] = self._distinct(vectors, at[kept], layouts[kept], ~seen[kept])[near[kept]]
        return scores

    def scores_of_one(self, forms: Sequence[str], layouts: Ints) -> Floats:
        """The same for the words of one text, without a row between texts."""
        if len(forms) <= BLOCK:
            at, vectors, lettered = self._read(forms)
            telling = lettered.take(at).tobytes()
            if self._deaf not in telling and b"\1" in telling:  # all words see letters
                scores = np.empty((len(at), len(TAGS)), np.float32)
                self._layers.scores(vectors, at, layouts, None, scores)
                return scores
        gap = self.reach
        rows = [""] * gap + list(forms)
        layouts = np.concatenate([np.zeros(gap, np.int32), layouts])
        return self.scores(rows, layouts, np.arange(gap))[gap:]

    def _read(self, forms: Sequence[str]) -> tuple[Rows, Floats, npt.NDArray[np.bool_]]:
        """As `WordVectors.rows`, with a new cache in the place of a full one."""
        if self._words.full:
            self._words = WordVectors(self._weights)
        return self._words.rows(forms)

    def _distinct(
        self, vectors: Floats, at: Rows, layouts: Ints, nothing: npt.NDArray[np.bool_]
    ) -> Floats:
        """The scores of the words whose vectors are `vectors[at]`; what is repeated is run once."""
        repeats = needed(np.where(nothing, -1, at * LAYOUTS + layouts), self._sight)
        if repeats is not None:
            kept, back = repeats
            at, layouts, nothing = at[kept], layouts[kept], nothing[kept]
        scores = np.empty((len(at), len(TAGS)), np.float32)
        self._run(vectors, at, layouts, nothing.nonzero()[0], scores)
        return scores if repeats is None else scores[back]

    def _run(self, vectors: Floats, at: Rows, layouts: Ints, gaps: Rows, scores: Floats) -> None:
        """Write the scores of the words whose vectors are `vectors[at]`.

        Many rows go through in blocks, each with as much on both sides as its words see.
        """
        size, sight = len(at), self._sight
        for start in range(0, size, BLOCK):
            stop = min(start + BLOCK, size)
            low, high = max(start - sight, 0), min(stop + sight, size)
            inside = gaps[slice(*gaps.searchsorted((low, high)))] - low if len(gaps) else None
            out = scores[start:stop]
            if high - low > stop - start:
                out = np.empty((high - low, len(TAGS)), np.float32)
            self._layers.scores(vectors, at[low:high], layouts[low:high], inside, out)
            if high - low > stop - start:
                scores[start:stop] = out[start - low : stop - low]


def _distances(telling: npt.NDArray[np.bool_], gaps: Rows) -> Rows:
    """How far each row is from the nearest of the `telling` rows of its text, in rows.

    The gap before a text counts as part of it.
    """
    size = len(telling)
    places = np.arange(size)
    firsts = gaps[1:][gaps[1:] - gaps[:-1] > 1]
    if len(firsts):  # texts lie farther apart than any two words
        number = np.zeros(size, np.intp)
        number[firsts] = 2 * size
        places += np.cumsum(number)
    known = np.concatenate([[-_FAR], places[telling], [_FAR]])
    after = known.searchsorted(places)
    nearest: Rows = np.minimum(known[after] - places, places - known[after - 1])
    return nearest
