"""The derivatives are those of the loss, and the scores are those of the tagger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.detect.network import TAGS as NAMED_TAGS
from llm_guard_protecto.detect.network import Network, load
from llm_guard_protecto.detect.tagger import WEIGHTS
from llm_guard_protecto.detect.words import split
from llm_guard_protecto.training.grammar import Marked
from llm_guard_protecto.training.samples import Sample, sample
from llm_guard_protecto.tuning.batches import Corpus, lesson
from llm_guard_protecto.tuning.gradients import Batch, loss_and_gradients, scores
from llm_guard_protecto.tuning.rehearsal import check_set
from llm_guard_protecto.tuning.weights_file import dilations, read, write

Doubles = npt.NDArray[np.float64]
FLAGS, LAYOUTS, TAGS = 3, 4, 5
TWO = ("mix", "layouts")  # arrays as wide as the layers, and as long as what they read


def parameters(width: int, depth: int, chance: np.random.Generator) -> dict[str, Doubles]:
    shapes = {
        "words": (4, 3),
        "parts": (6, 2),
        "shapes": (3, 2),
        "mix": (3 + 2 + 2 + FLAGS, width),
        "layouts": (LAYOUTS, width),
        "out": (width, TAGS),
        "bias": (TAGS,),
    }
    for at in range(depth):
        shapes |= {f"conv{at}": (3 * width, width), f"conv{at}_bias": (width,)}
    made = {name: chance.normal(size=shape) for name, shape in shapes.items()}
    made["words"][0] = 0
    return made


def batch(rows: int, words: int, chance: np.random.Generator) -> Batch:
    counts = chance.integers(1, 4, words)
    shares = (np.arange(3) < counts[:, None]) / counts[:, None]
    wanted = chance.dirichlet(np.ones(TAGS), rows) * (chance.random((rows, 1)) < 0.7)
    wanted[0] = np.eye(TAGS)[1]
    return Batch(
        chance.integers(0, 4, words, np.int32),
        chance.integers(0, 6, (words, 3), np.int32),
        shares,
        chance.integers(0, 3, words, np.int32),
        chance.integers(0, 2, (words, FLAGS)).astype(np.float64),
        chance.integers(0, words, rows, np.int32),
        chance.integers(0, LAYOUTS, rows, np.int32),
        (chance.random(rows) < 0.8).astype(np.float64),
        wanted,
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(1, 5),
    steps=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    rows=st.integers(1, 7),
    words=st.integers(1, 4),
)
@settings(max_examples=25, deadline=None)
def test_gradients_are_the_finite_differences(
    seed: int, width: int, steps: list[int], rows: int, words: int
) -> None:
    chance = np.random.default_rng(seed)
    values = parameters(width, len(steps), chance)
    given = batch(rows, words, chance)
    _, found = loss_and_gradients(values, steps, given)
    assert set(found) == set(values)
    for name, value in values.items():
        way = chance.normal(size=value.shape)
        if name == "words":
            way[0] = 0  # the unknown word has no vector to learn
        step = 1e-6
        ahead, behind = (
            loss_and_gradients(values | {name: value + sign * step * way}, steps, given)[0]
            for sign in (1, -1)
        )
        slope = float((found[name] * way).sum())
        assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-3, abs=1e-6), name


def test_the_unknown_word_learns_nothing() -> None:
    chance = np.random.default_rng(4)
    values, given = parameters(3, 2, chance), batch(6, 3, chance)
    given = replace(given, rows=np.zeros_like(given.rows))
    assert not loss_and_gradients(values, (1, 2), given)[1]["words"].any()


def test_a_batch_that_teaches_nothing_is_refused() -> None:
    chance = np.random.default_rng(4)
    values, given = parameters(3, 1, chance), batch(3, 2, chance)
    with pytest.raises(ValueError, match="teaches nothing"):
        loss_and_gradients(values, (1,), replace(given, wanted=0 * given.wanted))


def another_network(path: Path) -> Path:
    """The shipped tables under layers of another width, number and reach, at random."""
    chance = np.random.default_rng(2)
    arrays = read(WEIGHTS)
    width, steps = 24, (1, 3, 2, 6)
    kept = {name: array for name, array in arrays.items() if not name.startswith("conv")}
    shapes: dict[str, tuple[int, ...]] = {name: (len(arrays[name]), width) for name in TWO}
    shapes |= {"out": (width, len(NAMED_TAGS)), "bias": (len(NAMED_TAGS),)}
    for at in range(len(steps)):
        shapes |= {f"conv{at}": (3 * width, width), f"conv{at}_bias": (width,)}
    made = {name: chance.normal(size=s, scale=0.3) for name, s in shapes.items()}
    made = {name: array.astype(np.float16) for name, array in made.items()}
    write(path, kept | made | {"dilations": np.array(steps, np.int32)})
    return path


@pytest.mark.parametrize("which", ["shipped", "another"])
def test_scores_are_those_of_the_tagger(tmp_path: Path, which: str) -> None:
    path = WEIGHTS if which == "shipped" else another_network(tmp_path / "other.npz")
    arrays = read(path)
    steps = dilations(arrays)
    samples = [sample(one) for one in check_set()]
    corpus = Corpus(samples, arrays, max(steps))
    given = corpus.batch([lesson(one) for one in samples])
    network = Network(load(path))
    forms: list[str] = []
    for one in samples:
        forms += [""] * max(steps) + one.forms
    gaps = np.flatnonzero(given.real == 0)
    theirs = network.scores(forms, given.layouts, gaps)
    ours = scores(corpus.parameters, steps, given)
    words = given.real > 0
    np.testing.assert_allclose(ours[words], theirs[words], atol=2e-3, rtol=1e-3)


def test_texts_of_a_batch_do_not_see_each_other() -> None:
    arrays = read(WEIGHTS)
    steps = dilations(arrays)
    one, other = (_plain(text) for text in ("Ada Moss writes", "to her bank in Leeds"))
    corpus = Corpus([one, other], arrays, max(steps))
    alone = scores(corpus.parameters, steps, corpus.batch([lesson(other)]))
    both = scores(corpus.parameters, steps, corpus.batch([lesson(one), lesson(other)]))
    np.testing.assert_allclose(both[-len(other.forms) :], alone[-len(other.forms) :], atol=1e-4)


def _plain(text: str) -> Sample:
    words = split(text)
    return Sample(words.forms, words.layouts, [0] * len(words))


def test_what_is_to_be_ignored_teaches_nothing() -> None:
    taught = lesson(sample(Marked("Ada Moss wrote", ((0, 8, "PERSON"),))))
    assert [NAMED_TAGS[at] for at in taught.wanted.argmax(axis=1)] == ["B-PERSON", "E-PERSON", "O"]
    unknown = lesson(sample(Marked("Ada Moss wrote", ((0, 8, "?"),))))
    assert unknown.wanted.sum(axis=1).tolist() == [0, 0, 1]
