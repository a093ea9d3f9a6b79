"""Rows of a long text that must come out the same: text that is repeated is read once.

A row's scores depend on the rows within the network's sight and on nothing else. Where the same
stretch of words comes again and again (a log, a table, a text made to be slow), only its first
occurrence goes through the network. Nothing is left out and nothing is guessed: two rows count as
the same only when all that the network sees from them is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST", "needed"]

FEWEST = 1_000
"""Rows from which on it is worth looking for repeats."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_WORTH = 2  # so many times fewer rows have to be left

_Rows = npt.NDArray[np.intp]
_Keys = npt.NDArray[Any]


def needed(keys: _Keys, sight: int) -> tuple[_Rows, _Rows] | None:
    """`(kept, back)`: the rows to run, in order, and for each row its double among them.

    `keys`: a whole number a row, the same for rows that enter the network alike. The scores of
    all rows are `scores_of(rows[kept])[back]`: whatever is within `sight` rows of a row in use is
    kept too. None when that would not save much.
    """
    size = len(keys)
    if size < FEWEST:
        return None
    padded = np.full(size + 2 * sight, -1, np.int64)
    padded[sight : sight + size] = keys
    _, firsts, back = np.unique(
        _hashes(padded, 2 * sight + 1), return_index=True, return_inverse=True
    )
    if len(firsts) * _WORTH > size:
        return None
    wanted = np.zeros(size + 2 * sight + 1, np.int64)
    np.add.at(wanted, firsts, 1)
    np.add.at(wanted, firsts + 2 * sight + 1, -1)
    kept = wanted.cumsum()[sight : sight + size].nonzero()[0]
    if len(kept) * _WORTH > size:
        return None
    seen = np.lib.stride_tricks.sliding_window_view(padded, 2 * sight + 1)
    if not np.array_equal(seen, seen[firsts[back]]):  # two windows with one hash
        return None
    return kept, kept.searchsorted(firsts)[back]


def _hashes(keys: _Keys, width: int) -> _Keys:
    """A hash of each `width` keys in a row."""
    hashes = _mixed(keys.astype(np.uint64))
    done = 1
    while done < width:
        step = min(done, width - done)
        hashes = _mixed(hashes[:-step] * _FACTOR + hashes[step:])
        done += step
    return hashes


def _mixed(values: _Keys) -> _Keys:
    mixed = (values ^ (values >> np.uint64(31))) * _FACTOR
    hashes: _Keys = mixed ^ (mixed >> np.uint64(29))
    return hashes
