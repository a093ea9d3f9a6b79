"""Templates: what they yield is marked where it says, and every shipped template can be read."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.training.grammar import Marked, Piece, expand, join, mark, unmark


def fill(slot: str) -> list[Piece]:
    return [(slot.upper(), "PERSON" if slot.startswith("full") else None)]


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("plain", {"plain"}),
        ("Hi {full}!", {"Hi FULL!"}),
        ("[[a|b]] c", {"a c", "b c"}),
        ("[[a[[1|2]]|{word}|]]x", {"a1x", "a2x", "WORDx", "x"}),
        ('{"a": [1, {"b": "{full}"}]}', {'{"a": [1, {"b": "FULL"}]}'}),
        ("a | b || c[0]", {"a | b || c[0]"}),
    ],
)
def test_expansions(template: str, texts: set[str]) -> None:
    seen = {join(expand(template, Random(n), fill)).text for n in range(60)}
    assert seen == texts


@pytest.mark.parametrize("template", ["[[a|b", "[[a]] b]]", "x ]]"])
def test_brackets_that_do_not_match_are_refused(template: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        expand(template, Random(1), fill)


def test_a_slot_is_marked_where_it_stands() -> None:
    assert mark(join(expand("Hi {full}!", Random(1), fill))) == "Hi ⟦PERSON:FULL⟧!"


PIECES = st.lists(
    st.tuples(st.text("ab \n.", max_size=6), st.sampled_from([None, "PERSON", "ORG"])), max_size=8
)


@given(PIECES)
def test_marks_and_positions_say_the_same(pieces: list[Piece]) -> None:
    found = join(pieces)
    assert found.text == "".join(text for text, _ in pieces)
    marked = [(text, entity) for text, entity in pieces if text and entity]
    assert [(found.text[a:b], entity) for a, b, entity in found.spans] == marked
    assert unmark(mark(found)) == found


def test_unmark() -> None:
    assert unmark("to ⟦PERSON:Ada\nMoss⟧.") == Marked("to Ada\nMoss.", ((3, 11, "PERSON"),))
