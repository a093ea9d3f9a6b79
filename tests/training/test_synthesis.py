"""Synthetic texts, their noise, and the samples made of them."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.detect.network import ENTITIES
from llm_guard_protecto.detect.stored import TAGS
from llm_guard_protecto.detect.words import split
from llm_guard_protecto.training.grammar import Marked, expand, join
from llm_guard_protecto.training.material import Material
from llm_guard_protecto.training.noise import rough, to_pieces
from llm_guard_protecto.training.samples import IGNORE, sample
from llm_guard_protecto.training.synthesis import KINDS, synthetic, templates
from tests.training.material import SMALL

SEEDS = st.integers(0, 1 << 30)


def consistent(found: Marked) -> None:
    at = 0
    for start, end, entity in found.spans:
        assert at <= start < end <= len(found.text)
        assert entity in ENTITIES
        assert found.text[start:end].strip()
        at = end


@pytest.mark.parametrize("kind", KINDS)
def test_every_template_can_be_filled(kind: str) -> None:
    assert len(templates(kind)) >= 10
    for template in templates(kind):
        for seed in range(3):
            consistent(join(expand(template, Random(seed), Material(Random(seed), SMALL))))


@pytest.mark.parametrize("kind", ["negatives", "code"])
def test_what_is_no_name_has_no_marks(kind: str) -> None:
    for template in templates(kind):
        assert not join(expand(template, Random(1), Material(Random(1), SMALL))).spans


def test_a_numbered_slot_is_one_person_throughout() -> None:
    found = join(expand("{full1}/{first1}/{last1}/{first2}", Random(3), Material(Random(3), SMALL)))
    full, first, last, _ = found.text.split("/")
    assert full.startswith(first)
    assert last in full


def test_an_unknown_slot_is_an_error() -> None:
    with pytest.raises(KeyError):
        expand("{nonsense}", Random(1), Material(Random(1), SMALL))


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_synthetic_texts_are_consistent_and_repeatable(seed: int) -> None:
    texts = list(synthetic(5, Random(seed), SMALL))
    assert len(texts) == 5
    for found in texts:
        consistent(found)
        noisy = rough(found, Random(seed))
        consistent(noisy)
        assert len(noisy.spans) == len(found.spans)
        assert join(to_pieces(found)) == found
    assert list(synthetic(5, Random(seed), SMALL)) == texts


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_tags_say_what_the_marks_say(seed: int) -> None:
    (found,) = synthetic(1, Random(seed), SMALL)
    made = sample(found)
    words = split(found.text)
    assert made.forms == words.forms
    tags = [TAGS[tag] for tag in made.tags]
    firsts = [at for at, tag in enumerate(tags) if tag[0] in "BS"]
    lasts = [at for at, tag in enumerate(tags) if tag[0] in "ES"]
    places = [
        (words.starts[first], words.ends[last], tags[first][2:])
        for first, last in zip(firsts, lasts, strict=True)
    ]
    # A word that begins or ends with punctuation of its own kind can reach beyond a mark.
    assert [entity for *_, entity in places] == [entity for *_, entity in found.spans]
    for (start, end, _), (a, b, _) in zip(places, found.spans, strict=True):
        assert start <= a
        assert b <= end


def test_a_place_that_teaches_nothing() -> None:
    made = sample(Marked("Ada saw Bo Li", ((0, 3, "PERSON"), (8, 13, "?"))))
    assert made.tags[2:] == [IGNORE, IGNORE]
    assert made.tags[0] > 0
    assert made.tags[1] == 0
