"""Samples as arrays, and batches of them as tensors; each distinct word is described only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from llm_guard_protecto.detect.features import FLAGS, Lexicon, describe
from llm_guard_protecto.training.samples import IGNORE, Sample

__all__ = ["Batch", "Encoded", "Encoder", "batches"]

_COMMON = FLAGS.index("common")


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text: word numbers of the encoder, layouts and tags, an item a word each."""

    words: npt.NDArray[np.int32]
    layouts: npt.NDArray[np.int8]
    tags: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Batch:
    """What the network takes: the distinct words' features, then [texts, words] of everything.

    `hidden` and `plain` are its inputs with and without the chance that nothing is known of a
    word; `tags` are the right answers, IGNORE where there is none.
    """

    hidden: tuple[Tensor, ...]
    plain: tuple[Tensor, ...]
    tags: Tensor


@dataclass(slots=True)
class Encoder:
    """Numbers words and keeps their features, which depend on nothing but the lexicon."""

    lexicon: Lexicon
    _ids: dict[str, int] = field(default_factory=lambda: {"": 0}, repr=False)
    _described: int = 0
    rows: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    shapes: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    flags: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, len(FLAGS)), np.float32)
    )
    parts: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    starts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def encode(self, samples: Sequence[Sample]) -> list[Encoded]:
        """`samples` as arrays."""
        ids = self._ids
        found = [
            Encoded(
                np.array([ids.setdefault(form, len(ids)) for form in one.forms], np.int32),
                np.array(one.layouts, np.int8),
                np.array(one.tags, np.int8),
            )
            for one in samples
        ]
        self._describe()
        return found

    def _describe(self) -> None:
        fresh = list(self._ids)[self._described :]
        if not fresh:
            return
        found = describe(fresh, self.lexicon)
        self._described = len(self._ids)
        self.rows = np.concatenate([self.rows, found.rows])
        self.shapes = np.concatenate([self.shapes, found.shapes])
        self.flags = np.concatenate([self.flags, found.flags])
        self.parts = np.concatenate([self.parts, found.parts])
        self.counts = np.concatenate([self.counts, found.counts.astype(np.int64)])
        self.starts = np.cumsum(self.counts) - self.counts

    def batch(self, texts: Sequence[Encoded], rng: Random) -> Batch:
        """`texts` as one batch; `rng` decides of which words nothing is known."""
        shape = (len(texts), max(1, *(len(one.words) for one in texts)))
        words = np.zeros(shape, np.int64)
        layouts = np.zeros(shape, np.int64)
        tags = np.full(shape, IGNORE, np.int64)
        real = np.zeros(shape, np.float32)
        for i, one in enumerate(texts):
            n = len(one.words)
            words[i, :n], layouts[i, :n], tags[i, :n] = one.words, one.layouts, one.tags
            real[i, :n] = 1
        distinct, local = np.unique(words, return_inverse=True)
        local = local.reshape(shape)
        rows, flags, counts = self.rows[distinct], self.flags[distinct], self.counts[distinct]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        at = np.repeat(self.starts[distinct] - offsets[:-1], counts) + np.arange(offsets[-1])
        known = (rows > 0)[local].astype(np.float32)  # others have no vector at run time either
        # Now and then nothing is known of the rarer words of a text, as with names nobody listed.
        chance = np.random.default_rng(rng.getrandbits(32))
        rate = np.where(chance.random((shape[0], 1)) < 0.15, 0.75, 0.12)
        rate = np.where(flags[local][..., _COMMON] > 0, 0.05, rate)
        shown_word = (chance.random(shape) >= rate).astype(np.float32)
        shown_flags = (chance.random(shape) >= rate).astype(np.float32)
        first = (
            torch.from_numpy(rows.astype(np.int64)),
            torch.from_numpy(self.parts[at].astype(np.int64)),
            torch.from_numpy(offsets),
            torch.from_numpy(self.shapes[distinct].astype(np.int64)),
            torch.from_numpy(flags),
            torch.from_numpy(local),
            torch.from_numpy(layouts),
            torch.from_numpy(real),
        )
        return Batch(
            (*first, torch.from_numpy(known * shown_word), torch.from_numpy(shown_flags)),
            (*first, torch.from_numpy(known), torch.ones(shape)),
            torch.from_numpy(tags),
        )


def batches(texts: Sequence[Encoded], size: int, rng: Random) -> Iterator[list[Encoded]]:
    """Texts of about the same length together, `size` words a batch, in random order."""
    order = sorted(texts, key=lambda one: len(one.words) + rng.random() * 8)
    found: list[list[Encoded]] = [[]]
    for one in order:
        if max(len(one.words), 1) * (len(found[-1]) + 1) > size and found[-1]:
            found.append([])
        found[-1].append(one)
    rng.shuffle(found)
    yield from found
