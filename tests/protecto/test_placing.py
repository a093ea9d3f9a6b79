"""Spans are proved: whatever positions a vault gives, they rebuild its masked text, or it errs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto import IndividualToken, VaultError
from llm_guard_protecto.models import rebuild
from llm_guard_protecto.protecto.placing import placed

PARTS = st.lists(
    st.tuples(st.text(max_size=6), st.text(min_size=1, max_size=5), st.text("abc9", min_size=1)),
    min_size=1,
    max_size=6,
)
ASCII = st.text("ab <>é😀", max_size=4)


def spans(parts: list[tuple[str, str, str]]) -> tuple[str, list[IndividualToken]]:
    text, tokens = "", []
    for before, value, token in parts:
        at = len(text) + len(before)
        tokens.append(IndividualToken(value, "PERSON", token, "<P>", "</P>", at, at + len(value)))
        text += before + value
    return text, tokens


@given(parts=PARTS)
def test_positions_in_code_points_are_kept(parts: list[tuple[str, str, str]]) -> None:
    text, tokens = spans(parts)
    assert list(placed(text, rebuild(text, tokens), tokens[::-1])) == tokens


@given(parts=PARTS, encoding=st.sampled_from(["utf-8", "utf-16-le"]), none=st.booleans())
def test_positions_in_another_unit_or_none_are_found(
    parts: list[tuple[str, str, str]], encoding: str, none: bool
) -> None:
    text, tokens = spans(parts)

    def unit(at: int) -> int:
        size = len(text[:at].encode(encoding, "surrogatepass"))
        return 0 if none else size // (2 if encoding == "utf-16-le" else 1)

    other = [
        replace(token, start_pos=unit(token.start_pos), end_pos=unit(token.end_pos))
        for token in tokens
    ]
    masked = rebuild(text, tokens)
    assert rebuild(text, placed(text, masked, other)) == masked


@given(before=ASCII, value=st.text(min_size=1, max_size=8), after=ASCII)
def test_without_tokens_what_differs_is_one(before: str, value: str, after: str) -> None:
    text, masked = f"{before} {value} {after}", f"{before} <PER>t9x</PER> {after}"
    [token] = placed(text, masked, [])
    assert rebuild(text, [token]) == masked


def test_nothing_masked_is_no_token() -> None:
    assert placed("same", "same", []) == ()


@pytest.mark.parametrize(
    ("value", "token", "masked"),
    [("Moss", "x", "Ada <P>y</P>"), ("Elm", "x", "Ada <P>x</P>"), ("", "x", "Ada <P>x</P>Moss")],
)
def test_tokens_that_do_not_make_the_masked_text_are_an_error(
    value: str, token: str, masked: str
) -> None:
    with pytest.raises(VaultError) as caught:
        placed("Ada Moss", masked, [IndividualToken(value, "PERSON", token, "<P>", "</P>", 4, 8)])
    assert "Moss" not in str(caught.value)
