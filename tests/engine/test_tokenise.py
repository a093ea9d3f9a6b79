"""Units and runs: what is cut, what is copied, and what a run looks like."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.engine.tokenise import (
    CHECK,
    RUN,
    check_matches,
    spell,
    spell_check,
    split,
    units,
)
from llm_guard_protecto.entities import Unit
from llm_guard_protecto.policy import EntityRule

KINDS: tuple[Unit, ...] = ("word", "digits", "email", "url", "value")
RULES = st.builds(
    lambda unit, low, more, alphabet: EntityRule(
        prefix="",
        suffix="",
        unit=unit,
        kind="digits" if unit == "digits" else "text",
        min_length=low,
        max_length=low + more,
        alphabet=alphabet,
    ),
    st.sampled_from(KINDS),
    st.integers(3, 20),
    st.integers(0, 20),
    st.sampled_from(["safe", "base62"]),
)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("John Doe", "word", ["John", "Doe"]),
        ("456 Elm Avenue, Boston", "word", ["456", "Elm", "Avenue", "Boston"]),
        ("Jean-Luc O’Hara", "word", ["Jean", "Luc", "O", "Hara"]),
        ("Ste\u0301phane", "word", ["Ste\u0301phane"]),
        ("हिन्दी", "word", ["हिन्दी"]),
        ("(555) 987-6543", "digits", ["555", "987", "6543"]),
        ("+1 555 ext. 12", "digits", ["1", "555", "ext", "12"]),
        ("kumar@ss.fss.com", "email", ["kumar", "ss.fss.com"]),
        ('"a@b"@example.com', "email", ['"a@b"', "example.com"]),
        ("not an address", "email", ["not an address"]),
        (
            "https://platform.openai.com/playground/chat?models=gpt-4o",
            "url",
            ["https", "platform", "openai", "com", "playground", "chat", "models", "gpt-4o"],
        ),
        ("00:1A:2B:3C:4D:5E", "value", ["00:1A:2B:3C:4D:5E"]),
        ("---", "word", ["---"]),
    ],
)
def test_a_value_is_cut_into_units(value: str, unit: Unit, expected: list[str]) -> None:
    assert split(value, unit)[1::2] == expected


@given(value=st.text(min_size=1), unit=st.sampled_from(KINDS))
def test_the_pieces_of_a_value_are_the_value(value: str, unit: Unit) -> None:
    pieces = split(value, unit)
    assert "".join(pieces) == value
    assert len(pieces) % 2 == 1
    assert all(pieces[1::2])


@given(value=st.text(min_size=1), unit=st.sampled_from(KINDS))
def test_a_separator_holds_no_letter_or_digit_of_a_run(value: str, unit: Unit) -> None:
    """Else a token's core could not be read back run by run."""
    assert not RUN.search("\n".join(split(value, unit)[0::2]))


@given(value=st.text(min_size=1), rule=RULES, digest=st.binary(min_size=32, max_size=32))
def test_runs_keep_their_shape(value: str, rule: EntityRule, digest: bytes) -> None:
    separators, keys = units(value, rule)
    assert len(separators) == len(keys) + 1
    for key in keys:
        run = spell(digest, key.shape)
        assert RUN.fullmatch(run)
        assert len(run) == min(max(len(key.unit), rule.min_length), rule.max_length)
        if key.shape.kind == "digits":
            assert run.isdigit()
        else:
            assert re.search("[0-9]", run)
            assert re.search("[A-Za-z]", run)


@given(digest=st.binary(min_size=32, max_size=32), counter=st.integers(0, 40))
def test_a_crowded_space_gives_longer_runs(digest: bytes, counter: int) -> None:
    (key,) = units("Ann", EntityRule(prefix="", suffix="", unit="word"))[1]
    assert len(spell(digest, key.shape, counter)) == 5 + counter // 2


@given(digest=st.binary(min_size=32, max_size=32), other=st.binary(min_size=32, max_size=32))
def test_the_check_of_an_anonymised_run(digest: bytes, other: bytes) -> None:
    (key,) = units("Ann", EntityRule(prefix="", suffix="", unit="word"))[1]
    check = spell_check(digest, key.shape)
    assert len(check) == CHECK
    assert check_matches("bcd23" + check, digest)
    if spell_check(other, key.shape) != check:
        assert not check_matches("bcd23" + spell_check(other, key.shape), digest) or check.isdigit()


def test_two_settings_give_two_kinds() -> None:
    """The same word under other lengths has another token; under the same, one everywhere."""
    one, two, three = (
        units("Street", EntityRule(prefix=p, suffix="", unit="word", min_length=low))[1][0]
        for p, low in (("<A>", 5), ("<B>", 5), ("<A>", 7))
    )
    assert one == two
    assert one != three


def test_a_key_hides_its_unit() -> None:
    (key,) = units("Ann", EntityRule(prefix="", suffix="", unit="word"))[1]
    assert "Ann" not in repr(key)
