"""What the map knows of one request, and what it never shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.guard.tokenmap import TokenMap, units
from llm_guard_protecto.models import IndividualToken, Masked, rebuild
from tests.guard.material import MAP, PEOPLE, mask, masked_texts


@pytest.mark.parametrize(
    ("value", "token", "want"),
    [
        ("John", "x7Kwp", [("x7Kwp", "John")]),
        ("John Doe", "x7Kwp T4sdd", [("x7Kwp", "John"), ("T4sdd", "Doe")]),
        ("(555) 98-65", "(147) 09-47", [("147", "555"), ("09", "98"), ("47", "65")]),
        ("a.b@c.example", "x7Kwp@T4sdd", [("x7Kwp", "a.b"), ("T4sdd", "c.example")]),
        ("whole thing, kept", "x7Kwp", [("x7Kwp", "whole thing, kept")]),
        ("a-b-c", "x7Kwp-T4sdd", None),
        ("a b", "x7Kwp-T4sdd", None),
        ("John", "x7Kwp T4sdd", None),
        ("-", "--", None),
        ("", "x7Kwp", None),
        ("a", "(x7Kwp)", None),
        (" a", "x7Kwp T4sdd", None),
    ],
)
def test_units(value: str, token: str, want: list[tuple[str, str]] | None) -> None:
    assert units(value, token) == want


words = st.text("abAB1é", min_size=1, max_size=4)
gaps = st.text(" -.@,(", min_size=1, max_size=3)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.tuples(words, gaps), min_size=1, max_size=5), st.data())
def test_units_put_together_are_the_value(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    """With separators that no unit holds there is one way to cut, and it is found."""
    value = "".join(word + gap for word, gap in rows)
    token = "".join(f"r{n}x" + gap for n, (_, gap) in enumerate(rows))
    cut = units(value, token)
    assert cut is not None
    assert [unit for _, unit in cut] == [word for word, _ in rows]


def test_the_map_shows_counts_only() -> None:
    shown = repr(MAP) + str(MAP) + repr(list(MAP.exact.values())) + repr(list(MAP.forms.values()))
    for token in PEOPLE.individual_tokens:
        assert token.value not in shown
    assert repr(MAP) == "TokenMap(tokens=7, runs=20)"


def test_a_map_grows_without_changing_the_old_one() -> None:
    more = mask("Bo Li", ("Bo Li", "k2Wvp M8rtt", "PER"))
    larger = MAP.with_([more])
    assert restore("k2Wvp", MAP) == "k2Wvp"
    assert restore("k2Wvp and cn4Rv", larger) == "Bo and Sarah"
    assert MAP.with_([]) is MAP


@settings(deadline=None, max_examples=150)
@given(st.lists(masked_texts(), max_size=3))
def test_growing_is_the_same_as_making(texts: list[Masked]) -> None:
    grown = TokenMap()
    for text in texts:
        grown = grown.with_([text])
    made = TokenMap.of(texts)
    assert grown.forms == made.forms
    assert grown.exact == made.exact
    assert grown.folded == made.folded
    assert sorted(grown.fragments.split()) == sorted(made.fragments.split())
    for index in ("by_island", "by_first"):
        assert getattr(grown, index) == getattr(made, index)
    assert grown.prefixes == made.prefixes
    assert grown.words == made.words
    assert grown.planted == made.planted
    assert grown.links == made.links
    assert grown.wrappers_in_originals == made.wrappers_in_originals


@pytest.mark.parametrize("clear", ["<PER>", "see </per> here", "[PER]", "&lt;PER&gt;", "{PER}"])
def test_a_wrapper_in_clear_means_exact_wrappers_only(clear: str) -> None:
    masked = mask(f"{clear} and Ann Lee", ("Ann Lee", "x7Kwp T4sdd", "PER"))
    tokens = TokenMap.of([masked])
    assert tokens.wrappers_in_originals
    assert restore("[PER]x7Kwp[/PER]", tokens) == "[PER]Ann[/PER]"
    assert restore("<PER>x7Kwp</PER>", tokens) == "Ann"
    assert restore("<PER><PER>x7Kwp T4sdd</PER></PER>", tokens) == "<PER>Ann Lee</PER>"


def test_a_run_in_clear_is_restored_in_its_exact_form_only() -> None:
    for clear in ("x7Kwp", "X7KWP", "x7\nKwp", "the code x7*Kwp*", "x\u200b7Kwp"):
        masked = mask(f"{clear}; Ann", ("Ann", "x7Kwp", "PER"))
        tokens = TokenMap.of([masked])
        assert restore(masked.token_value, tokens) == masked.value
        assert restore("x7Kwp", tokens) == "x7Kwp"
        assert restore("<PER>x7Kwp</PER>", tokens) == "Ann"


def test_check_says_which_texts_cannot_come_back() -> None:
    planted = mask("<PER>x7Kwp</PER> Ann", ("Ann", "x7Kwp", "PER"))
    assert not TokenMap.of([planted]).check([planted])
    bare = IndividualToken("Ann", "PERSON", "x7Kwp", "", "", 1, 4)
    glued = Masked("xAnn", rebuild("xAnn", [bare]), (bare,))
    assert not TokenMap.of([glued]).check([glued])
    assert MAP.check([PEOPLE])


def test_one_run_for_two_units_is_not_believed() -> None:
    tokens = TokenMap.of([mask("Ann, Bob", ("Ann", "x7Kwp", "PER"), ("Bob", "x7Kwp T4sdd", "PER"))])
    assert restore("Dear x7Kwp", tokens) == "Dear x7Kwp"


def test_tokens_of_a_foreign_vault_without_digits() -> None:
    masked = mask(
        "Ann Lee of Oslo; Main",
        ("Ann Lee", "VJYe KqWTzz", "PER"),
        ("Oslo", "dqevzj", "ADDRESS"),
        ("Main", "***", "ORG"),
    )
    tokens = TokenMap.of([masked])
    assert restore(masked.token_value, tokens) == masked.value
    assert restore("VJYe KqWTzz", tokens) == "Ann Lee"
    assert restore("Mr. KqWTzz, kqwtzz", tokens) == "Mr. Lee, kqwtzz"
    assert restore("a dqevzj, VJYe", tokens) == "a dqevzj, VJYe"
    assert restore("<address>DQEVZJ</address>", tokens) == "Oslo"


def test_wrappers_that_begin_alike() -> None:
    rows = [
        IndividualToken("Ann", "PERSON", "x7Kwp", "<P>", "</P>", 0, 3),
        IndividualToken("Bob", "PERSON", "T4sdd", "<PER>", "</PER>", 3, 6),
        IndividualToken("Cid", "PERSON", "k2Wvp", "{", "}", 6, 9),
        IndividualToken("Dan", "PERSON", "M8rtt", "{{", "}", 9, 12),
    ]
    masked = Masked("AnnBobCidDan", rebuild("AnnBobCidDan", rows), tuple(rows))
    assert restore(masked.token_value, TokenMap.of([masked])) == masked.value
