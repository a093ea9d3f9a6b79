"""Words and windows: nothing is lost, nothing overlaps, whatever the text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.words import LAYOUTS, pieces, split

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=300)
LINES = st.lists(st.text("ab c.\t", max_size=40), max_size=60).map("\n".join)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Ada's cat", ["Ada", "'", "s", "cat"]),
        ("O'Neil doesn't mind", ["O'Neil", "doesn't", "mind"]),
        ("Ann-Marie lives at 4B.", ["Ann", "-", "Marie", "lives", "at", "4B", "."]),
        ("wait...  what??", ["wait", "...", "what", "??"]),
        ("snake_case = f(x)", ["snake", "_", "case", "=", "f", "(", "x", ")"]),
        ("Jose\u0301 Mu\u0308ller", ["Jose\u0301", "Mu\u0308ller"]),
        ("\u200bZoë\x00!", ["\u200b", "Zoë", "\x00", "!"]),
        ("日本 東京", ["日本", "東京"]),
        ("\ud800x", ["\ud800", "x"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_words_of(text: str, forms: list[str]) -> None:
    assert split(text).forms == forms


@given(ANY_TEXT)
def test_words_are_the_text_without_its_white_space(text: str) -> None:
    words = split(text)
    assert "".join(words.forms) == "".join(c for c in text if not c.isspace())
    at = 0
    for form, start, end in zip(words.forms, words.starts, words.ends, strict=True):
        assert at <= start < end
        assert text[start:end] == form
        assert not text[at:start].strip()
        at = end
    assert all(0 <= layout < LAYOUTS for layout in words.layouts)
    assert len(words.layouts) == len(words)


@pytest.mark.parametrize("joint", ["", " ", "  ", "\n", "\n\n"])
def test_what_stands_between_words_is_told_apart(joint: str) -> None:
    layouts = {
        gap: split(f"Ada{gap}!").layouts[1] for gap in ("", " ", "  ", "\n", "\n\n") if gap != joint
    }
    assert split(f"Ada{joint}!").layouts[1] not in layouts.values()


def test_a_line_without_capitals_is_told_from_one_in_capitals() -> None:
    first, second, third = split("Ada x\nada x\nADA X").layouts[1::2]
    assert len({first, second, third}) == 3


@given(st.one_of(ANY_TEXT, LINES), st.integers(20, 200), st.integers(5, 40))
def test_windows_own_each_character_once(text: str, size: int, margin: int) -> None:
    windows = pieces(text, size, margin)
    assert windows[0][2] == 0
    assert windows[-1][3] == len(text)
    for here, after in pairwise(windows):
        assert here[3] == after[2]
    for start, end, own_start, own_end in windows:
        assert 0 <= start <= own_start <= own_end <= end <= len(text)
        assert own_end - own_start <= size + margin
        assert start == 0 or own_start - start >= margin
        assert end == len(text) or end - own_end >= margin


def test_windows_end_at_line_ends_where_there_are_some() -> None:
    text = "some words in a line\n" * 200
    for *_, own_end in pieces(text, 300, 50):
        assert text[own_end - 1] == "\n"
