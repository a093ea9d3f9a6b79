"""The tagger's network in NumPy: word vectors, then residual convolutions, then a score a tag.

Reads one `.npz` of float16 arrays (never pickled objects). Between two texts lie `REACH` empty
rows, kept at zero in every layer, so that many texts go through as one matrix and none sees
another. Deterministic, and it starts no threads: see `_times`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats, Ints, Lexicon, describe
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["DILATIONS", "REACH", "TAGS", "Network", "WordVectors", "load"]

Halves = npt.NDArray[np.float16]

ENTITIES = ("PERSON", "ORG", "LOCATION", "ADDRESS")
# Outside; then begin, inside, end, single of each entity.
TAGS = ("O", *(f"{place}-{entity}" for entity in ENTITIES for place in "BIES"))
DILATIONS = (1, 2, 4, 1, 1)
REACH = max(DILATIONS)
_TILE = 8  # rows a product
_CACHE = 1 << 15  # distinct words kept


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of a weights file. `mix` turns all features of a word into one vector; the three
    tables before it stay as they are stored, for only the rows of words that occur are read.
    """

    lexicon: Lexicon
    words: Halves  # [1 + vocabulary, d], row 0 for every unknown word
    parts: Halves  # [PARTS, e]
    shapes: Halves  # [SHAPES, f]
    mix: Floats  # [d + e + f + len(FLAGS), width]
    layouts: Floats  # [LAYOUTS, width]
    convolutions: tuple[tuple[Floats, Floats], ...]  # ([3 * width, width], [width]) a layer
    out: Floats  # [width, len(TAGS)]
    bias: Floats  # [len(TAGS)]


def load(path: Path) -> Weights:
    """Read a weights file. Raises ConfigurationError when there is none or it is not one."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _weights({name: stored[name] for name in stored.files})
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, BadZipFile):
        raise ConfigurationError("the tagger's weights cannot be read") from None


def _weights(arrays: Mapping[str, npt.NDArray[Any]]) -> Weights:

    def floats(name: str) -> Floats:
        return np.ascontiguousarray(arrays[name], np.float32)

    return Weights(
        Lexicon(arrays["vocabulary"], arrays["listed"], arrays["flags"]),
        arrays["words"],
        arrays["parts"],
        arrays["shapes"],
        floats("mix"),
        floats("layouts"),
        tuple((floats(f"conv{i}"), floats(f"conv{i}_bias")) for i in range(len(DILATIONS))),
        floats("out"),
        floats("bias"),
    )


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

    @property
    def full(self) -> bool:
        """Whether it is time for a new one."""
        return len(self.ids) >= _CACHE

    def rows(self, forms: Sequence[str]) -> tuple[list[int], Floats]:
        """The row of each word, and the matrix these rows are in."""
        ids = self.ids
        try:
            return [ids[form] for form in forms], self.vectors
        except KeyError:
            pass
        with self._lock:
            fresh = [form for form in dict.fromkeys(forms) if form not in ids]
            if fresh:
                self._add(fresh)
            return [ids[form] for form in forms], self.vectors

    def _add(self, fresh: list[str]) -> None:
        known, vectors = len(self.ids), self.vectors
        if known + len(fresh) > len(vectors):
            larger = np.zeros((2 * (known + len(fresh)), vectors.shape[1]), np.float32)
            larger[:known] = vectors[:known]
            vectors = larger
        vectors[known : known + len(fresh)] = self._compute(fresh)
        # The matrix first: whoever finds a word's id without the lock must find its vector too.
        self.vectors = vectors
        self.ids.update(zip(fresh, range(known, known + len(fresh)), strict=True))

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
        return _times(inputs, weights.mix)


class Network:
    """Scores of every tag for every word."""

    def __init__(self, weights: Weights) -> None:
        """Keeps `weights`; everything else is per call or cached by word."""
        self._weights = weights
        self._words = WordVectors(weights)

    def scores(self, forms: Sequence[str], layouts: Ints, real: Floats) -> Floats:
        """[rows, len(TAGS)]: the scores of each word, before any softmax.

        `forms`: one word a row. `real`: 1 for a word, 0 for one of the empty rows between texts.
        """
        words = self._words
        if words.full:
            words = self._words = WordVectors(self._weights)
        rows, vectors = words.rows(forms)
        weights = self._weights
        keep = real[:, None]
        x = vectors[rows]
        x += weights.layouts[layouts]
        np.maximum(x, 0, out=x)
        x *= keep
        for (kernel, bias), step in zip(weights.convolutions, DILATIONS, strict=True):
            x += _convolve(x, kernel, bias, step)
            x *= keep
        return _times(x, weights.out) + weights.bias


def _convolve(x: Floats, kernel: Floats, bias: Floats, step: int) -> Floats:
    """relu(conv(x)) over each row and its neighbours `step` before and after."""
    size, width = x.shape
    joined = np.zeros((size, 3 * width), np.float32)
    joined[step:, :width] = x[:-step]
    joined[:, width : 2 * width] = x
    joined[:-step, 2 * width :] = x[step:]
    y = _times(joined, kernel)
    y += bias
    return np.maximum(y, 0, out=y)


def _times(a: Floats, b: Floats) -> Floats:
    """`a @ b`, eight rows at a time.

    OpenBLAS hands a product of more than 2^18 multiplications to its threads, which would fight
    the caller's for the processor; products this small stay on the calling thread, at no loss.
    Tiles of one size also make a row's result independent of how many rows stand beside it.
    """
    rows = len(a)
    tiles = -(-rows // _TILE)
    if rows % _TILE:
        a = np.concatenate([a, np.zeros((tiles * _TILE - rows, a.shape[1]), np.float32)])
    out: Floats = np.matmul(a.reshape(tiles, _TILE, -1), b).reshape(tiles * _TILE, -1)
    return out[:rows]
