"""Tokens that look like names, places and dates: documented shapes, one value each, all come back."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import Item, LocalVault
from llm_guard_protecto.engine.looks import PIECE, Look, is_itself, key_of, looking, run_of, shown
from llm_guard_protecto.engine.tokenise import Shape, UnitKey

SHAPES = {
    "Person Token": r"[A-Z][a-z]{3,}",
    "City Token": r"[A-Z][a-z]{3,}",
    "State Token": r"[A-Z]{2}",
    "Date Token": r"\d{4}-\d\d-\d\d",
    "Address Token": r"\d{1,3}-[a-z]{3,}",
    "Special Token": r"[0-9A-Za-z]{10,20}",
}
LOOKS: tuple[Look, ...] = ("person", "city", "state", "date", "address", "special")


def digest(kind: str, unit: str, counter: int) -> bytes:
    return sha256(f"{kind} {unit} {counter}".encode("utf-8", "surrogatepass")).digest()


def the_key(unit: str, look: Look) -> UnitKey:
    return looking(UnitKey("safe:5-10", unit, Shape("safe", "ab", "23", 5)), look)


@settings(deadline=None)
@given(unit=st.text(min_size=1), look=st.sampled_from(LOOKS), counter=st.integers(0, 63))
def test_what_is_shown_leads_back_to_what_is_kept(unit: str, look: Look, counter: int) -> None:
    run = run_of(the_key(unit, look), counter, digest)
    assert run.isascii()
    assert run.isalnum()
    assert not run.isalpha()
    piece = shown(run)
    assert PIECE.fullmatch(piece)
    assert key_of(piece) == run


@settings(deadline=None)
@given(runs=st.lists(st.tuples(st.text(min_size=1), st.sampled_from(LOOKS)), max_size=4))
def test_shown_tokens_are_told_apart_in_any_row(runs: list[tuple[str, Look]]) -> None:
    kept = [run_of(the_key(unit, look), 0, digest) for unit, look in runs]
    for between in (" ", "-", ", ", "/"):
        pieces = PIECE.findall(between.join(map(shown, kept)))
        assert [key_of(piece) for piece in pieces] == kept


@pytest.mark.parametrize("name", SHAPES)
def test_many_values_have_a_token_each_of_the_documented_shape(name: str) -> None:
    values = [f"value {number}" for number in range(56 if name == "State Token" else 800)]
    with LocalVault("memory:", environ={}) as vault:
        tokens = [one.token_value for one in vault.mask([Item(v, name) for v in values])]
        assert len({token.lower() for token in tokens}) == len(tokens)
        assert all(re.fullmatch(SHAPES[name], token) for token in tokens)
        assert [vault.resolve(token) for token in tokens] == values
        again = vault.mask([Item(v, name) for v in values])
        assert [one.token_value for one in again] == tokens
        if name == "Date Token":
            assert all(date.fromisoformat(token).year < 1900 for token in tokens)


def test_when_the_states_run_out_ordinary_tokens_stand_in() -> None:
    values = [f"State {number}" for number in range(60)]
    with LocalVault("memory:", environ={}) as vault:
        tokens = [one.token_value for one in vault.mask([Item(v, "State Token") for v in values])]
        assert sum(len(token) == 2 for token in tokens) == 56
        assert [vault.resolve(token) for token in tokens] == values


def test_a_token_is_never_the_value_itself() -> None:
    key = the_key("TN", "state")
    runs = [run_of(key, counter, digest) for counter in range(56)]
    [itself] = [run for run in runs if is_itself(run, key)]
    assert shown(itself) == "TN"
    with LocalVault("memory:", environ={}) as vault:
        first = vault.mask([Item("name", "Person Token")])[0].token_value
    assert is_itself(key_of(first), the_key(first.lower(), "person"))


def test_words_of_a_name_and_places_of_an_address_have_a_token_each() -> None:
    items = [
        Item("George Williams", "Person Token", "Person Name"),
        Item("Williams", "Person Token"),
        Item("Boston, MA", "State Token", "Address"),
    ]
    with LocalVault("memory:", environ={}) as vault:
        both, surname, places = (one.token_value for one in vault.mask(items))
        assert both.split()[1] == surname
        assert re.fullmatch(r"[A-Z]{2}, [A-Z]{2}", places)
        assert vault.resolve(f" {both}.") == " George Williams."
        assert vault.resolve(places) == "Boston, MA"
        assert vault.resolve("Nobody") is None


def test_in_a_sentence_a_name_is_a_name() -> None:
    """Only who asks for a whole token gets its value: a text may hold the same word."""
    with LocalVault("memory:", environ={}) as vault:
        [token] = vault.mask([Item("Williams", "Person Token")])
        for text in (
            token.token_value,
            f"Ask {token.token_value}",
            f"<PER>{token.token_value}</PER>",
        ):
            assert vault.unmask([text])[0].value == text
        assert vault.resolve(f"Ask {token.token_value}") is None
        [masked] = vault.mask([f"Ask Mr {token.token_value}"])
        assert token.token_value not in masked.token_value
