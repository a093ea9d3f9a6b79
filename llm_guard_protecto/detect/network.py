"""The tagger's network in NumPy: word vectors, then residual convolutions, then a score a tag.

Between two texts lie `reach` empty rows, kept at zero in every layer, so that many texts go through
as one matrix and none sees another. Deterministic, and it starts no threads: see `tiles`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats, Ints
from llm_guard_protecto.detect.stored import DILATIONS, ENTITIES, TAGS, Weights, load
from llm_guard_protecto.detect.tiles import tile_rows, times
from llm_guard_protecto.detect.word_vectors import Rows, WordVectors

__all__ = ["CERTAINLY_OUTSIDE", "DILATIONS", "ENTITIES", "TAGS", "Network", "Weights", "load"]

CERTAINLY_OUTSIDE = np.where(np.arange(len(TAGS)) == 0, 1e3, 0).astype(np.float32)
"""Scores of a row that is in no entity."""

_BLOCK = 400  # rows
_FAR = 1 << 60


class Network:
    """Scores of every tag for every word."""

    def __init__(self, weights: Weights) -> None:
        """Keeps `weights`; everything else is per call or cached by word."""
        self._weights = weights
        self._words = WordVectors(weights)
        self._sight = sum(weights.dilations)  # words to each side that a word's scores depend on
        self.reach = max(weights.dilations)
        """How many empty rows keep two texts apart."""

    def scores(self, forms: Sequence[str], layouts: Ints, gaps: Rows) -> Floats:
        """[rows, len(TAGS)]: the scores of each word, before any softmax.

        `forms`: one word a row. `gaps`: the rows between texts, whose forms count for nothing and
        which come out as certainly outside of everything. So does a word from which the network
        sees no letters: a wall of digits and signs has no names in it, and costs nothing.
        """
        words = self._words
        if words.full:
            words = self._words = WordVectors(self._weights)
        at, vectors, lettered = words.rows(forms)
        far = _distances(lettered[at], gaps)
        near = far <= self._sight
        near[gaps] = True
        if near.all():
            scores = self._run(vectors[at], layouts, gaps)
            scores[gaps] = CERTAINLY_OUTSIDE
            return scores
        near[gaps] = False
        seen = far <= 2 * self._sight  # by words that see letters
        seen[gaps] = False
        kept = (far <= 2 * self._sight + self.reach).nonzero()[0]  # and empty rows between
        scores = np.empty((len(at), len(TAGS)), np.float32)
        scores[:] = CERTAINLY_OUTSIDE
        if len(kept):
            some = self._run(vectors[at[kept]], layouts[kept], (~seen[kept]).nonzero()[0])
            scores[near] = some[near[kept]]
        return scores

    def _run(self, x: Floats, layouts: Ints, gaps: Rows) -> Floats:
        """The scores of words whose vectors are the rows of `x`, which is changed.

        Many rows go through in blocks, which stay in the processor's cache from layer to layer.
        """
        x += self._weights.layouts[layouts]
        np.maximum(x, 0, out=x)
        x[gaps] = 0
        size, sight = len(x), self._sight
        if size <= _BLOCK:
            return self._block(x, gaps)
        scores = np.empty((size, len(TAGS)), np.float32)
        for start in range(0, size, _BLOCK):
            stop = min(start + _BLOCK, size)
            low, high = max(start - sight, 0), min(stop + sight, size)
            inside = gaps[slice(*gaps.searchsorted((low, high)))] - low
            scores[start:stop] = self._block(x[low:high], inside)[start - low : stop - low]
        return scores

    def _block(self, x: Floats, gaps: Rows) -> Floats:
        weights = self._weights
        size, width = x.shape
        rows = tile_rows(width)
        tiles = -(-size // rows)
        whole = np.zeros((tiles * rows, width), np.float32)
        whole[:size] = x
        x = whole
        seen = np.empty((3, tiles, rows, width), np.float32)
        before, y, after = seen.reshape(3, tiles * rows, width)
        for (kernels, bias), step in zip(weights.convolutions, weights.dilations, strict=True):
            np.matmul(x.reshape(tiles, rows, width), kernels[:, None], out=seen)
            y[step:] += before[:-step]
            y[:-step] += after[step:]
            y += bias
            x += np.maximum(y, 0, out=y)
            x[gaps] = 0
            x[size:] = 0
        return times(x, weights.out)[:size] + weights.bias


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
