"""Features of single words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.features import FLAGS, PARTS, SHAPES, Lexicon, describe, fold, key

ANY_WORD = st.text(st.characters(codec=None, categories=None), min_size=1, max_size=80)


def lexicon(*words: str, first: str = "") -> Lexicon:
    """A lexicon of `words`, of which `first` is a first name."""
    listed = np.array(sorted([key(first)]) if first else [], np.uint32)
    return Lexicon(
        np.array(sorted(key(word) for word in words), np.uint32),
        listed,
        np.full(len(listed), 1 << FLAGS.index("first"), np.uint8),
    )


def test_keys_are_the_same_everywhere() -> None:
    assert key("street") == 0xF0EED3D8
    assert key("müller") == 0xA3FA8E59


@pytest.mark.parametrize(
    ("word", "folded"),
    [("Street", "street"), ("4711", "0000"), ("O’Neil", "o'neil"), ("ÉMILE", "émile")],
)
def test_fold(word: str, folded: str) -> None:
    assert fold(word) == folded


def test_a_word_has_its_own_row_and_its_flags_in_any_case() -> None:
    found = describe(["ADA", "ada", "Bob", "zzz"], lexicon("ada", "bob", first="ada"))
    assert found.rows[0] == found.rows[1]
    assert found.rows[0] != found.rows[2]
    assert (found.rows[:3] > 0).all()
    assert found.rows[3] == 0
    assert found.flags[:, FLAGS.index("first")].tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "ADA"), ("ada", "Ada"), ("McX", "Mcx"), ("12", "123"), ("4b", "b4")]
)
def test_shapes_that_differ(one: str, other: str) -> None:
    shapes = describe([one, other], lexicon()).shapes
    assert shapes[0] != shapes[1]


@given(st.lists(ANY_WORD, max_size=8))
def test_any_words_have_features_in_range(words: list[str]) -> None:
    found = describe(words, lexicon("ada"))
    assert found.rows.shape == found.counts.shape == found.shapes.shape == (len(words),)
    assert found.flags.shape == (len(words), len(FLAGS))
    assert found.counts.sum() == len(found.parts)
    assert (found.counts > 0).all()
    assert ((found.parts >= 0) & (found.parts < PARTS)).all()
    assert ((found.shapes >= 0) & (found.shapes < SHAPES)).all()


@given(st.lists(ANY_WORD, min_size=1, max_size=8))
def test_features_do_not_depend_on_the_other_words(words: list[str]) -> None:
    together = describe(words, lexicon("ada"))
    alone = describe(words[-1:], lexicon("ada"))
    assert together.shapes[-1] == alone.shapes[0]
    assert together.parts[-alone.counts[0] :].tolist() == alone.parts.tolist()
