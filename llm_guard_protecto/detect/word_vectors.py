"""The first layer of the tagger's network, which depends on the word alone: computed once a word."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import FLAGS, Floats, known
from llm_guard_protecto.detect.stored import Weights
from llm_guard_protecto.detect.tiles import filled, times, whole_tiles

__all__ = ["Rows", "WordVectors"]

Rows = npt.NDArray[np.intp]

_CACHE = 1 << 15  # distinct words kept
_FIRST = 1 << 10  # for which there is room at first
_FLAGS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
_FLAGS = _FLAGS[:, : len(FLAGS)].astype(np.float32)


class WordVectors:
    """The first layer's share of each distinct word, computed once and kept.

    `vectors[ids[word]]` stays true for the life of the object: a full cache is replaced by a new
    object, so that a thread in the middle of its work keeps a consistent one.
    """

    def __init__(self, weights: Weights) -> None:
        """An empty cache over `weights`."""
        self._weights = weights
        self._lock = threading.Lock()
        self.ids: dict[str, int] = {}
        self.vectors = np.zeros((_FIRST, weights.mix.shape[1]), np.float32)
        self.lettered = np.zeros(_FIRST, np.bool_)

    @property
    def full(self) -> bool:
        """Whether it is time for a new one."""
        return len(self.ids) >= _CACHE

    def rows(self, forms: Sequence[str]) -> tuple[Rows, Floats, npt.NDArray[np.bool_]]:
        """The row of each word; the matrix these rows are in; whether each of them has two letters.

        A single letter makes no name.
        """
        ids = list(map(self.ids.get, forms))
        if None in ids:
            fresh = dict.fromkeys(
                form for form, number in zip(forms, ids, strict=True) if number is None
            )
            with self._lock:
                self._add([form for form in fresh if form not in self.ids])
            ids = list(map(self.ids.__getitem__, forms))
        return np.array(ids, np.intp), self.vectors, self.lettered

    def _add(self, fresh: list[str]) -> None:
        if not fresh:
            return
        known, vectors, lettered = len(self.ids), self.vectors, self.lettered
        size = known + len(fresh)
        if size > len(vectors):
            vectors = filled(vectors[:known], 2 * size)
            lettered = np.resize(lettered, 2 * size)
        vectors[known:size] = self._compute(fresh)
        lettered[known:size] = list(map(_lettered, fresh))
        # The arrays first: whoever finds a word's id without the lock must find its row too.
        self.vectors, self.lettered = vectors, lettered
        self.ids.update(zip(fresh, range(known, size), strict=True))

    def _compute(self, forms: list[str]) -> Floats:
        weights = self._weights
        found = known(forms, weights.lexicon)
        words, parts, shapes = weights.words, weights.parts, weights.shapes
        inputs = whole_tiles(len(forms), weights.mix)
        some = inputs[: len(forms)]
        own = words.shape[1]
        some[:, :own] = words.take(found.rows, axis=0)
        means = some[:, own : own + parts.shape[1]]
        parts.take(found.parts, axis=0).sum(axis=0, out=means)
        means /= found.counts[:, None]
        own += parts.shape[1]
        some[:, own : own + shapes.shape[1]] = shapes.take(found.shapes, axis=0)
        some[:, own + shapes.shape[1] :] = _FLAGS.take(found.bits, axis=0)
        return times(inputs, weights.mix)[: len(forms)]


def _lettered(form: str) -> bool:
    """Whether a word has two letters or more."""
    if form.isalpha():
        return len(form) > 1
    return sum(map(str.isalpha, form)) > 1
