"""Positions in a text that is restored: they stay with the words they stood at."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.guard.positions import moved, rewritten
from llm_guard_protecto.guard.reader import Edit
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.wire.json_text import JsonText
from tests.guard.material import MAP, PEOPLE, cut

EDITS = [Edit(5, 10, "abc"), Edit(20, 21, "longer")]


@pytest.mark.parametrize(
    ("position", "start", "end"),
    [(0, 0, 0), (5, 5, 5), (7, 5, 8), (10, 8, 8), (20, 18, 18), (21, 24, 24), (30, 33, 33)],
)
def test_a_position_moves_with_what_stands_before_it(position: int, start: int, end: int) -> None:
    assert moved(position, EDITS) == start
    assert moved(position, EDITS, to_end=True) == end


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(["Hé ", PEOPLE.token_value, "and "]), max_size=4),
    st.lists(st.integers(0, 999), max_size=4),
)
def test_what_stands_between_two_positions_stays(parts: list[str], cuts: list[int]) -> None:
    """Every part begins where its first character went, however the text was cut."""
    text = "".join(parts)
    restorer = Restorer(MAP)
    restored = "".join([restorer.feed(piece) for piece in cut(text, cuts)]) + restorer.flush()
    at = 0
    for part in parts:
        start, end = (moved(n, restorer.edits) for n in (at, at + len(part)))
        assert restored[start:end] == part.replace(PEOPLE.token_value, PEOPLE.value)
        at += len(part)


def test_strings_and_numbers_are_rewritten_together() -> None:
    text = '{"b": 12, "a" : "x", "c": 1.0}'
    doc = JsonText(text)
    a, b = doc.at(("a",)), doc.at(("b",))
    assert a is not None
    assert b is not None
    assert rewritten(text, [(a, "é")], [(b, 7)]) == '{"b": 7, "a" : "\\u00e9", "c": 1.0}'
    assert rewritten(text, [], []) == text
