"""The tagger has to be surer in lines of code and of words in capitals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.doubt import believed
from llm_guard_protecto.models import Span


def one(text: str, value: str, score: float) -> bool:
    start = text.index(value)
    span = Span(start, start + len(value), "PERSON", score, "tagger")
    return believed(text, [span]) == [span]


@pytest.mark.parametrize(
    ("text", "value", "least"),
    [
        ("I met Dora in May", "Dora", 0.0),
        ("the TILDE is missing", "TILDE", 0.85),
        ("CALL DORA NOW", "DORA", 0.0),
        ("ask DORA MOSS", "DORA MOSS", 0.0),
        ("self.mick = Turtle()", "mick", 0.88),
        ("one (Dora) line\nname = Emin(3);", "Emin", 0.88),
        ("Dora wrote (\nf(x) = y;", "Dora", 0.0),
        ("I met Dora (my aunt", "Dora", 0.0),
    ],
)
def test_how_sure_it_has_to_be(text: str, value: str, least: float) -> None:
    assert one(text, value, least)
    assert not least or not one(text, value, least - 0.01)


@given(st.text(min_size=1), st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), max_size=5))
def test_it_only_leaves_out(text: str, places: list[tuple[int, float]]) -> None:
    spans = [
        Span(at % len(text), at % len(text) + 1, "ORG", score, "tagger") for at, score in places
    ]
    kept = believed(text, spans)
    assert [span for span in spans if span in kept] == kept
    assert all(span in kept for span in spans if span.score >= 0.9)
