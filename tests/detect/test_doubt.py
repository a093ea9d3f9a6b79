"""The tagger has to be surer in code, of words in capitals, and of numbers; fonts are no names."""

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


def addresses(text: str, *values: str) -> list[str]:
    """Which of these values, in this order in the text, are believed to be parts of an address."""
    spans, at = list[Span](), 0
    for value in values:
        start = text.index(value, at)
        at = start + len(value)
        spans.append(Span(start, at, "ADDRESS", 1.0, "tagger"))
    return [text[span.start : span.end] for span in believed(text, spans)]


def test_a_number_alone_is_no_address() -> None:
    assert addresses("V8\n46\n65107\n65294\n65295\n", "65107", "65294") == []
    assert addresses("24\t\tSc\n25\t27\tPo\n", "24\t\tSc", "27", "Po") == []
    assert addresses("12,Main Street\n10115,Berlin", "12", "Main Street", "10115") == [
        "12",
        "Main Street",
        "10115",
    ]
    far = "Main Street" + "\n" * 41 + "10115"
    assert addresses(far, "Main Street", "10115") == ["Main Street"]


def test_a_number_that_a_sentence_leads_to_is_left_to_the_tagger() -> None:
    assert addresses("I live in 90210 and love it", "90210") == ["90210"]
    assert addresses("at\tRG1 4QT", "RG1 4QT") == ["RG1 4QT"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("pre { font-family: Menlo, Monaco; }", []),
        ('{"fontFamily": "Menlo, Monaco"}', []),
        ("p { font-family: Georgia,\n    Menlo,\n    Monaco; }", []),
        (":root { --font-code: Menlo, Monaco }", []),
        ("<p style='font-family: Menlo, \"Monaco\"'>", []),
        ('<p style="font-family:Arial">Menlo, Monaco</p>', ["Menlo", "Monaco"]),
        ('{"fontFamily": "Arial", "by": "Menlo", "for": "Monaco"}', ["Menlo", "Monaco"]),
        ("font-family: serif, as Menlo told Monaco.", ["Menlo", "Monaco"]),
        ("font-family: serif; } /* by Menlo for Monaco */", ["Menlo", "Monaco"]),
        ("The font is nice, says Menlo in Monaco", ["Menlo", "Monaco"]),
        ("font-family: serif\nSent to Menlo, Monaco", ["Menlo", "Monaco"]),
    ],
)
def test_a_list_of_fonts_names_nobody(text: str, kept: list[str]) -> None:
    spans = [
        Span(text.index(name), text.index(name) + len(name), "LOCATION", 1.0, "tagger")
        for name in ("Menlo", "Monaco")
    ]
    assert [text[span.start : span.end] for span in believed(text, spans)] == kept


@given(st.text(min_size=1), st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), max_size=5))
def test_it_only_leaves_out(text: str, places: list[tuple[int, float]]) -> None:
    spans = [
        Span(at % len(text), at % len(text) + 1, "ORG", score, "tagger") for at, score in places
    ]
    kept = believed(text, spans)
    assert [span for span in spans if span in kept] == kept
    assert all(span in kept for span in spans if span.score >= 0.9)
