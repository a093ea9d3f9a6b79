"""Texts that have nothing to do with each other, masked in one call as if each came alone."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item, Masked
from tests.texts import VALUES, texts

MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

OWN = Policy.parse(
    {
        "name": "own",
        "entities": {
            "PERSON": {"prefix": "{Person Name ", "suffix": "}"},
            "EMAIL_ADDRESS": {"prefix": "<", "suffix": ">"},
            "URL": {"action": "exclude"},
        },
    }
)
TYPES = (
    (None, None),
    ("Text Token", None),
    ("Person Token", "Person Name"),
    ("Numeric Token", "Phone Number"),
)


@cache
def shared() -> LocalVault:
    return LocalVault("memory:", environ={})


@cache
def planted() -> tuple[str, ...]:
    """Live tokens of the shared vault, wrapped and bare: a cell may hold some."""
    tokens = [token for one in shared().mask(VALUES) for token in one.individual_tokens]
    return (*(token.wrapped for token in tokens), *(token.token for token in tokens))


@st.composite
def cells(draw: st.DrawFn) -> list[Item]:
    """A column of items, some of them equal, some of them whole values."""
    some = draw(st.lists(texts(planted()), min_size=1, max_size=6))
    values = draw(st.lists(st.sampled_from(some), min_size=1, max_size=10))
    return [Item(value, *draw(st.sampled_from(TYPES))) for value in values]


@MANY
@given(column=cells(), cuts=st.lists(st.integers(0, 10), max_size=3))
@pytest.mark.parametrize("policy", ["default", "strict", OWN], ids=["default", "strict", "own"])
def test_neither_neighbours_nor_the_size_of_a_batch_matter(
    column: list[Item], cuts: list[int], policy: Policy | str
) -> None:
    vault = shared()
    together = vault.mask_each(column, policy)
    places = [0, *sorted(min(cut, len(column)) for cut in cuts), len(column)]
    parts: list[Masked] = []
    for start, end in pairwise(places):
        parts += vault.mask_each(column[start:end], policy)
    assert parts == together
    assert list(reversed(vault.mask_each(column[::-1], policy))) == together
    assert [vault.mask([item], policy)[0] for item in column] == together


@MANY
@given(column=st.lists(texts(), max_size=6))
def test_a_batch_comes_back(column: list[str]) -> None:
    masked = [one.token_value for one in shared().mask_each(column)]
    assert [one.value for one in shared().unmask(masked)] == column


def test_a_value_is_not_carried_to_another_cell() -> None:
    """What `mask` does for texts that belong together, and what would make a column depend on
    where it was cut.
    """
    column = ["password: tulip88field", "see tulip88field there"]
    assert "tulip88field" not in shared().mask(column)[1].token_value
    assert shared().mask_each(column)[1].token_value == column[1]


def test_a_token_that_stands_in_one_cell_is_avoided_in_that_cell_only() -> None:
    with LocalVault("memory:", environ={}) as vault:
        usual = vault.mask_each([Item("Hartley", "Text Token")])[0].token_value
        beside = f"{usual} is how Imogen Hartley signs"
        column = ["Imogen Hartley", beside]
        first, second = (one.token_value for one in vault.mask_each(column))
        assert vault.mask_each(column[:1])[0].token_value == first
        assert vault.unmask([first, second])[0].value == column[0]


def test_what_cannot_be_turned_back_is_new_each_time() -> None:
    vault = shared()
    column = ["Sarah Johnson", "Sarah Johnson", "Sarah Johnson met Sarah Johnson"]
    masked = [one.token_value for one in vault.mask_each(column, "anonymize")]
    assert len(set(masked)) == 3
    met, again = masked[2].split(" met ")
    assert met == again
    assert [one.value for one in vault.unmask(masked)] == masked


def test_attributes_are_those_of_each_item() -> None:
    column = [Item("Ada Moss", attributes={"row": 1}), Item("Ada Moss", attributes={"row": 2})]
    assert [one.attributes for one in shared().mask_each(column)] == [{"row": 1}, {"row": 2}]


def test_the_texts_of_a_subject_are_erased_with_it() -> None:
    with LocalVault("memory:", environ={}) as vault:
        column = [Item("Ada Moss", attributes={"subject": "17"}), Item("Priya Vale")]
        masked = [one.token_value for one in vault.mask_each(column)]
        vault.erase(subject="17")
        assert [one.value for one in vault.unmask(masked)] == [masked[0], "Priya Vale"]


def test_what_was_erased_is_not_answered_from_memory() -> None:
    with LocalVault("memory:", environ={}) as vault:
        [before] = vault.mask_each(["Sarah Johnson"])
        vault.erase(value="Sarah Johnson")
        [after] = vault.mask_each(["Sarah Johnson"])
        assert vault.unmask([after.token_value])[0].value == "Sarah Johnson"
        assert before.individual_tokens[0].value == after.individual_tokens[0].value


def commits(path: Path) -> int:
    """How often a transaction was ended in the write-ahead log of an SQLite file."""
    log = path.with_name(path.name + "-wal").read_bytes()
    page = int.from_bytes(log[8:12], "big")
    frames = range(32, len(log) - 23, 24 + page)
    return sum(log[at + 4 : at + 8] != bytes(4) for at in frames)


def test_a_batch_is_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    with LocalVault(path, environ={"HOME": str(tmp_path)}) as vault:
        vault.mask(["Sarah Johnson"])
        start = commits(path)
        vault.mask(["Imogen Hartley"])
        one = commits(path) - start
        vault.mask_each([f"Ada Moss{number}, ada{number}@example.com" for number in range(50)])
        assert commits(path) - start - one <= max(one, 2)


def test_what_is_no_string_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="text 1 is a int, not a string"):
        shared().mask_each(["fine", 7])  # type: ignore[list-item]
