"""What is repeated is run once, and comes out as if it had been run everywhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.repeats import FEWEST, needed

SIGHT = 3


def seen(keys: np.ndarray, at: int) -> tuple[int, ...]:
    """All that a row's scores depend on."""
    padded = np.concatenate([np.full(SIGHT, -1), keys, np.full(SIGHT, -1)])
    return tuple(padded[at : at + 2 * SIGHT + 1].tolist())


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=12),
    st.integers(0, 400),
    st.lists(st.integers(-1, 4), max_size=40),
)
def test_each_row_has_a_double_that_sees_the_same(
    piece: list[int], at: int, other: list[int]
) -> None:
    keys = np.resize(piece, 2 * FEWEST)
    keys[at : at + len(other)] = other
    found = needed(keys, SIGHT)
    assert found is not None
    kept, back = found
    for row in {*range(0, len(keys), 37), *range(at, at + len(other) + SIGHT)}:
        double = int(kept[back[row]])
        assert seen(keys, row) == seen(keys, double)
        around = range(max(double - SIGHT, 0), min(double + SIGHT + 1, len(keys)))
        assert set(around) <= set(kept.tolist())


def test_a_text_repeated_more_often_takes_no_more_rows() -> None:
    def rows(times: int) -> int:
        found = needed(np.resize(np.arange(7), times * FEWEST), SIGHT)
        assert found is not None
        return len(found[0])

    assert rows(1) == rows(20) < 40


def test_nothing_is_sought_in_a_short_text_and_nothing_found_in_a_varied_one() -> None:
    assert needed(np.zeros(FEWEST - 1, int), SIGHT) is None
    assert needed(np.arange(2 * FEWEST), SIGHT) is None
    assert needed(np.random.default_rng(1).integers(0, 50, 3 * FEWEST), SIGHT) is None
