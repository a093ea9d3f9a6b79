"""Six toxicity scores of a text, from a small network distilled from two MIT-licensed ones.

A word is its own hashed row plus the mean of its hashed character n-grams, 16 numbers in all. What
it says to the word before it, to itself and to the word after it is worked out once and kept, so a
known word costs one look-up. Every place of a text adds up what its word and both neighbours
say, each unit keeps its strongest place, and two small layers turn that into six scores. Long
texts are read in windows of 100 words that overlap, and the strongest window counts: a long
harmless document does not hide one abusive line.

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
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.expression import expression

__all__ = ["FLOOR", "LABELS", "Scorer", "embedding_rows", "scorer", "toxicity", "windows", "words"]

#: The names of the scores, in the order in which they are given.
LABELS = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")

#: What a harmless text scores, label by label: Protecto's usual answer for one.
FLOOR = (0.0006, 0.00012, 0.00018, 0.00012, 0.00018, 0.00014)

#: Words read together, and words that two neighbouring windows share.
WINDOW, OVERLAP = 100, 10

#: Rows of the embedding table: first those of whole words, then those of n-grams.
WORD_ROWS, GRAM_ROWS = 1 << 15, 1 << 15

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Letters and digits; inside a word also the signs that stand for letters in masked abuse. A run
# without blanks is cut every 40 characters, so that no input makes one word expensive.
_WORD = expression(r"[@$]?[^\W_](?:[^\W_]|\*|[@$#'’](?=[^\W_*])){0,39}")
_DRAWN_OUT = expression(r"(.)\1{2,}")
_GRAMS = (3, 4, 5)
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
    return _WORD.findall(text.lower())


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
    """Hash words: (row of each word, rows of all n-grams, index of the word each belongs to)."""
    marked = [f"<{word}>" for word in _plain(batch)]
    whole = np.array(
        [zlib.crc32(word[1:-1].encode("utf-8", "surrogatepass")) % WORD_ROWS for word in marked]
    )
    code = np.frombuffer("".join(marked).encode("utf-32-le", "surrogatepass"), np.uint32)
    owner = np.repeat(np.arange(len(marked)), [len(word) for word in marked])
    rows: list[Ints] = []
    owners: list[Ints] = []
    for size in _GRAMS:
        first = len(code) - size + 1
        if first <= 0:
            continue
        mixed = np.full(first, 0x811C9DC5 + size, np.uint32)
        for step in range(size):
            mixed = (mixed ^ code[step : step + first]) * np.uint32(0x01000193)
        mixed ^= mixed >> np.uint32(15)
        mixed *= np.uint32(0x2C1B3C6D)
        mixed ^= mixed >> np.uint32(13)
        inside = np.flatnonzero(owner[:first] == owner[size - 1 :])
        rows.append(WORD_ROWS + (mixed[inside] % np.uint32(GRAM_ROWS)).astype(np.int64))
        owners.append(owner[inside])
    return whole, np.concatenate(rows), np.concatenate(owners)


class Scorer:
    """The network, with what is known of the words seen so far (bounded).

    Weights: `table` (rows, 16); `near` (16, 3 * units), what a word says to the place before it, to
    its own and to the one after it; `near_bias` (units); `hidden`, `hidden_bias`; `out`, `out_bias`;
    `curve_in` and `curve_out` (6, points), the calibration of each label's logit.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.floating]]) -> None:
        """Keep the table as whole quanta, which convert fastest, and the small layers as they are."""
        self._table = np.rint(weights["table"].astype(np.float32) / _QUANTUM).astype(np.int16)
        self._near = weights["near"].astype(np.float32)
        self._near_bias = weights["near_bias"].astype(np.float32)
        self._hidden, self._out = (weights[n].astype(np.float64) for n in ("hidden", "out"))
        self._hidden_bias = weights["hidden_bias"].astype(np.float64)
        self._out_bias = weights["out_bias"].astype(np.float64)
        self._curves: list[tuple[list[float], list[float]]] = list(
            zip(weights["curve_in"].tolist(), weights["curve_out"].tolist(), strict=True)
        )
        self._units = len(self._near_bias)
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
        strongest = np.full(len(LABELS), -np.inf)
        for at in range(0, len(covers), _WINDOWS_AT_ONCE):
            part = covers[at : at + _WINDOWS_AT_ONCE]
            np.maximum(strongest, self._read(found, part), out=strongest)
        return strongest

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
        # Row 0 is a blank that says nothing; one stands before, between and after the windows.
        places = np.concatenate(
            [[0, *ids[start - low : end - low]] for start, end in covers] + [[0]]
        )
        units = self._units
        said = known[places.astype(np.int64)]
        heard = said[1:-1, units : 2 * units] + said[2:, :units] + said[:-2, 2 * units :]
        heard += self._near_bias
        np.maximum(heard, 0, out=heard)
        lengths = np.array([end - start for start, end in covers])
        starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]])
        pooled = np.zeros((len(covers), units))
        if len(heard):
            edges = np.stack([starts, starts + lengths], axis=1).ravel()[:-1]
            pooled[:] = np.maximum.reduceat(heard, edges, axis=0)[::2]
        hidden = np.maximum(pooled @ self._hidden + self._hidden_bias, 0)
        strongest: npt.NDArray[np.float64] = (hidden @ self._out + self._out_bias).max(axis=0)
        return strongest

    def _forget(self) -> tuple[dict[str, int], Floats]:
        return {}, np.zeros((_KNOWN, 3 * self._units), np.float32)

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
            new = list(dict.fromkeys(word for word in found if word not in index))
            if len(index) + len(new) >= _KNOWN:
                self._known = index, known = self._forget()
                new = list(dict.fromkeys(found))
            if new:
                rows = range(len(index) + 1, len(index) + 1 + len(new))
                known[rows.start : rows.stop] = self._say(new)
                index.update(zip(new, rows, strict=True))
            return [index[word] for word in found], known

    def _say(self, new: list[str]) -> Floats:
        """Work out what each new word says: shape (words, 3 * units)."""
        whole, rows, owner = embedding_rows(new)
        order = np.argsort(owner, kind="stable")
        counts = np.bincount(owner, minlength=len(new))
        grams = np.add.reduceat(
            self._table[rows[order]].astype(np.float32), np.cumsum(counts) - counts, axis=0
        )
        mixed = self._table[whole].astype(np.float32) + grams / counts[:, None].astype(np.float32)
        said: Floats = (np.rint(mixed) * _QUANTUM) @ self._near
        return said


def _chance(logit: float, before: list[float], after: list[float]) -> float:
    """Follow a curve of straight pieces, flat at its ends, to the final logit and its chance."""
    logit = min(max(logit, before[0]), before[-1])
    at = min(bisect_right(before, logit), len(before) - 1)
    part = (logit - before[at - 1]) / (before[at] - before[at - 1])
    return 1 / (1 + math.exp(-(after[at - 1] + part * (after[at] - after[at - 1]))))


def _plain(batch: Sequence[str]) -> list[str]:
    """Shorten drawn-out letters to two, drop stars that are only emphasis, and unify quotes."""
    joined = " ".join([_unstarred(word) if word[-1] == "*" else word for word in batch])
    return _DRAWN_OUT.sub(r"\1\1", joined.replace("’", "'")).split(" ")


def _unstarred(word: str) -> str:
    head = word.rstrip("*")
    return head if len(head) >= 4 else word
