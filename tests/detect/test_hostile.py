"""Texts made to be slow: the work grows with their length and no faster, and nothing is left out."""

from __future__ import annotations

import sys
from functools import cache
from types import FrameType

import pytest

from llm_guard_protecto.detect.find import find
from llm_guard_protecto.engine.decide import decide
from llm_guard_protecto.policy import Policy
from tests.bench.hostile import hostile

SMALL, LARGE = 1_000, 4_000
KINDS = sorted(hostile(1))


@cache
def texts(size: int) -> dict[str, str]:
    return hostile(size)


def detect(text: str) -> int:
    """Search a text, and tell how many characters of it are masked."""
    decided = decide(text, find([text])[0], Policy.built_in())
    return sum(span.end - span.start for span in decided.masked)


def work(text: str) -> int:
    """How many calls it takes to search a text a second time, when every word is known."""
    calls = 0

    def count(_frame: FrameType, event: str, _what: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    detect(text)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        detect(text)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("kind", KINDS)
def test_work_grows_with_the_text_and_no_faster(kind: str) -> None:
    little, much = (work(texts(size)[kind]) for size in (SMALL, LARGE))
    assert much < 1.5 * LARGE / SMALL * little + 1_500


@pytest.mark.parametrize(
    "kind",
    ["addresses said", "mailboxes", "mailboxes with percent", "rows of numbers", "streets"],
)
def test_what_comes_again_and_again_is_masked_to_the_end(kind: str) -> None:
    little, much = (detect(texts(size)[kind]) for size in (SMALL, LARGE))
    assert much > 0.9 * LARGE / SMALL * little > 0


@pytest.mark.parametrize("letter", ["é", "Ä", "٣", "字"])
def test_a_foreign_letter_beside_an_account_number_breaks_nothing(letter: str) -> None:
    for text in (f"GB82 WEST 1234 5698 7654 3{letter}", f"DE89 3704 0044 0532 0130 0{letter} x"):
        assert find([text]) == [find([text])[0]]
