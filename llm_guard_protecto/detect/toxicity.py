"""Six toxicity scores of a text, from a small network distilled from two MIT-licensed ones.

A word is its own hashed row plus the mean of its hashed character n-grams, 16 numbers in all that
are worked out once and kept, so a known word costs one look-up. Every place of a text adds up what
its word and both neighbours say, each unit keeps its strongest place, and two small layers turn
that into six scores. Long texts are read in windows of 100 words that overlap, and the strongest
window counts: a long harmless document does not hide one abusive line.

Weights are multiples of 2**-10 or coarser and a word's numbers are rounded to multiples of 2**-8,
so all sums are exact in floating point: scores depend neither on the order of addition nor on the
BLAS library, on the rest of a batch or on what was seen before.

The scores are informational and can be wrong; `docs/model-card-toxicity.md` says how often.
"""

from __future__ import annotations

import math
import threading
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache, reduce
from importlib import resources

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.expression import expression

__all__ = [
    "FLOOR",
    "LABELS",
    "NO_ROW",
    "Scorer",
    "embedding_rows",
    "scorer",
    "toxicity",
    "windows",
    "words",
]

#: The names of the scores, in the order in which they are given.
LABELS = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")

#: What a harmless text scores, label by label: Protecto's usual answer for one.
FLOOR = (0.0006, 0.00012, 0.00018, 0.00012, 0.00018, 0.00014)

#: Words read together, and words that two neighbouring windows share.
WINDOW, OVERLAP = 100, 10

#: Rows of the embedding table: first those of whole words, then those of n-grams.
WORD_ROWS, GRAM_ROWS = 1 << 15, 1 << 15

#: A row after all others that says nothing.
NO_ROW = WORD_ROWS + GRAM_ROWS

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Letters and digits; inside a word also the signs that stand for letters in masked abuse. A run
# without blanks is cut every 40 characters, so that no input makes one word expensive; that takes
# twice as long, and hardly a text has such a run.
_LONGEST = 40
_WORD = expression(r"[@$]?[^\W_]+(?:(?:\*|[@$#'’](?=[^\W_*]))[^\W_]*)*")
_ASCII_WORD = expression(r"[@$]?[a-z0-9]+(?:(?:\*|[@$#'](?=[a-z0-9]))[a-z0-9]*)*")
_CUT_WORD = expression(rf"[@$]?[^\W_](?:[^\W_]|\*|[@$#'’](?=[^\W_*])){{0,{_LONGEST - 1}}}")
_DRAWN_OUT = expression(r"(.)\1{2,}")
_GRAMS = (3, 4, 5)
_COLUMN = np.array(_GRAMS)[:, None]
_SEEDS, _PRIME = (_COLUMN + 0x811C9DC5).astype(np.uint32), np.uint32(0x01000193)  # FNV-1a
_WINDOWS_AT_ONCE = 16
_KNOWN = 8192
_QUANTUM = np.float32(2.0**-8)


def toxicity(texts: Sequence[str]) -> list[dict[str, float]]:
    """Score each text: the six `LABELS` in order, each in [0, 1] and rounded to 8 digits.

    Any string is accepted and costs time linear in its length. Safe to call from many threads.
    """
    return scorer().score(texts)


@cache
def scorer() -> Scorer:
    """Give the scorer with the shipped weights, loaded on first use."""
    packed = resources.files("llm_guard_protecto.detect") / "weights" / "toxicity.npz"
    with packed.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return Scorer({name: stored[name] for name in stored.files})


def words(text: str) -> list[str]:
    """Cut a text into lower-case words."""
    text = text.lower()
    found: list[str] = (_ASCII_WORD if text.isascii() else _WORD).findall(text)
    return found if max(map(len, found), default=0) <= _LONGEST else _CUT_WORD.findall(text)


def windows(count: int) -> list[tuple[int, int]]:
    """Cover `count` words with windows (start, end) of near equal size that overlap."""
    if count <= WINDOW:
        return [(0, count)]
    step = WINDOW - OVERLAP
    number = -(-(count - OVERLAP) // step)
    last = count - WINDOW
    starts = [last * i // (number - 1) for i in range(number)]
    return [(start, start + WINDOW) for start in starts]


def embedding_rows(batch: Sequence[str]) -> tuple[Ints, Ints, Ints]:
    """Hash words: (row of each word, rows of n-grams, characters of each word with its marks).

    The n-grams have the shape (sizes, characters): at each character stands the row of the n-gram
    that begins there, `NO_ROW` where it would reach into the next word.
    """
    plain = _plain(batch)
    hashes = list(map(zlib.crc32, plain.encode("utf-8", "surrogatepass").split(b" ")))
    sizes = np.array(list(map(len, plain.split(" ")))) + 2
    marked = f"<{plain.replace(' ', '><')}>"
    after = "\0" * _GRAMS[-1]  # so that every n-gram can be read to its end
    code = np.frombuffer((marked + after).encode("utf-32-le", "surrogatepass"), np.uint32)
    mixed = _SEEDS.repeat(len(marked), axis=1)
    for step in range(_GRAMS[-1]):
        longer = mixed[max(0, step - _GRAMS[0] + 1) :]
        longer ^= code[step : step + len(marked)]
        longer *= _PRIME
    mixed ^= mixed >> 15
    mixed *= np.uint32(0x2C1B3C6D)
    mixed ^= mixed >> 13
    mixed &= np.uint32(GRAM_ROWS - 1)
    rows = mixed.astype(np.int64)
    rows += WORD_ROWS
    left = sizes.cumsum().repeat(sizes) - np.arange(len(marked))
    np.copyto(rows, NO_ROW, where=left < _COLUMN)
    return np.array(hashes) & (WORD_ROWS - 1), rows, sizes


class Scorer:
    """The network, with what is known of the words seen so far (bounded).

    Weights: `table` (rows, 16); `near` (16, 3 * units), what a word says to the place before it, to
    its own and to the one after it; `near_bias` (units); `hidden`, `hidden_bias`; `out`, `out_bias`;
    `curve_in` and `curve_out` (6, points), the calibration of each label's logit.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.floating]]) -> None:
        """Keep the table in whole quanta, of which all sums are exact."""
        quanta = np.rint(weights["table"].astype(np.float32) / _QUANTUM)
        self._table = np.concatenate([quanta, np.zeros_like(quanta[:1])])  # with `NO_ROW`
        near = weights["near"].astype(np.float32)
        self._before, self._own, self._after = map(np.ascontiguousarray, np.hsplit(near, 3))
        self._near_bias = weights["near_bias"].astype(np.float32)
        self._hidden, self._out = (weights[n].astype(np.float64) for n in ("hidden", "out"))
        self._hidden_bias = weights["hidden_bias"].astype(np.float64)
        self._out_bias = weights["out_bias"].astype(np.float64)
        self._curves: list[tuple[list[float], list[float]]] = list(
            zip(weights["curve_in"].tolist(), weights["curve_out"].tolist(), strict=True)
        )
        self._lock = threading.Lock()
        self._known = self._forget()

    def score(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Score each text as `toxicity` does."""
        return [dict(zip(LABELS, self._chances(text), strict=True)) for text in texts]

    def logits(self, text: str) -> npt.NDArray[np.float64]:
        """Give the six logits of a text before calibration, the strongest window counting."""
        return self._strongest(words(text))

    def _strongest(self, found: list[str]) -> npt.NDArray[np.float64]:
        covers = windows(len(found))
        parts = (
            self._read(found, covers[at : at + _WINDOWS_AT_ONCE])
            for at in range(0, len(covers), _WINDOWS_AT_ONCE)
        )
        return reduce(np.maximum, parts)

    def _chances(self, text: str) -> Sequence[float]:
        found = words(text)
        if not found:
            return FLOOR
        logits = self._strongest(found).tolist()
        return [
            round(_chance(logit, *curve), 8)
            for logit, curve in zip(logits, self._curves, strict=True)
        ]

    def _read(self, found: list[str], covers: list[tuple[int, int]]) -> npt.NDArray[np.float64]:
        """Give the strongest logits over some windows of the words found."""
        low, high = covers[0][0], covers[-1][1]
        ids, known = self._look_up(found[low:high])
        numbers = known.take(np.array(ids, np.intp), axis=0)
        pooled = np.empty((len(covers), len(self._near_bias)))
        for row, (start, end) in zip(pooled, covers, strict=True):
            inside = numbers[start - low : end - low]
            heard = inside @ self._own
            heard[:-1] += inside[1:] @ self._before
            heard[1:] += inside[:-1] @ self._after
            row[:] = heard.max(axis=0, initial=-np.inf)
        pooled += self._near_bias
        np.maximum(pooled, 0, out=pooled)
        hidden = np.maximum(pooled @ self._hidden + self._hidden_bias, 0)
        strongest: npt.NDArray[np.float64] = (hidden @ self._out + self._out_bias).max(axis=0)
        return strongest

    def _forget(self) -> tuple[dict[str, int], Floats]:
        return {}, np.zeros((_KNOWN, self._table.shape[1]), np.float32)

    def _look_up(self, found: list[str]) -> tuple[list[int], Floats]:
        """Give the row of each word in the table of known words, which only ever grows at its end.

        A full table is replaced as a whole, so that a thread that still reads the old one is safe.
        """
        index, known = self._known
        ids = list(map(index.get, found))
        if None not in ids:
            return ids, known  # type: ignore[return-value]
        with self._lock:
            index, known = self._known
            new = list(dict.fromkeys([word for word in found if word not in index]))
            if len(index) + len(new) > _KNOWN:
                self._known = index, known = self._forget()
                new = list(dict.fromkeys(found))
            if new:
                rows = range(len(index), len(index) + len(new))
                known[rows.start : rows.stop] = self._numbers(new)
                index.update(zip(new, rows, strict=True))
            return [index[word] for word in found], known

    def _numbers(self, new: list[str]) -> Floats:
        """Work out the numbers of each new word: shape (words, 16)."""
        whole, rows, sizes = embedding_rows(new)
        three, four, five = self._table.take(rows, axis=0)
        three += four
        three += five
        mixed: Floats = np.add.reduceat(three, sizes.cumsum() - sizes, axis=0)
        mixed /= np.maximum(3 * sizes - 9, 1).astype(np.float32)[:, None]  # so many n-grams it has
        mixed += self._table.take(whole, axis=0)
        mixed = np.rint(mixed, out=mixed)
        mixed *= _QUANTUM
        return mixed


def _chance(logit: float, before: list[float], after: list[float]) -> float:
    """Follow a curve of straight pieces, flat at its ends, to the final logit and its chance."""
    logit = min(max(logit, before[0]), before[-1])
    at = min(bisect_right(before, logit), len(before) - 1)
    part = (logit - before[at - 1]) / (before[at] - before[at - 1])
    return 1 / (1 + math.exp(-(after[at - 1] + part * (after[at] - after[at - 1]))))


def _plain(batch: Sequence[str]) -> str:
    """Words with blanks between them: drawn-out letters are two, quotes alike, emphasis left out."""
    joined = " ".join(batch)
    if "*" in joined:
        joined = " ".join([_unstarred(word) if word[-1] == "*" else word for word in batch])
    return _DRAWN_OUT.sub(r"\1\1", joined.replace("’", "'"))


def _unstarred(word: str) -> str:
    head = word.rstrip("*")
    return head if len(head) >= 4 else word
