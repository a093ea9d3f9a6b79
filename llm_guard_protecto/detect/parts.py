"""The parts of words, hashed: their beginnings, their ends, and the trigrams inside.

The bucket of a part is the CRC-32 of its UTF-8 form; a beginning is written with `<` before it, an
end with `>` after it. CRC-32 is linear: the sum of a few bytes is what each of them adds where it
stands, so that the parts of all words are a few look-ups in a table, however many words there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

__all__ = ["LONGEST", "NO_PART", "PARTS", "parts_of"]

PARTS = 1 << 15
"""Buckets."""

NO_PART = PARTS
"""Stands where a word has fewer parts than another."""

LONGEST = 80
"""Characters of the longest word there may be."""

_AFFIXES = (2, 3, 4)  # letters
_LAST_TRIGRAM = 12  # only ends begin there or later
_MOST = max(_AFFIXES) + 1  # characters of a part, `<` and `>` included

_Ints = npt.NDArray[np.int32]
_Array = npt.NDArray[Any]


def parts_of(words: Sequence[str]) -> tuple[_Array, _Ints]:
    """The buckets of the parts of each word, and how many it has.

    The first [most parts, words] has the parts of a word in its column, in order, then `NO_PART`.
    """
    text = f"<{'><'.join(words)}>"
    flat = np.empty(len(text) * _MOST + 1, np.uint16)
    flat[-1] = NO_PART
    # [place, size - 1]: the bucket of the part of this size that begins at this place
    sums = flat[:-1].reshape(len(text), _MOST)
    codes = np.frombuffer(text.encode("latin-1", "replace"), np.uint8)
    _ADDED.take(codes, axis=0, out=sums, mode="clip")
    for size in range(1, _MOST):
        sums[:-1, size] ^= sums[1:, size - 1]
    sizes = list(map(len, words))
    counts = [_COUNTS[size] for size in sizes]
    heads = list(accumulate([(size + 2) * _MOST for size in sizes], initial=0))  # of each `<`
    at = _WHERE[: max(counts, default=0)].take(sizes, axis=1)
    at += np.array(heads[:-1], np.intp)
    buckets = flat.take(at, mode="clip")
    if not text.isascii():
        for number, word in enumerate(words):
            if not word.isascii():
                buckets[: counts[number], number] = [
                    crc32(part.encode("utf-8", "surrogatepass")) % PARTS for part in _spelled(word)
                ]
    return buckets, np.array(counts, np.int32)


def _spelled(word: str) -> Iterator[str]:
    whole = f"<{word}>"
    return (whole[first : first + size] for first, size in _places(len(word)))


def _places(size: int) -> Iterator[tuple[int, int]]:
    """Where the parts of `<word>` begin and how long they are, for a word of so many letters."""
    for first in range(1, min(size - 3, _LAST_TRIGRAM)):
        yield first + 1, 3
    for length in _AFFIXES:
        if size >= length:
            yield 0, length + 1
            yield size + 1 - length, length + 1
    if size < min(_AFFIXES):
        yield 0, size + 2


def _added() -> npt.NDArray[np.uint16]:
    """[byte, size - 1]: what the first byte of a part adds to the sum of the bytes after it."""
    added = np.zeros((256, _MOST), np.uint16)
    for size in range(1, _MOST + 1):
        after = bytes(size - 1)
        added[:, size - 1] = [
            (crc32(bytes([byte]) + after) ^ crc32(after)) % PARTS for byte in range(256)
        ]
    return added


def _where() -> tuple[_Array, list[int]]:
    """By the size of a word: the places of its parts in the flat sums, and their number."""
    rows = [list(_places(size)) for size in range(LONGEST + 1)]
    where = np.full((max(map(len, rows)), len(rows)), np.iinfo(np.intp).max // 2)
    for size, row in enumerate(rows):
        where[: len(row), size] = [place * _MOST + length - 1 for place, length in row]
    return where, list(map(len, rows))


_ADDED = _added()
_WHERE, _COUNTS = _where()
