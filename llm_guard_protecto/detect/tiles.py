"""Products of matrices that stay on the calling thread."""

from __future__ import annotations

import numpy as np

from llm_guard_protecto.detect.features import Floats

__all__ = ["filled", "tile_rows", "times", "whole_tiles"]

_ON_ONE_THREAD = 1 << 18  # multiplications
_MOST_ROWS = 12  # more are no faster, and the last tile is half empty on average


def tile_rows(width: int) -> int:
    """How many rows of this width are multiplied at a time.

    OpenBLAS hands a product of more than 2^18 multiplications to its threads, which would fight
    the caller's for the processor; products this small stay on the calling thread, at little loss.
    Tiles of one size also make a row's result independent of how many rows stand beside it.
    """
    return max(1, min(_MOST_ROWS, _ON_ONE_THREAD // (width * width) // 4 * 4))


def times(a: Floats, b: Floats) -> Floats:
    """`a @ b`, a tile of rows at a time."""
    size, width = a.shape
    rows = tile_rows(max(b.shape))
    tiles = -(-size // rows)
    a = filled(a, tiles * rows)
    out: Floats = np.matmul(a.reshape(tiles, rows, width), b).reshape(tiles * rows, -1)
    return out[:size]


def whole_tiles(size: int, b: Floats) -> Floats:
    """Zeros for at least `size` rows that `times` multiplies with `b` without a copy."""
    rows = tile_rows(max(b.shape))
    return np.zeros((-(-size // rows) * rows, len(b)), np.float32)


def filled(a: Floats, rows: int) -> Floats:
    """`a` with so many rows, the new ones zero."""
    if len(a) == rows:
        return a
    return np.concatenate([a, np.zeros((rows - len(a), a.shape[1]), np.float32)])
