"""Overlaps: who wins, and that nothing found is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.engine.resolve import resolve
from llm_guard_protecto.models import Span


def spans_of(text: str) -> st.SearchStrategy[list[Span]]:
    end = len(text)
    return st.lists(
        st.builds(
            lambda a, b, entity, score, rule: Span(min(a, b), max(a, b) + 1, entity, score, rule),
            st.integers(0, end - 1),
            st.integers(0, end - 1),
            st.sampled_from(["PERSON", "PHONE_NUMBER", "URL"]),
            st.sampled_from([0.5, 0.7, 0.9, 1.0]),
            st.sampled_from(["tagger", "rule"]),
        ),
        max_size=8,
    )


@given(data=st.data(), text=st.text(alphabet="ab 1.-\n", min_size=1, max_size=30))
def test_spans_are_disjoint_and_cover_what_was_found(data: st.DataObject, text: str) -> None:
    found = data.draw(spans_of(text))
    kept = resolve(text, found)
    end = 0
    for span in kept:
        assert end <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        end = span.end
    covered = {at for span in kept for at in range(span.start, span.end)}
    for span in found:
        for at in range(span.start, span.end):
            assert at in covered or not text[at].isalnum()
    assert resolve(text, kept) == kept


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        pytest.param(
            "x https://a.example/p",
            [(2, 21, "URL", 0.9, "url"), (10, 19, "ORG", 0.99, "tagger")],
            [(2, 21, "URL")],
            id="a checked rule beats the tagger",
        ),
        pytest.param(
            "Ann Lee 555 1234",
            [(0, 11, "PERSON", 0.9, "tagger"), (8, 16, "PHONE_NUMBER", 0.9, "phone")],
            [(0, 7, "PERSON"), (8, 16, "PHONE_NUMBER")],
            id="what sticks out of a loser stays found",
        ),
        pytest.param(
            "Sarah Jane Mitchell",
            [(0, 5, "PERSON", 0.9, "tagger"), (0, 19, "PERSON", 0.6, "tagger")],
            [(0, 19, "PERSON")],
            id="the longer beats the surer",
        ),
        pytest.param(
            " Ann ",
            [(0, 5, "PERSON", 0.9, "tagger")],
            [(1, 4, "PERSON")],
            id="white space goes",
        ),
        pytest.param("   ", [(0, 3, "PERSON", 0.9, "tagger")], [], id="nothing left"),
        pytest.param(
            "4111 1111 1111 1111",
            [(0, 19, "CREDIT_CARD", 1.0, "card"), (5, 14, "PHONE_NUMBER", 0.8, "phone")],
            [(0, 19, "CREDIT_CARD")],
            id="nested",
        ),
    ],
)
def test_examples(
    text: str,
    found: list[tuple[int, int, str, float, str]],
    kept: list[tuple[int, int, str]],
) -> None:
    resolved = resolve(text, [Span(*one) for one in found])
    assert [(span.start, span.end, span.entity) for span in resolved] == kept
