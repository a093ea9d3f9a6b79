"""The training loop: the user's marks, and a rehearsal so that nothing else is forgotten.

Two things hold the network back: of the texts of the rehearsal it is to say what it said before,
as likely as before, and every parameter is drawn back to where it was. Words of the marked names
are hidden at random, so that it learns how a name looks and where it stands rather than the names
of the examples.
Deterministic for a seed, a NumPy and a machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.training.samples import Sample
from llm_guard_protecto.tuning.batches import Corpus, Lesson, lesson, shuffled
from llm_guard_protecto.tuning.gradients import Array, loss_and_gradients, scores
from llm_guard_protecto.tuning.weights_file import Arrays, dilations

__all__ = ["Settings", "fit"]

_TOGETHER = 64  # texts
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the new weights, next to the texts and the old weights."""

    epochs: int = 10
    seed: int = 1
    rate: float = 1e-3  # of the first epoch; falls to nothing, in a straight line
    back: float = 1.0  # how strongly a parameter is drawn back, times the rate
    batch: int = 400  # words
    rehearsed: int = 4_000  # words an epoch, or as many as there are to learn from
    hidden: float = 0.1  # of the words of marked names, in each batch


def fit(
    arrays: Mapping[str, npt.NDArray[Any]],
    taught: Sequence[Sample],
    rehearsed: Sequence[Sample] = (),
    own: Sequence[Sample] = (),
    settings: Settings | None = None,
    each: Callable[[int, float], None] | None = None,
) -> Arrays:
    """The arrays of a weights file after training on `taught`.

    The tags of `rehearsed` (ordinary texts) and `own` (the user's texts without marks) are not
    read: what the tagger says before the training stands in for them. In the user's own texts a
    word is kept as no name only if the marks say so too, for it may be part of a name that is to
    be learnt. `each` is called after each epoch with its number from 1 and the mean loss.
    """
    settings, each = settings or Settings(), each or _silent
    steps = dilations(arrays)
    corpus = Corpus([*taught, *rehearsed, *own], arrays, max(steps))
    chance = np.random.default_rng(settings.seed)
    ordinary, names = _ordinary_and_names(taught)
    lessons = [lesson(one) for one in taught]
    kept = _as_before(rehearsed, corpus, steps)
    kept += [_careful(one, ordinary) for one in _as_before(own, corpus, steps)]
    in_names = corpus.numbers(names)
    adam = _Adam(corpus.parameters, settings)
    for epoch in range(1, settings.epochs + 1):
        adam.rate = settings.rate * (1 - (epoch - 1) / settings.epochs)
        losses = []
        today = [*lessons, *_some(kept, max(settings.rehearsed, _words(lessons)), chance)]
        for batch in shuffled(today, settings.batch, chance):
            hidden = in_names & (chance.random(len(in_names)) < settings.hidden)
            loss, slopes = loss_and_gradients(adam.parameters, steps, corpus.batch(batch, hidden))
            adam.step(slopes)
            losses.append(loss)
        each(epoch, float(np.mean(losses)) if losses else 0.0)
    return corpus.put_back(arrays, adam.parameters)


class _Adam:
    """Adam, with a pull of every parameter towards where it began."""

    def __init__(self, parameters: Mapping[str, Array], settings: Settings) -> None:
        self.parameters = {name: array.copy() for name, array in parameters.items()}
        self._began = parameters
        self.rate = settings.rate
        self._back = settings.back
        self._done = 0
        self._mean = {name: np.zeros_like(array) for name, array in parameters.items()}
        self._square = {name: np.zeros_like(array) for name, array in parameters.items()}

    def step(self, slopes: Mapping[str, Array]) -> None:
        """Move every parameter a little, no gradient being longer than 1."""
        self._done += 1
        length = float(np.sqrt(sum(float((slope**2).sum()) for slope in slopes.values())))
        shorter = np.float32(1 / max(1.0, length))
        first, second = 1 - 0.9**self._done, 1 - 0.999**self._done
        for name, slope in slopes.items():
            slope = slope * shorter
            mean, square = self._mean[name], self._square[name]
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope**2 - square)
            value = self.parameters[name]
            value -= self.rate * self._back * (value - self._began[name])
            value -= self.rate * (mean / first) / (np.sqrt(square / second) + 1e-8)


def _as_before(texts: Sequence[Sample], corpus: Corpus, steps: Sequence[int]) -> list[Lesson]:
    """What the tagger says of texts before it is trained, as what it is to say afterwards."""
    lessons = [lesson(one) for one in texts if one.forms]
    kept: list[Lesson] = []
    for at in range(0, len(lessons), _TOGETHER):
        some = lessons[at : at + _TOGETHER]
        batch = corpus.batch(some)
        found = scores(corpus.parameters, steps, batch)[batch.real > 0]
        found = np.exp(found - found.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        ends = np.cumsum([len(one.forms) for one in some])
        kept += [
            replace(one, wanted=wanted.astype(np.float32))
            for one, wanted in zip(some, np.split(found, ends[:-1]), strict=True)
        ]
    return kept


def _some(lessons: Sequence[Lesson], words: int, chance: np.random.Generator) -> list[Lesson]:
    """Lessons drawn at random, none twice, of about so many words."""
    drawn: list[Lesson] = []
    for at in chance.permutation(len(lessons)).tolist():
        if words <= 0:
            break
        drawn.append(lessons[at])
        words -= len(lessons[at].forms)
    return drawn


def _words(lessons: Sequence[Lesson]) -> int:
    return sum(len(one.forms) for one in lessons)


def _ordinary_and_names(taught: Sequence[Sample]) -> tuple[set[str], set[str]]:
    """Words that the marked texts show outside of marks only (in lower case), and names."""
    pairs = {pair for one in taught for pair in zip(one.forms, one.tags, strict=True)}
    names = {form for form, tag in pairs if tag > 0}
    marked = {form.lower() for form, tag in pairs if tag != 0}
    return {form.lower() for form, tag in pairs if tag == 0} - marked, names


def _careful(one: Lesson, ordinary: set[str]) -> Lesson:
    """The lesson with what is safe to keep where there may be names yet to be learnt.

    That is: words of names that the tagger is sure of, and words that the marks call ordinary.
    """
    kept = np.array([form.lower() in ordinary for form in one.forms])
    kept |= one.wanted[:, 1:].max(axis=1) >= _SURE
    return replace(one, wanted=one.wanted * kept[:, None])


def _silent(epoch: int, loss: float) -> None:
    del epoch, loss
