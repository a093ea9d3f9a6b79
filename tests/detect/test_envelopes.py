"""Addresses put together out of their parts. All addresses are invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.envelopes import completed
from llm_guard_protecto.models import Span
from tests.marked import unmark

# Marked: what was found before. Then: what is found now, over it.
COMPLETED = [
    (
        "a village between two parts",
        "⟦ADDRESS:Brückenstraße 4⟧, Oberlimpach, ⟦ADDRESS:3312 Fraubrunnen⟧",
        ["Oberlimpach"],
    ),
    (
        "a region in brackets",
        "⟦ADDRESS:12 Orta Sokak⟧\nYenice (Merkez)\n⟦LOCATION:Turkey⟧",
        ["Yenice (Merkez)"],
    ),
    (
        "lines of a quoted mail",
        "> ⟦ADDRESS:Suite 960⟧\n> Schuldt\n> ⟦ADDRESS:Germany⟧",
        ["Schuldt"],
    ),
    (
        "lower case on its own line",
        "⟦ADDRESS:apt 3⟧\nmarkse hoek\n⟦LOCATION:belgium⟧",
        ["markse hoek"],
    ),
    ("a postal code behind it", "⟦ADDRESS:4 Elm Row⟧, ⟦LOCATION:Estonia⟧ 10117", ["Estonia 10117"]),
    (
        "a house number before it",
        "at 808 ⟦ADDRESS:Hegyalja út⟧, ⟦ADDRESS:Eger⟧",
        ["808 Hegyalja út"],
    ),
    (
        "a street taken for a person",
        "808 ⟦PERSON:Vadas Imre⟧ u. 12.\n⟦ADDRESS:Apt. 762⟧\n⟦ADDRESS:Zala⟧",
        ["808 Vadas Imre u. 12"],
    ),
    (
        "a name that links two words",
        "⟦ADDRESS:Suite 7⟧, ⟦ADDRESS:Lhota⟧ u ⟦PERSON:Horek⟧ v ⟦ADDRESS:Podlesí⟧",
        ["Lhota u Horek v Podlesí"],
    ),
]

LEFT = [
    ("two places, no address", "⟦LOCATION:Paris⟧, Monday, ⟦LOCATION:Lyon⟧"),
    ("one part alone", "he lives at 9 ⟦ADDRESS:Elm Row⟧ 10117 days a year"),
    ("a sentence between", "⟦ADDRESS:4 Elm Row⟧, where we met her in May, ⟦LOCATION:Estonia⟧"),
    ("a blank line between", "⟦ADDRESS:4 Elm Row⟧\n\nGardening\n\n⟦ADDRESS:5 Oak Row⟧"),
    ("a telephone number between", "⟦ADDRESS:4 Elm Row⟧\n⟦PHONE_NUMBER:555 0100⟧\n⟦LOCATION:Oslo⟧"),
    ("two addresses of a sentence", "from ⟦ADDRESS:4 Elm Row⟧ to ⟦ADDRESS:5 Oak Row⟧"),
    ("a price behind it", "⟦ADDRESS:4 Elm Row⟧, ⟦LOCATION:Oslo⟧ 10117.50 a year"),
]


def spans_of(marked: str) -> tuple[str, list[Span]]:
    text, marks = unmark(marked)
    return text, [Span(start, end, entity, 0.9, "test") for entity, start, end in marks]


@pytest.mark.parametrize(("_", "marked", "expected"), COMPLETED, ids=[row[0] for row in COMPLETED])
def test_a_part_between_parts_is_drawn_in(_: str, marked: str, expected: list[str]) -> None:
    text, spans = spans_of(marked)
    assert [text[s.start : s.end] for s in completed(text, spans)] == expected


@pytest.mark.parametrize(("_", "marked"), LEFT, ids=[row[0] for row in LEFT])
def test_nothing_else_is_drawn_in(_: str, marked: str) -> None:
    assert completed(*spans_of(marked)) == []


_PIECES = st.sampled_from(
    [
        "⟦ADDRESS:4 Elm Row⟧",
        "⟦LOCATION:Oslo⟧",
        "⟦PERSON:Ada Moss⟧",
        "⟦CREDIT_CARD:4111⟧",
        "Vik",
        "12",
    ]
    + [", ", "\n", "\n> ", " ", "(", ")", ". ", "and", "\n\n", "10117"]
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_what_is_drawn_in_is_new_whole_and_covers_no_other_find(marked: str) -> None:
    text, spans = spans_of(marked)
    more = completed(text, spans)
    known = {(span.start, span.end) for span in spans}
    for span in more:
        part = text[span.start : span.end]
        assert part == part.strip()
        assert not set(part) & set(",;\n")
        assert (span.start, span.end) not in known
        assert not any(
            s.entity == "CREDIT_CARD" and s.start < span.end and span.start < s.end for s in spans
        )
    if not any(span.entity == "ADDRESS" for span in spans):
        assert more == []
