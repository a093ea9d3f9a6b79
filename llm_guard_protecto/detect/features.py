"""What the tagger knows of a word by itself: its place in the lexicon, its parts, its shape.

Nothing here depends on the text around the word, so all of it is computed once per distinct word.
Hashes are CRC-32 of the UTF-8 form, which is the same on every platform and Python; those of the
parts are computed for all words at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.parts import PARTS, parts_of

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
SHAPES = 1 << 9  # buckets for the pattern of capitals, letters and digits
_LONGEST = 40  # characters of a word that are looked at

_DIGITS = re.compile(r"\d")


def fold(word: str) -> str:
    """The form a word is looked up by: lower case, every digit a 0, quotes straight."""
    if len(word) > _LONGEST:
        word = word[: _LONGEST // 2] + word[-_LONGEST // 2 :]
    small = word.lower()
    return small if small.isalpha() else _DIGITS.sub("0", small.replace("’", "'"))


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
    parts, counts = parts_of(folded)
    shapes = np.fromiter(map(_shape, forms), np.int32, len(forms))
    return WordFeatures(rows, parts, counts, shapes, flags)


def _search(
    table: npt.NDArray[np.uint32], keys: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Where each key stands in a sorted table, and whether it does."""
    if not len(table):
        return np.zeros(len(keys), np.intp), np.zeros(len(keys), np.bool_)
    at = np.searchsorted(table, keys)
    at[at == len(table)] = 0
    return at, table[at] == keys


def _shape(word: str) -> int:
    """Bucket of the pattern of a word: McDonald is XxXx, 4B is dX, REF123 is XXd, O'Neil X'Xx."""
    if word.islower() and word.isalpha():
        return _SMALL_WORD if len(word) > 1 else _SMALL_LETTER
    return _pattern(word[:_LONGEST].translate(_KIND))


@lru_cache(maxsize=1 << 12)
def _pattern(kinds: str) -> int:
    """Bucket of a word of such characters: lower case letters as one, all others as two at most."""
    pattern = _SMALL.sub("x", _MANY.sub(r"\1\1", kinds))
    if pattern in {"d", "dd"}:
        pattern = "d" * min(len(kinds), 6)
    return _bucket(pattern)


def _bucket(pattern: str) -> int:
    return crc32(pattern.encode("utf-8", "surrogatepass")) % SHAPES


_SMALL_WORD, _SMALL_LETTER = _bucket("x"), _bucket("x1")
_MANY = re.compile(r"(.)\1\1+", re.DOTALL)
_SMALL = re.compile(r"x+")


class _Kinds(dict[int, str]):
    """What a character is in the pattern of its word, found out on first use."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isupper():
            kind = "X"
        elif character.isalpha():
            kind = "x"
        else:
            kind = "d" if character.isdigit() else character
        if code < _PAST_SMALL:
            self[code] = kind
        return kind


_PAST_SMALL = 0x3000  # what comes after is kept nowhere: too many characters
_KIND = _Kinds()
