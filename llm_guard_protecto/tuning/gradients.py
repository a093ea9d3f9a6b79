"""The tagger's network once more, this time with its derivatives.

The same sums as `detect.network`, in the order that training needs: every step keeps what its
backward step asks for. Arrays have the names they have in a weights file, and depth, width and
dilations are the file's. Works in the precision of its parameters, so that a test can compare the
gradients with finite differences in float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["TABLES", "Array", "Batch", "Gradients", "loss_and_gradients", "scores"]

Array = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int32]
Parameters = Mapping[str, Array]
Gradients = dict[str, Array]

TABLES = ("words", "parts", "shapes")
"""Tables of which a batch touches few rows; row 0 of `words` stands for every unknown word."""

_ON_ONE_THREAD = 1 << 18  # multiplications


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts in one column, `gap` empty rows before each, and the features of their n words.

    `rows` [n], `parts` [n, most parts of a word], `shapes` [n]: rows of the three tables. `shares`
    [n, most parts]: what each part counts for, 0 where a word has fewer. `flags` [n, flags].
    `words` [r] points into the n words; `layouts` [r]; `real` [r] is 1 for a word, 0 for an empty
    row; `wanted` [r, tags]: how likely each tag should be, all 0 where nothing is taught.
    """

    rows: Ints
    parts: Ints
    shares: Array
    shapes: Ints
    flags: Array
    words: Ints
    layouts: Ints
    real: Array
    wanted: Array


@dataclass(frozen=True, slots=True)
class _Trace:
    """What the way forward leaves for the way back."""

    inputs: Array  # [n, features of a word]
    start: Array  # [r, width], after the first relu
    layers: list[tuple[Array, Array]]  # what went into each convolution [r, 3 width]; its relu
    last: Array  # [r, width]


def scores(parameters: Parameters, dilations: Sequence[int], batch: Batch) -> Array:
    """[r, tags]: the scores of each row, as `detect.network` gives them."""
    return _forward(parameters, dilations, batch)[0]


def loss_and_gradients(
    parameters: Parameters, dilations: Sequence[int], batch: Batch
) -> tuple[float, Gradients]:
    """The mean cross-entropy of what is wanted, and its derivative for every parameter.

    Raises ValueError for a batch that teaches nothing.
    """
    found, trace = _forward(parameters, dilations, batch)
    weight = batch.wanted.sum(axis=1, keepdims=True)
    total = weight.sum()
    if not total:
        raise ValueError("a batch that teaches nothing")
    logits = found - found.max(axis=1, keepdims=True)
    chances = np.exp(logits)
    sums = chances.sum(axis=1, keepdims=True)
    loss = float(((np.log(sums) - logits) * batch.wanted).sum() / total)
    wrong = (chances / sums * weight - batch.wanted) / total
    return loss, _backward(parameters, dilations, batch, trace, wrong)


def _forward(
    parameters: Parameters, dilations: Sequence[int], batch: Batch
) -> tuple[Array, _Trace]:
    keep = batch.real[:, None]
    means = (parameters["parts"][batch.parts] * batch.shares[..., None]).sum(axis=1)
    inputs = np.concatenate(
        [parameters["words"][batch.rows], means, parameters["shapes"][batch.shapes], batch.flags],
        axis=1,
    )
    x = _times(inputs, parameters["mix"])[batch.words] + parameters["layouts"][batch.layouts]
    x = np.maximum(x, 0) * keep
    start, layers = x, []
    for at, step in enumerate(dilations):
        joined = _beside(x, step)
        y = np.maximum(_times(joined, parameters[f"conv{at}"]) + parameters[f"conv{at}_bias"], 0)
        layers.append((joined, y))
        x = (x + y) * keep
    found = _times(x, parameters["out"]) + parameters["bias"]
    return found, _Trace(inputs, start, layers, x)


def _backward(
    parameters: Parameters, dilations: Sequence[int], batch: Batch, trace: _Trace, wrong: Array
) -> Gradients:
    """The derivative for every parameter, from that of the scores."""
    keep = batch.real[:, None]
    found: Gradients = {"out": _times(trace.last.T, wrong), "bias": wrong.sum(axis=0)}
    x = _times(wrong, parameters["out"].T)
    for at in reversed(range(len(dilations))):
        joined, y = trace.layers[at]
        x = x * keep
        inner = x * (y > 0)
        found[f"conv{at}"] = _times(joined.T, inner)
        found[f"conv{at}_bias"] = inner.sum(axis=0)
        x = x + _together(_times(inner, parameters[f"conv{at}"].T), dilations[at])
    x = x * keep * (trace.start > 0)
    found["layouts"] = _summed(batch.layouts, x, len(parameters["layouts"]))
    vectors = _summed(batch.words, x, len(batch.rows))
    found["mix"] = _times(trace.inputs.T, vectors)
    features = _times(vectors, parameters["mix"].T)
    own, part, shape = (parameters[name].shape[1] for name in TABLES)
    found["words"] = _summed(batch.rows, features[:, :own], len(parameters["words"]))
    found["words"][0] = 0  # what is unknown stays without a vector
    shared = batch.shares[..., None] * features[:, None, own : own + part]
    found["parts"] = _summed(
        batch.parts.reshape(-1), shared.reshape(-1, part), len(parameters["parts"])
    )
    found["shapes"] = _summed(
        batch.shapes, features[:, own + part : own + part + shape], len(parameters["shapes"])
    )
    return found


def _times(a: Array, b: Array) -> Array:
    """`a @ b`, so few rows at a time that OpenBLAS does it on this thread.

    As in `detect.network`; threads for products this small wait more than they work, and the sums
    do not depend on how many there are.
    """
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    size, inner = a.shape
    rows = max(1, _ON_ONE_THREAD // (inner * b.shape[1]))
    tiles = -(-size // rows)
    if size % rows:
        a = np.concatenate([a, np.zeros((tiles * rows - size, inner), a.dtype)])
    tiled: Array = np.matmul(a.reshape(tiles, rows, inner), b)
    return tiled.reshape(tiles * rows, -1)[:size]


def _beside(x: Array, step: int) -> Array:
    """[r, 3 width]: each row with its neighbours `step` before and after, zero at the ends."""
    size, width = x.shape
    joined = np.zeros((size, 3 * width), x.dtype)
    joined[step:, :width] = x[: max(size - step, 0)]
    joined[:, width : 2 * width] = x
    joined[: max(size - step, 0), 2 * width :] = x[step:]
    return joined


def _together(joined: Array, step: int) -> Array:
    """The way back of `_beside`."""
    size, width = len(joined), joined.shape[1] // 3
    x = joined[:, width : 2 * width].copy()
    x[: max(size - step, 0)] += joined[step:, :width]
    x[step:] += joined[: max(size - step, 0), 2 * width :]
    return x


def _summed(index: Ints, values: Array, rows: int) -> Array:
    """[rows, ...]: the sum of the `values` of each index; always in the same order."""
    total = np.zeros((rows, values.shape[1]), values.dtype)
    if len(index):
        order = np.argsort(index, kind="stable")
        there, starts = np.unique(index[order], return_index=True)
        total[there] = np.add.reduceat(values[order], starts, axis=0)
    return total
