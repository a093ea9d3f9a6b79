"""The first layer of the tagger's network, which depends on the word alone: computed once a word."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats, describe
from llm_guard_protecto.detect.stored import Weights
from llm_guard_protecto.detect.tiles import filled, times

__all__ = ["Rows", "WordVectors"]

Rows = npt.NDArray[np.intp]

_CACHE = 1 << 15  # distinct words kept


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
        self.vectors = np.zeros((256, weights.mix.shape[1]), np.float32)
        self.lettered = np.zeros(256, np.bool_)

    @property
    def full(self) -> bool:
        """Whether it is time for a new one."""
        return len(self.ids) >= _CACHE

    def rows(self, forms: Sequence[str]) -> tuple[Rows, Floats, npt.NDArray[np.bool_]]:
        """The row of each word; the matrix these rows are in; whether each of them has letters.

        A single letter of ASCII is none: it makes no name.
        """
        ids = self.ids
        try:
            return self._there(forms)
        except KeyError:
            pass
        with self._lock:
            fresh = [form for form in dict.fromkeys(forms) if form not in ids]
            if fresh:
                self._add(fresh)
            return self._there(forms)

    def _there(self, forms: Sequence[str]) -> tuple[Rows, Floats, npt.NDArray[np.bool_]]:
        rows = np.fromiter(map(self.ids.__getitem__, forms), np.intp, len(forms))
        return rows, self.vectors, self.lettered

    def _add(self, fresh: list[str]) -> None:
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
        found = describe(forms, weights.lexicon)
        starts = np.cumsum(found.counts) - found.counts
        parts = np.add.reduceat(weights.parts[found.parts].astype(np.float32), starts, axis=0)
        parts /= found.counts[:, None]
        inputs: Floats = np.concatenate(
            [weights.words[found.rows], parts, weights.shapes[found.shapes], found.flags],
            axis=1,
            dtype=np.float32,
        )
        return times(inputs, weights.mix)


def _lettered(form: str) -> bool:
    if form.isalpha():
        return len(form) > 1 or not form.isascii()
    return any(map(str.isalpha, form))
