"""Builds the lexicon that ships: which words get a vector of their own, which are on what list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from llm_guard_protecto.detect.features import FLAGS, Lexicon, fold, key
from llm_guard_protecto.detect.words import split
from llm_guard_protecto.training.grammar import Marked
from llm_guard_protecto.training.names import Names

__all__ = ["build", "plain_texts"]

_VOCABULARY = 48_000
_RARE = 3  # fewer sightings than this get no vector


def plain_texts(path: Path) -> Iterable[str]:
    """The texts of a JSON lines file with a `text` each."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def build(
    marked: Iterable[Marked],
    unlabelled: Iterable[str],
    names: Names,
    ordinary: Collection[str] = (),
) -> Lexicon:
    """Count words in `marked` for the vocabulary, in `unlabelled` for common and proper words.

    `ordinary` words, in lower case, are common and not proper whatever the counts say.
    """
    seen: Counter[str] = Counter()
    low: Counter[str] = Counter()
    high: Counter[str] = Counter()
    for found in marked:
        seen.update(fold(form) for form in split(found.text).forms)
    for text in unlabelled:
        _count_cases(text, low, high)
    vocabulary = sorted({key(word) for word, n in seen.most_common(_VOCABULARY) if n >= _RARE})
    flags: dict[int, int] = {}

    def put(words: Iterable[str], flag: str) -> None:
        bit = 1 << FLAGS.index(flag)
        for word in words:
            for form in split(word).forms:
                if any(char.isalpha() for char in form):
                    at = key(fold(form))
                    flags[at] = flags.get(at, 0) | bit

    put((name for name in names.all_given()), "first")
    put((name for name in names.all_family()), "last")
    put(names.cities, "city")
    put((*names.countries, *(name for name, _ in names.states)), "region")
    put((word for word, n in low.items() if n >= 2 and n > high[word] / 2), "common")
    put((word for word, n in low.items() if n >= 25 and n > high[word]), "frequent")
    put(ordinary, "common")
    known = frozenset(ordinary)
    proper = (word for word, n in high.items() if n >= 2 and n > 3 * low[word])
    put((word for word in proper if word not in known), "proper")
    put((name for name in names.organisations if name.lower() not in low), "organisation")
    listed = sorted(flags)
    return Lexicon(
        np.array(vocabulary, np.uint32),
        np.array(listed, np.uint32),
        np.array([flags[at] for at in listed], np.uint8),
    )


def _count_cases(text: str, low: Counter[str], high: Counter[str]) -> None:
    """Count words in lower case, and capitalised ones that do not begin a sentence."""
    if text == text.lower() or text == text.upper():
        return
    before = "."
    for form in split(text).forms:
        if form.isalpha():
            if form.islower():
                low[form] += 1
            elif form.istitle() and (before.isalpha() or before == ",") and before.islower():
                high[form.lower()] += 1
        before = form
