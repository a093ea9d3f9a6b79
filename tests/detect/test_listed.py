"""Lists of known values: found as whole words, however many there are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.listed import LONGEST, MOST_WORDS, Listed
from llm_guard_protecto.errors import ConfigurationError


def found(values: list[str], text: str, *, fold: bool = False) -> list[str]:
    return [text[start:end] for start, end in Listed(values, fold=fold).find(text)]


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("Ann", "Ann, Annual, Joann; Ann_1 and (Ann)", ["Ann", "Ann"]),
        ("Ann Berg", "Ann Berg; Ann\n  Berg; Ann-Berg; Ann Bergs", ["Ann Berg", "Ann\n  Berg"]),
        ("  Ann   Berg ", "Ann Berg", ["Ann Berg"]),
        ("O'Neil", "Mrs O'Neil and ONeil, O'Neill", ["O'Neil"]),
        ("@ann", "ann @ann", ["@ann"]),
        ("C++ (old)", "C++ (old), C++ old", ["C++ (old)"]),
        ("北极星", "我在北极星工作", ["北极星"]),
        ("สมชาย", "คุณสมชายมา", ["สมชาย"]),
        ("Zoë Ångström", "by Zoë Ångström.", ["Zoë Ångström"]),
        ("EMP-1", "EMP-1 EMP-12 TEMP-1", ["EMP-1"]),
        ("\ud800x1", "a \ud800x1 b", ["\ud800x1"]),
    ],
)
def test_a_value_is_found_as_whole_words(value: str, text: str, expected: list[str]) -> None:
    assert found([value], text) == expected


def test_case_counts_unless_it_is_folded() -> None:
    text = "ANN BERG, Ann Berg, STRASSE"
    assert found(["Ann Berg", "Straße"], text) == ["Ann Berg"]
    assert found(["Ann Berg", "Straße"], text, fold=True) == ["ANN BERG", "Ann Berg", "STRASSE"]


def test_values_may_overlap_and_begin_alike() -> None:
    values = ["Ann", "Ann Berg", "Berg Dahl", "Ann Berg Dahl"]
    assert found(values, "Ann Berg Dahl") == ["Ann", "Ann Berg", "Ann Berg Dahl", "Berg Dahl"]


words = st.lists(st.sampled_from(["Ann", "ann", "Berg", "x1", "42", "Zoë"]), min_size=1, max_size=3)
values_ = st.lists(words.map(" ".join), max_size=8)


@given(
    values=values_,
    text=st.lists(st.sampled_from(["Ann", "ann", "Berg", "x1", "42", "Zoë", ",", ".", "-"])),
)
def test_it_finds_what_a_plain_search_finds(values: list[str], text: list[str]) -> None:
    joined = " ".join(text)
    expected = {
        match.span(1)
        for value in values
        for match in re.finditer(rf"(?<!\w)(?=({re.escape(value)})(?!\w))", joined)
    }
    assert set(Listed(values).find(joined)) == expected


@given(text=st.text())
def test_any_text_is_a_legal_text(text: str) -> None:
    for start, end in Listed(["ab", "Ann Berg", "ß9"], fold=True).find(text):
        assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x", "value 2 is shorter than two characters"),
        ("", "value 2 is shorter"),
        ("--", "value 2 holds no letter or digit"),
        ("x" * (LONGEST + 1), "value 2 is longer than 200 characters or 32 words"),
        ("x " * MOST_WORDS + "y", "value 2 is longer"),
    ],
)
def test_a_value_that_cannot_be_looked_for_is_refused(value: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Listed(["fine", value])


def test_the_longest_value_that_is_legal_is_found() -> None:
    value = " ".join(["word"] * MOST_WORDS)
    assert found([value], f"so {value}.") == [value]


def test_many_values_take_little_memory_and_each_is_found() -> None:
    values = [f"Name{number} Family{number * 7}" for number in range(60_000)]
    listed = Listed(values)
    assert len(listed) == len(values)
    assert listed.size < 6_000_000
    for value in values[::5_000]:
        assert len(listed.find(f"to {value}!")) == 1
    assert listed.find("Name1 Family8, Name2 Family") == []


def test_an_empty_list_finds_nothing_and_no_list_shows_its_values() -> None:
    assert Listed([]).find("text") == []
    assert repr(Listed(["Ann Berg"])) == "Listed(1 values)"
