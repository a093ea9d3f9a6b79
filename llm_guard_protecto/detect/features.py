"""What the tagger knows of a word by itself: its place in the lexicon, its parts, its shape.

Nothing here depends on the text around the word, so all of it is computed once per distinct word.
Hashes are CRC-32 of the UTF-8 form, which is the same on every platform and Python.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

__all__ = [
    "FLAGS",
    "PARTS",
    "SHAPES",
    "Lexicon",
    "WordFeatures",
    "describe",
    "fold",
    "key",
]

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

# One bit each in `Lexicon.flags`, from the lowest up.
FLAGS = ("first", "last", "city", "region", "common", "frequent", "proper", "organisation")
PARTS = 1 << 15  # buckets for prefixes, suffixes and inner trigrams
SHAPES = 1 << 9  # buckets for the pattern of capitals, letters and digits
_LONGEST = 40  # characters of a word that are looked at

_DIGITS = re.compile(r"\d")


def fold(word: str) -> str:
    """The form a word is looked up by: lower case, every digit a 0, quotes straight."""
    if len(word) > _LONGEST:
        word = word[: _LONGEST // 2] + word[-_LONGEST // 2 :]
    return _DIGITS.sub("0", word.lower().replace("’", "'"))


def key(folded: str) -> int:
    """The 32-bit key of a folded word."""
    return crc32(folded.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by key. `vocabulary` (sorted uint32) gives the row of a word's own vector; `listed`
    (sorted uint32) and `flags` (uint8, the bits of `FLAGS`) say which word lists it is on.
    """

    vocabulary: npt.NDArray[np.uint32]
    listed: npt.NDArray[np.uint32]
    flags: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """Features of n distinct words.

    `rows` int32 [n]: row of the word's vector, 0 for a word not in the vocabulary.
    `parts` int32 [sum of counts] with `counts` int32 [n]: buckets of each word's parts.
    `shapes` int32 [n]. `flags` float32 [n, len(FLAGS)] of 0 and 1.
    """

    rows: Ints
    parts: Ints
    counts: Ints
    shapes: Ints
    flags: Floats


def describe(forms: Sequence[str], lexicon: Lexicon) -> WordFeatures:
    """The features of `forms`, one row each, in order."""
    folded = [fold(form) for form in forms]
    keys = np.fromiter(map(key, folded), np.uint32, len(folded))
    at, found = _search(lexicon.vocabulary, keys)
    rows: Ints = np.where(found, at + 1, 0).astype(np.int32)
    at, listed = _search(lexicon.listed, keys)
    bits = np.where(listed, lexicon.flags[at] if len(lexicon.flags) else 0, 0).astype(np.uint8)
    flags = np.unpackbits(bits[:, None], axis=1, bitorder="little").astype(np.float32)
    parts: list[int] = []
    counts: list[int] = []
    for word in folded:
        mine = _parts(word)
        parts += mine
        counts.append(len(mine))
    return WordFeatures(
        rows,
        np.array(parts, np.int32),
        np.array(counts, np.int32),
        np.array([_shape(form) for form in forms], np.int32),
        flags,
    )


def _search(
    table: npt.NDArray[np.uint32], keys: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Where each key stands in a sorted table, and whether it does."""
    if not len(table):
        return np.zeros(len(keys), np.intp), np.zeros(len(keys), np.bool_)
    at = np.searchsorted(table, keys)
    at[at == len(table)] = 0
    return at, table[at] == keys


def _parts(word: str) -> list[int]:
    """Buckets of the beginnings, the ends and the trigrams inside a folded word."""
    size = len(word)
    pieces = [word[i : i + 3] for i in range(1, min(size - 3, 12))]
    for length in (2, 3, 4):
        if size >= length:
            pieces.append("<" + word[:length])
            pieces.append(word[-length:] + ">")
    if size < 2:
        pieces.append("<" + word + ">")
    return [_bucket(piece) for piece in pieces]


@lru_cache(maxsize=1 << 15)
def _bucket(piece: str) -> int:
    return crc32(piece.encode("utf-8", "surrogatepass")) % PARTS


def _shape(word: str) -> int:
    """Bucket of the pattern of a word: McDonald is XxXx, 4B is dX, REF123 is XXd, O'Neil X'Xx."""
    if word.islower() and word.isalpha():
        pattern = "x" if len(word) > 1 else "x1"
    else:
        pattern = ""
        for char in word[:_LONGEST]:
            if char.isupper():
                kind = "X"
            elif char.isalpha():
                kind = "x"
            elif char.isdigit():
                kind = "d"
            else:
                kind = char
            if pattern[-2:] != kind * 2 and not (kind == "x" and pattern[-1:] == "x"):
                pattern += kind
        if pattern in {"d", "dd"}:
            pattern = "d" * min(len(word), 6)
    return crc32(pattern.encode("utf-8", "surrogatepass")) % SHAPES
