"""What the tagger knows of a word by itself: its place in the lexicon, its parts, its shape.

Nothing here depends on the text around the word, so all of it is computed once per distinct word.
Hashes are CRC-32 of the UTF-8 form, which is the same on every platform and Python. A prompt brings
a few dozen new words, and everything is done for all of them at once: words of ASCII, nearly all in
most languages, as lines of one text.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.parts import NO_PART, PARTS, parts_of

__all__ = [
    "FLAGS",
    "PARTS",
    "SHAPES",
    "Known",
    "Lexicon",
    "WordFeatures",
    "describe",
    "fold",
    "key",
    "known",
]

_Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

# One bit each in `Lexicon.flags`, from the lowest up.
FLAGS = ("first", "last", "city", "region", "common", "frequent", "proper", "organisation")
SHAPES = 1 << 9  # buckets for the pattern of capitals, letters and digits
_LONGEST = 40  # characters of a word that are looked at

_DIGITS = expression(r"\d")


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
    _keys: npt.NDArray[np.uint32] = field(init=False, repr=False)
    _values: npt.NDArray[np.uint32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make one table of both, so that a word is looked for once; the last key ends it."""
        keys = np.concatenate([self.vocabulary, self.listed, [_LAST_KEY]], dtype=np.uint32)
        keys.sort()  # `np.unique` takes ten times as long
        keys = keys[np.append(keys[1:] != keys[:-1], True)]
        values = np.zeros(len(keys), np.uint32)
        rows = np.arange(1, len(self.vocabulary) + 1, dtype=np.uint32)
        values[keys.searchsorted(self.vocabulary)] = rows << _FLAG_BITS
        values[keys.searchsorted(self.listed)] |= self.flags
        object.__setattr__(self, "_keys", keys)
        object.__setattr__(self, "_values", values)

    def find(self, keys: Sequence[int]) -> tuple[_Array, _Array]:
        """The row of each key, 0 for one that is not in the vocabulary; and its flags."""
        wanted = np.array(keys, np.uint32)
        at = self._keys.searchsorted(wanted)
        values = self._values.take(at)
        values *= self._keys.take(at) == wanted
        return values >> _FLAG_BITS, values & ((1 << _FLAG_BITS) - 1)


_FLAG_BITS = len(FLAGS)
_LAST_KEY = np.uint32(0xFFFFFFFF)


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


@dataclass(frozen=True, slots=True)
class Known:
    """The same of n distinct words as the network reads it.

    `parts` [most parts, n]: the buckets of a word in its column, then `NO_PART`; `counts` int32 [n]
    of them. `bits` [n]: those of `FLAGS`. `rows` and `shapes` as in `WordFeatures`.
    """

    rows: _Array
    parts: _Array
    counts: Ints
    shapes: list[int]
    bits: _Array


def describe(forms: Sequence[str], lexicon: Lexicon) -> WordFeatures:
    """The features of `forms`, one row each, in order."""
    found = known(forms, lexicon)
    bits = found.bits.astype(np.uint8)[:, None]
    flags = np.unpackbits(bits, axis=1, bitorder="little").astype(np.float32)
    parts = found.parts.T
    return WordFeatures(
        found.rows.astype(np.int32),
        parts[parts != NO_PART].astype(np.int32),
        found.counts,
        np.array(found.shapes, np.int32),
        flags,
    )


def known(forms: Sequence[str], lexicon: Lexicon) -> Known:
    """What the network reads of `forms`, in order."""
    folded, keys, shapes = _looks(forms)
    rows, bits = lexicon.find(keys)
    parts, counts = parts_of(folded)
    return Known(rows, parts, counts, shapes, bits)


def _looks(forms: Sequence[str]) -> tuple[list[str], list[int], list[int]]:
    """Each word folded, its key, and the bucket of its shape."""
    if not forms:
        return [], [], []
    lines = "\n".join(forms)
    odd: Sequence[int] = ()
    if not lines.isascii() or len(max(forms, key=len)) > _LONGEST:
        odd = [i for i, form in enumerate(forms) if not form.isascii() or len(form) > _LONGEST]
        plain = list(forms)
        for i in odd:
            plain[i] = ""
        lines = "\n".join(plain)
    if lines.count("\n") >= len(forms):  # line ends in words: those of no text
        odd, lines = range(len(forms)), "\n" * (len(forms) - 1)
    data = lines.encode()
    small = data.translate(_FOLDED)
    folded = small.decode().split("\n")
    keys = list(map(crc32, small.split(b"\n")))
    shapes = list(map(_ascii_shape, data.translate(_KINDS).split(b"\n")))
    for i in odd:
        form = forms[i]
        folded[i] = fold(form)
        keys[i] = key(folded[i])
        shapes[i] = _shape(form)
    return folded, keys, shapes


_FOLDED = bytes.maketrans(
    (string.ascii_uppercase + string.digits).encode(), (string.ascii_lowercase + "0" * 10).encode()
)
_KINDS = bytes.maketrans(
    (string.ascii_letters + string.digits).encode(), b"x" * 26 + b"X" * 26 + b"d" * 10
)


@lru_cache(maxsize=1 << 12)
def _ascii_shape(kinds: bytes) -> int:
    """Bucket of the pattern of a word of ASCII."""
    if not kinds.strip(b"x"):
        return _SMALL_WORD if len(kinds) > 1 else _SMALL_LETTER
    return _pattern(kinds.decode())


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
_MANY = expression(r"(.)\1\1+", re.DOTALL)
_SMALL = expression(r"x+")


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
