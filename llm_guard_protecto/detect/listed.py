"""Lists of known values, up to millions of them: staff, customers, project names.

Every value is kept as UTF-8 in one block of bytes and looked up by a 64-bit hash of its words, so a
million names take some 50 MB. A hash only says where to look: the text itself is compared before
anything counts. The time for a text grows with its length and the most words a value has.

A value is found at word borders only (`Ann` is not in `Annual`), except in scripts that put no
space between words. White space inside a value stands for any white space.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["LONGEST", "MOST_WORDS", "Listed"]

LONGEST = 200
"""Characters a value may have."""

MOST_WORDS = 32
"""Words a value may have; a character of a script without spaces counts as a word."""

# Thai and Lao, kana, Chinese characters, Korean syllables.
_SPACELESS = "\u0e01-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_WORD = expression(f"[{_SPACELESS}]|[^\\W{_SPACELESS}]+")
_SPACES = expression(r"\s+")

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_BITS = 26  # of the filter: 2**26 bits, 8 MB, for lists of a million
_PORTION = 50_000  # values hashed at a time: keeps what is needed while building small

Hashes = NDArray[np.uint64]


class Listed:
    """A fixed set of values. Immutable, safe to share between threads."""

    def __init__(self, values: Iterable[str], *, fold: bool = False) -> None:
        """Read `values`, once, in order; `fold` finds them in any case of letters.

        Raises `ConfigurationError` with the number of a value (from 1) that cannot be looked for:
        shorter than two characters, longer than `LONGEST`, without a letter or digit.
        """
        self._fold = fold
        self._block = bytearray()
        ends = array("Q", [0])
        keys: list[Hashes] = []
        prefixes: list[NDArray[np.uint32]] = []
        lengths: set[int] = set()
        for portion in self._portions(values):
            counts = array("B")
            words = array("q")
            for value, number in portion:
                found = self._hashes(value)
                _check(value, len(found), number)
                counts.append(len(found))
                words.extend(found)
                self._block += value.encode("utf-8", "surrogatepass")
                ends.append(len(self._block))
            count = np.frombuffer(counts, np.uint8).astype(np.int64)
            lengths.update(np.unique(count).tolist())
            at = np.cumsum(count) - count
            flat = np.frombuffer(words, np.int64).view(np.uint64)
            key = np.zeros(len(count), np.uint64)
            for k in range(int(count.max())):
                more = np.flatnonzero(count > k)
                key[more] = _joined(key[more], flat[at[more] + k])
                prefixes.append(np.unique(key[more] & _mask(_BITS)).astype(np.uint32))
            keys.append(key)
        every = np.concatenate(keys) if keys else np.zeros(0, np.uint64)
        del keys
        self._ends = np.frombuffer(ends, np.uint64)
        self._order = np.argsort(every, kind="stable").astype(np.uint32)
        self._keys = every[self._order]
        self._lengths = lengths
        self._longest = max(lengths, default=0)
        # A small list has a small filter: 64 bits a value, at least 2**13.
        self._bits = min(_BITS, max(13, len(every).bit_length() + 6))
        self._filter = np.zeros(1 << (self._bits - 3), np.uint8)
        for some in prefixes:
            self._mark(some.astype(np.uint64))

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        """Say how many values there are, never which."""
        return f"Listed({len(self)} values)"

    @property
    def size(self) -> int:
        """Bytes of memory the list takes."""
        arrays = (self._ends, self._order, self._keys, self._filter)
        return sys.getsizeof(self._block) + sum(one.nbytes for one in arrays)

    def find(self, text: str) -> list[tuple[int, int]]:
        """Start and end of every place of every value in `text`, in order; they may overlap."""
        if not self._lengths or not text:
            return []
        places: list[tuple[int, int]] = []
        words = array("q", self._hashes(text))
        hashes = np.frombuffer(words, np.int64).view(np.uint64)
        at = np.arange(len(hashes))
        key = np.zeros(len(hashes), np.uint64)
        found: list[tuple[int, int]] = []
        for k in range(self._longest):
            inside = at + k < len(hashes)
            at, key = at[inside], key[inside]
            key = _joined(key, hashes[at + k])
            passed = self._may_start(key)
            at, key = at[passed], key[passed]
            if not len(at):
                break
            if k + 1 in self._lengths:
                first = np.searchsorted(self._keys, key, "left")
                last = np.searchsorted(self._keys, key, "right")
                likely = np.flatnonzero(first < last).tolist()
                if likely and not places:
                    places = [match.span() for match in _WORD.finditer(text)]
                for i in likely:
                    word = int(at[i])
                    begin, end = places[word][0], places[word + k][1]
                    for row in self._order[first[i] : last[i]].tolist():
                        place = self._at(text, begin, end, row)
                        if place is not None:
                            found.append(place)
        return sorted(set(found))

    def _portions(self, values: Iterable[str]) -> Iterator[list[tuple[str, int]]]:
        portion: list[tuple[str, int]] = []
        for number, value in enumerate(values, 1):
            portion.append((_SPACES.sub(" ", value.strip()), number))
            if len(portion) == _PORTION:
                yield portion
                portion = []
        if portion:
            yield portion

    def _hashes(self, text: str) -> list[int]:
        words = _WORD.findall(text)
        return [hash(word.casefold()) for word in words] if self._fold else list(map(hash, words))

    def _mark(self, low: Hashes) -> None:
        low = low & _mask(self._bits)
        np.bitwise_or.at(self._filter, (low >> np.uint64(3)).astype(np.int64), _bit(low))

    def _may_start(self, keys: Hashes) -> NDArray[np.bool_]:
        """For each hash whether a value may begin with the words hashed."""
        low = keys & _mask(self._bits)
        hits: NDArray[np.uint8] = self._filter[(low >> np.uint64(3)).astype(np.int64)] & _bit(low)
        return hits.astype(np.bool_)

    def _at(self, text: str, begin: int, end: int, row: int) -> tuple[int, int] | None:
        """Where value number `row` stands if its words are those of `text[begin:end]`."""
        block = self._block[int(self._ends[row]) : int(self._ends[row + 1])]
        value = block.decode("utf-8", "surrogatepass")
        words = [match.span() for match in _WORD.finditer(value)]
        begin -= words[0][0]
        end += len(value) - words[-1][1]
        if begin < 0 or end > len(text):
            return None
        there = _SPACES.sub(" ", text[begin:end])
        if self._fold:
            there, value = there.casefold(), value.casefold()
        return (begin, end) if there == value else None


def _joined(key: Hashes, word: Hashes) -> Hashes:
    """The hash of some words and one more."""
    mixed = (key + word) * _FACTOR
    return mixed ^ (mixed >> np.uint64(29))


def _mask(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def _bit(low: Hashes) -> NDArray[np.uint8]:
    return np.left_shift(1, (low & np.uint64(7)).astype(np.uint8), dtype=np.uint8)


def _check(value: str, words: int, number: int) -> None:
    mistake = ""
    if len(value) < 2:
        mistake = "is shorter than two characters"
    elif len(value) > LONGEST or words > MOST_WORDS:
        mistake = f"is longer than {LONGEST} characters or {MOST_WORDS} words"
    elif not words:
        mistake = "holds no letter or digit"
    if mistake:
        raise ConfigurationError(f"value {number} {mistake}")
