"""Samples as the columns of numbers that the network reads, with tables cut to what occurs.

A user's texts touch a few thousand of the rows of the large tables. Only these are trained, so
they are taken out once, and put back when the training is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Lexicon, WordFeatures, describe
from llm_guard_protecto.detect.network import TAGS
from llm_guard_protecto.training.samples import IGNORE, Sample
from llm_guard_protecto.tuning.gradients import TABLES, Array, Batch

__all__ = ["Corpus", "Lesson", "lesson", "shuffled"]

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
_LAYER = re.compile(r"mix|layouts|conv\d+(_bias)?|out|bias")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One text as words, and how likely each tag of each word should be [words, tags]."""

    forms: list[str] = field(repr=False)
    layouts: list[int]
    wanted: Floats


def lesson(marked: Sample) -> Lesson:
    """What a marked text teaches: its tags for certain, nothing where they are to be ignored."""
    tags = np.array(marked.tags, np.int32)
    wanted = np.eye(len(TAGS), dtype=np.float32)[np.where(tags == IGNORE, 0, tags)]
    wanted[tags == IGNORE] = 0
    return Lesson(marked.forms, marked.layouts, wanted)


@dataclass(frozen=True, slots=True)
class _Words:
    """The features of every distinct word, by its number; the rows are those of the cut tables."""

    rows: Ints
    parts: Ints
    shares: npt.NDArray[np.float32]
    shapes: Ints
    flags: npt.NDArray[np.float32]


class Corpus:
    """All texts of one training: their words, and the parameters that these words touch."""

    def __init__(
        self, texts: Sequence[Sample], arrays: Mapping[str, npt.NDArray[Any]], gap: int
    ) -> None:
        """`arrays` are those of a weights file; `gap` rows keep two texts apart."""
        self._gap = gap
        self._ids = {"": 0}
        for one in texts:
            for form in one.forms:
                self._ids.setdefault(form, len(self._ids))
        lexicon = Lexicon(arrays["vocabulary"], arrays["listed"], arrays["flags"])
        found = describe(list(self._ids), lexicon)
        self._rows: dict[str, Ints] = {}
        columns = {}
        for name, used in zip(TABLES, (found.rows, found.parts, found.shapes), strict=True):
            there, mine = np.unique(np.concatenate([[0], used]), return_inverse=True)
            self._rows[name] = there.astype(np.int32)
            columns[name] = mine.reshape(-1)[1:].astype(np.int32)
        parts, shares = _padded(found, columns["parts"])
        self._words = _Words(columns["words"], parts, shares, columns["shapes"], found.flags)
        self.parameters: dict[str, Array] = {
            name: (array[self._rows[name]] if name in TABLES else array).astype(np.float32)
            for name, array in arrays.items()
            if name in TABLES or _LAYER.fullmatch(name)
        }

    def batch(
        self, lessons: Sequence[Lesson], hidden: npt.NDArray[np.bool_] | None = None
    ) -> Batch:
        """One batch. Of the `hidden` words, by number, nothing is known but the look."""
        words: list[int] = []
        layouts: list[int] = []
        real: list[int] = []
        gap = self._gap
        nothing = np.zeros((gap, len(TAGS)), np.float32)
        wanted: list[Floats] = []
        for one in lessons:
            words += [0] * gap + [self._ids[form] for form in one.forms]
            layouts += [0] * gap + one.layouts
            real += [0] * gap + [1] * len(one.forms)
            wanted += [nothing, one.wanted]
        there, mine = np.unique(np.array(words, np.int32), return_inverse=True)
        rows, flags = self._words.rows[there], self._words.flags[there]
        if hidden is not None:
            seen = ~hidden[there]
            rows, flags = rows * seen, flags * seen[:, None]
        return Batch(
            rows.astype(np.int32),
            self._words.parts[there],
            self._words.shares[there],
            self._words.shapes[there],
            flags.astype(np.float32),
            mine.reshape(-1).astype(np.int32),
            np.array(layouts, np.int32),
            np.array(real, np.float32),
            np.concatenate(wanted),
        )

    def numbers(self, forms: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Which of all words are among `forms`, by number."""
        there = np.zeros(len(self._ids), np.bool_)
        there[[self._ids[form] for form in forms]] = True
        return there

    def put_back(
        self, arrays: Mapping[str, npt.NDArray[Any]], trained: Mapping[str, Array]
    ) -> dict[str, npt.NDArray[Any]]:
        """`arrays` with the trained parameters in their places, in the file's own precision."""
        whole = dict(arrays)
        for name, array in trained.items():
            if name in TABLES:
                table = arrays[name].copy()
                table[self._rows[name]] = array
                whole[name] = table
            else:
                whole[name] = array.astype(arrays[name].dtype)
        return whole


def _padded(found: WordFeatures, parts: Ints) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Each word's parts in a row of its own, and what each counts for."""
    inside = np.arange(int(found.counts.max())) < found.counts[:, None]
    table = np.zeros(inside.shape, np.int32)
    table[inside] = parts
    return table, (inside / np.maximum(found.counts, 1)[:, None]).astype(np.float32)


def shuffled(
    lessons: Sequence[Lesson], size: int, chance: np.random.Generator
) -> Iterator[list[Lesson]]:
    """All lessons in random order, in batches of about `size` words."""
    batch: list[Lesson] = []
    words = 0
    for at in chance.permutation(len(lessons)).tolist():
        batch.append(lessons[at])
        words += len(lessons[at].forms)
        if words >= size:
            yield batch
            batch, words = [], 0
    if batch:
        yield batch
