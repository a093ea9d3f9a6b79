"""The residual convolutions of the tagger's network: from the vectors of words to scores of tags.

Between two texts, before the first and after the last stand rows that are nothing; each layer adds
nothing to them. A layer is `x += relu(x[-step] @ a + x @ b + x[+step] @ c + bias)`. The bias costs as
much as any step of this, so it is left out: with `relu(y + d) = max(y, -d) + d` every layer adds a
constant to every row, which the layers after it know and take into account. What is computed is `x`
less the sum of these constants, and a row that is nothing holds minus that sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm_guard_protecto.detect.features import Floats, Ints
from llm_guard_protecto.detect.stored import TAGS, Weights
from llm_guard_protecto.detect.tiles import tile_rows
from llm_guard_protecto.detect.word_vectors import Rows

__all__ = ["BLOCK", "Layers"]

BLOCK = 400
"""Rows of words that go through at once: they stay in the processor's cache from layer to layer."""


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """One layer; `floor` and `nothing` are minus what it adds, and minus the sum of that so far."""

    kernels: Floats  # [3, 1, width, width]
    step: int
    floor: Floats  # [width]
    nothing: Floats  # [width]


class _Room:
    """Working memory for one call at a time: the rows, and what each kernel makes of them."""

    __slots__ = ("rows", "seen")

    def __init__(self, tiles: int, rows: int, width: int) -> None:
        self.rows = np.zeros((tiles, rows, width), np.float32)
        self.seen = np.zeros((3, tiles, rows, width), np.float32)


class Layers:
    """All layers after the first, for up to `most` rows. Safe to share between threads."""

    def __init__(self, weights: Weights, most: int) -> None:
        """Works out the constants of each layer from its bias."""
        self._weights = weights
        self._reach = max(weights.dilations)
        width = len(weights.out)
        self._tile = tile_rows(width)
        self._tiles = -(-(most + 2 * self._reach) // self._tile)
        self._rooms: list[_Room] = []
        self._layers: list[_Layer] = []
        so_far = np.zeros(width)
        for (kernels, bias), step in zip(weights.convolutions, weights.dilations, strict=True):
            added = bias + so_far @ kernels.sum(axis=0, dtype=np.float64)
            so_far = so_far + added
            floor, nothing = -added.astype(np.float32), -so_far.astype(np.float32)
            self._layers.append(_Layer(kernels[:, None], step, floor, nothing))
        self._bias: Floats = (weights.bias + so_far @ weights.out).astype(np.float32)

    def scores(
        self, vectors: Floats, at: Rows, layouts: Ints, gaps: Rows | None, out: Floats
    ) -> None:
        """Write [rows, len(TAGS)] to `out`: the scores of the words whose vectors are `vectors[at]`.

        The rows `gaps` are nothing. What is before the first and after the last is nothing too.
        """
        try:
            room = self._rooms.pop()
        except IndexError:
            room = _Room(self._tiles, self._tile, len(self._weights.out))
        try:
            self._scores(room, vectors, at, layouts, gaps, out)
        finally:
            self._rooms.append(room)

    def _scores(
        self,
        room: _Room,
        vectors: Floats,
        at: Rows,
        layouts: Ints,
        gaps: Rows | None,
        out: Floats,
    ) -> None:
        size, width = len(at), vectors.shape[1]
        first = self._reach
        last = first + size
        tiles = -(-(last + first) // self._tile)
        tiled, seen = room.rows[:tiles], room.seen[:, :tiles]
        rows = room.rows.reshape(-1, width)
        before, here, after = room.seen.reshape(3, -1, width)
        x, y, head, tail = (
            rows[first:last],
            here[first:last],
            rows[:first],
            rows[last : last + first],
        )
        vectors.take(at, axis=0, out=x, mode="clip")
        x += self._weights.layouts.take(layouts, axis=0)
        np.maximum(x, 0, out=x)
        nothing: Floats | int = 0
        for layer in self._layers:
            head[:] = nothing
            tail[:] = nothing
            if gaps is not None:
                x[gaps] = nothing
            np.matmul(tiled, layer.kernels, out=seen)
            y += before[first - layer.step : last - layer.step]
            y += after[first + layer.step : last + layer.step]
            np.maximum(y, layer.floor, out=y)
            x += y
            nothing = layer.nothing
        scores = np.matmul(tiled, self._weights.out).reshape(-1, len(TAGS))
        np.add(scores[first:last], self._bias, out=out)
