"""Trains the tagger: a large teacher on labelled and made-up texts, then the small network.

The small network learns from the same texts and from what the teacher says of them and of texts
without labels. Deterministic for a seed, a thread count, the versions and the kind of processor:
all chance comes from one seed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch

from llm_guard_protecto.training import corpora, lexicon
from llm_guard_protecto.training.batches import Encoded, Encoder
from llm_guard_protecto.training.fit import Course, fit
from llm_guard_protecto.training.grammar import Marked
from llm_guard_protecto.training.harmless import harmless
from llm_guard_protecto.training.languages import LANGUAGES, everyday, foreign
from llm_guard_protecto.training.more import more
from llm_guard_protecto.training.names import Names, names
from llm_guard_protecto.training.network import STUDENT, TEACHER, save
from llm_guard_protecto.training.noise import rough
from llm_guard_protecto.training.recipe import Recipe
from llm_guard_protecto.training.samples import sample
from llm_guard_protecto.training.sources import snippets
from llm_guard_protecto.training.synthesis import synthetic

__all__ = ["train"]

_GERMAN = ("german", "_de", "mobie", "grascco", "germeval")


@dataclass(frozen=True, slots=True)
class _Texts:
    """Where the texts of an epoch come from."""

    recipe: Recipe
    rng: Random
    names: Names
    labelled: list[Marked] = field(repr=False)
    foreign: list[Marked] = field(repr=False)  # labelled, other languages: half of it an epoch
    plain: list[str] = field(repr=False)

    def marked(self) -> list[Marked]:
        """An epoch of texts with labels."""
        recipe, rng, names = self.recipe, self.rng, self.names
        return [
            *self.labelled,
            *rng.sample(self.labelled, len(self.labelled) // 2),  # what people really write
            *rng.sample(self.foreign, len(self.foreign) // 2),
            *synthetic(recipe.synthetic, rng, names),
            *foreign(recipe.foreign, rng, names),
            *harmless(recipe.harmless, rng, names),
            *snippets(recipe.code, rng),
        ]

    def unmarked(self) -> list[Marked]:
        """Texts without labels for one epoch."""
        some = self.rng.sample(self.plain, min(self.recipe.plain, len(self.plain)))
        return [Marked(text, ((0, len(text), "?"),)) for text in some]

    def encoded(self, encoder: Encoder, marked: list[Marked]) -> list[Encoded]:
        """`marked` with noise, as the network takes them."""
        return encoder.encode([sample(rough(found, self.rng)) for found in marked])


def train(data: Path, unlabelled: Path, recipe: Recipe, target: Path) -> None:
    """Train on the corpora in `data` and ours, and write the weights to `target`."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    rng = Random(recipe.seed)  # noqa: S311
    packed = list(more(measuring=False))
    texts = _Texts(
        recipe,
        rng,
        names(),
        [found for _, (_, found) in corpora.texts(data, measuring=False)]
        + [found for source, (_, found) in packed if _is_english(source)],
        [found for source, (_, found) in packed if not _is_english(source)],
        list(lexicon.plain_texts(unlabelled)),
    )
    known = lexicon.build(
        [*texts.labelled, *texts.foreign, *texts.marked(), *texts.marked()],
        _running_text(texts, packed),
        texts.names,
        frozenset().union(*map(everyday, LANGUAGES)),
    )
    sys.stderr.write(f"{len(known.vocabulary)} words with vectors, {len(known.listed)} listed\n")
    encoder = Encoder(known)
    teacher = fit(
        TEACHER,
        Course(recipe.teacher_epochs, batch=1_500),
        lambda: texts.encoded(encoder, texts.marked()),
        encoder,
        rng,
    )
    small = fit(
        STUDENT,
        Course(recipe.epochs),
        lambda: texts.encoded(encoder, [*texts.marked(), *texts.unmarked()]),
        encoder,
        rng,
        [teacher.network],
    )
    save(small.network, known, small.seen_parts, target)


def _is_english(source: str) -> bool:
    """Whether a packed corpus is English."""
    return "_en" in source or source in {"hwu64", "emailcoref", "crossner", "silver_comments"}


def _running_text(texts: _Texts, packed: list[tuple[str, corpora.Row]]) -> Iterator[str]:
    """Texts in which capitals tell names: German ones are left out."""
    yield from texts.plain
    for source, (_, found) in packed:
        if not any(part in source for part in _GERMAN):
            yield found.text
