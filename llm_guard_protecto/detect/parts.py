"""The parts of words, hashed: their beginnings, their ends, and the trigrams inside.

The bucket of a part is the CRC-32 of its UTF-8 form; a beginning is written with `<` before it, an
end with `>` after it. The sums of all words are computed at once, one step a character: a text
brings a few dozen new words, and Python takes longer for one of them than NumPy for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

__all__ = ["LONGEST", "PARTS", "parts_of"]

PARTS = 1 << 15
"""Buckets."""

LONGEST = 80
"""Characters of the longest word there may be."""

_AFFIXES = (2, 3, 4)  # letters
_LAST_TRIGRAM = 12  # only ends begin there or later
_SIZES = range(2, max(_AFFIXES) + 2)  # of parts, `<` and `>` included

_Sums = npt.NDArray[np.integer[Any]]
_Ints = npt.NDArray[np.int32]
_Flags = npt.NDArray[np.bool_]
_Array = npt.NDArray[Any]


def parts_of(words: Sequence[str]) -> tuple[_Ints, _Ints]:
    """The buckets of the parts of each word, one word after the other, and how many it has."""
    text = "".join([f"<{word}>" for word in words])
    sizes = np.fromiter(map(len, words), np.intp, len(words))
    heads = np.cumsum(sizes + 2) - sizes - 2  # where the `<` of each word stands
    places = _PLACES[sizes]
    there = _LENGTHS[sizes] * len(text) + heads[:, None] + places
    return _buckets(text).take(there[places >= 0]), _COUNTS[sizes]


def _buckets(text: str) -> _Ints:
    """[len(_SIZES), len(text)]: the bucket of the part of each size that begins at each place."""
    count = len(text)
    steps = _bytes(text + " " * _SIZES.stop)
    state: _Sums = np.full(count, 0xFFFFFFFF, np.uint32)
    sums = np.empty((len(_SIZES), count), np.uint32)
    for size in range(1, _SIZES.stop):
        for byte, there in steps:
            part = slice(size - 1, size - 1 + count)
            after = _TABLE.take((state ^ byte[part]).astype(np.uint8)) ^ (state >> 8)
            state = after if there is None else np.where(there[part], after, state)
        if size in _SIZES:
            sums[size - _SIZES.start] = state
    np.invert(sums, out=sums)
    sums %= PARTS
    return sums.view(np.int32)


def _bytes(text: str) -> list[tuple[_Sums, _Flags | None]]:
    """The bytes of each character in UTF-8: all first ones, all second ones and who has one, ..."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if text.isascii():
        return [(codes, None)]
    more = [codes >= least for least in (0x80, 0x800, 0x10000)]
    lengths = np.sum(more, axis=0, dtype=np.uint32)  # bytes after the first
    steps: list[tuple[_Sums, _Flags | None]] = [(codes >> 6 * lengths | _LEADS[lengths], None)]
    for place, there in enumerate(more, 1):
        rest = lengths - np.minimum(lengths, place)
        steps.append((codes >> 6 * rest & 0x3F | 0x80, there))
    return steps


_LEADS = np.array([0, 0xC0, 0xE0, 0xF0], np.uint32)
_TABLE = np.array(  # of CRC-32: what each byte makes of the state 0
    [~crc32(bytes([0xFF ^ byte])) & 0xFFFFFFFF ^ 0x00FFFFFF for byte in range(256)], np.uint32
)


def _parts(size: int) -> Iterator[tuple[int, int]]:
    """Where the parts of `<word>` begin and how long they are, for a word of so many letters."""
    for first in range(1, min(size - 3, _LAST_TRIGRAM)):
        yield first + 1, 3
    for length in _AFFIXES:
        if size >= length:
            yield 0, length + 1
            yield size + 1 - length, length + 1
    if size < min(_AFFIXES):
        yield 0, size + 2


def _layout() -> tuple[_Array, _Array, _Ints]:
    """By the size of a word: where its parts begin (-1: no part), their lengths, their number."""
    rows = [list(_parts(size)) for size in range(LONGEST + 1)]
    widest = max(map(len, rows))
    places = np.full((len(rows), widest), -1)
    lengths = np.zeros((len(rows), widest), np.intp)
    for size, row in enumerate(rows):
        places[size, : len(row)] = [place for place, _ in row]
        lengths[size, : len(row)] = [length - _SIZES.start for _, length in row]
    return places, lengths, np.array([len(row) for row in rows], np.int32)


_PLACES, _LENGTHS, _COUNTS = _layout()
