"""Values found once, found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.known import Known, name_parts, values_of
from llm_guard_protecto.models import Span


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("Ann", "Ann and Annual, ann; Ann's", [0, 21]),
        ("Ann Berg", "Ann Berg, Ann, Ann Berger", [0]),
        ("(555) 987-6543", "tel:(555) 987-6543x", [4]),
        ("4111111111111111", "x4111111111111111y", [1]),
        ("王小明", "我叫王小明。", [2]),
        ("O'Hara", "Mr O'Hara and O'Harap", [3]),
        ("a1", "a1 ba1 a1b", [0]),
        ("x", "x x x", []),
        ("--", "-- --", []),
        (".hidden", "see .hidden and x.hidden", [4, 17]),
    ],
)
def test_where_a_value_is_found(value: str, text: str, expected: list[int]) -> None:
    assert [span.start for span in Known({value: "PERSON"}).find(text)] == expected


@given(
    value=st.text(min_size=2, max_size=12).filter(lambda v: any(c.isalnum() for c in v)),
    before=st.text(alphabet=" .,;(\n", max_size=5),
    after=st.text(alphabet=" .,;)\n", max_size=5),
)
def test_a_value_between_borders_is_always_found(value: str, before: str, after: str) -> None:
    """Whatever it is made of."""
    text = f"{before} {value} {after}"
    places = {(span.start, span.end) for span in Known({value: "PERSON"}).find(text)}
    assert (len(before) + 1, len(before) + 1 + len(value)) in places


@given(text=st.text(max_size=60), values=st.lists(st.text(max_size=4), max_size=5))
def test_what_is_found_is_there(text: str, values: list[str]) -> None:
    known = Known(dict.fromkeys(values, "PERSON"))
    for span in known.find(text):
        assert text[span.start : span.end] in values


def test_nothing_shows_the_values() -> None:
    known = Known({"Ann Berg": "PERSON", "555-1234": "PHONE_NUMBER"})
    assert repr(known) == "Known(2 values)"
    assert known
    assert not Known({})


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("John Doe", ["John", "Doe"]),
        ("Anne-Marie O'Neil", ["Anne-Marie", "O'Neil"]),
        ("Ludwig van der Berg", ["Ludwig", "Berg"]),
        ("J. R. Ivanova", ["Ivanova"]),
        ("Will Carraway", ["Carraway"]),
        ("sarah johnson", []),
        ("Johnson", []),
    ],
)
def test_the_parts_of_a_name(name: str, parts: list[str]) -> None:
    assert name_parts(name) == parts


def test_a_surname_alone_is_the_same_person() -> None:
    text = "I met Dana Okonkwo. Okonkwo said the okonkwo report was late."
    values = values_of(text, [Span(6, 18, "PERSON")])
    assert [span.start for span in Known(values).find(text)] == [6, 6, 11, 20]
