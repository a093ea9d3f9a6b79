"""Whole requests that are remembered save work and change no answer."""

from __future__ import annotations

import shutil
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.engine.pages import AROUND
from llm_guard_protecto.engine.turns import FEWEST, NONE, REMEMBERED, Turn, Turns
from llm_guard_protecto.models import Item
from tests.engine.test_pages import PIECES, QUIET, Counting, maskers
from tests.texts import VALUES

KIND = ("policy", ())
KEY = {"LGP_VAULT_KEY": "NWxR6oT1yzO8mQf3hJv0cK4bUe9sDgApLiXtZ2rYw7E="}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    said=st.lists(PIECES, min_size=4, max_size=9),
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=6),
    named=st.sets(st.integers(0, 8), max_size=2),
    tokens=st.booleans(),
)
def test_a_growing_chat_is_masked_as_if_nothing_were_remembered(
    said: list[str], sizes: list[int], named: set[int], tokens: bool
) -> None:
    """Requests that are beginnings of one chat, asked of a long-lived masker and of new ones.

    Some texts are names, and some may hold tokens of ours from before.
    """
    warm, first, *cold = maskers(2 + len(sizes), Counting())
    if tokens:
        said = [one.token_value for one in first.mask(said[:2], QUIET)] + said
    chat = [
        Item(text, token_name="Text Token") if at in named and text else text
        for at, text in enumerate(said)
    ]
    for size, fresh in zip(sizes, cold, strict=True):
        assert warm.mask(chat[:size], QUIET) == fresh.mask(chat[:size], QUIET)


def test_the_history_is_the_very_same() -> None:
    (masker,) = maskers(1, Counting())
    chat = [f"turn {n}: I am :{VALUES[n % len(VALUES)]}" for n in range(30)]
    before = masker.mask(chat[:29], QUIET)
    after = masker.mask(chat, QUIET)
    assert all(one is two for one, two in zip(before, after, strict=False))


def test_a_text_that_becomes_a_token_later_is_read_as_one(tmp_path: Path) -> None:
    """A run that stands in a remembered text is issued by somebody else, and says something then."""
    said = "I am Sarah Johnson"
    with LocalVault(tmp_path / "one.db", environ=KEY):
        pass
    shutil.copy(tmp_path / "one.db", tmp_path / "other.db")
    with LocalVault(tmp_path / "one.db", environ=KEY) as vault:
        token = vault.mask([said])[0].token_value
    with LocalVault(tmp_path / "other.db", environ=KEY) as vault:
        history = ["one", "two", "three", token]
        assert [one.token_value for one in vault.mask(history)] == history
        other = vault.in_namespace("default")
        assert other.mask([said])[0].token_value == token
        history.append("And what of Sarah Johnson?")
        masked = vault.mask(history)
        assert masked == vault.in_namespace("default").mask(history)
        assert masked[3].token_value == token
        assert masked[4].individual_tokens[0].value == "Sarah Johnson"


def test_anonymised_turns_are_not_remembered() -> None:
    (masker,) = maskers(1, Counting())
    rules = Policy.built_in("anonymize")
    chat = [f"{n} I am :Sarah Johnson" for n in range(FEWEST)]
    one, two = (masker.mask(chat, rules)[0].token_value for _ in "12")
    assert one != two


def test_a_policy_that_changes_acts_at_once() -> None:
    chat = [f"I am Sarah Johnson, line {number}." for number in range(6)]
    with LocalVault("memory:", environ={}) as vault:
        vault.put_policy(Policy.parse({"name": "mine"}))
        assert all("Sarah" not in one.token_value for one in vault.mask(chat, "mine"))
        vault.put_policy(
            Policy.parse({"name": "mine", "entities": {"PERSON": {"action": "exclude"}}})
        )
        left = vault.mask([*chat, "So?"], "mine")[:-1]
        assert all("Sarah" in one.token_value for one in left)


def test_items_with_attributes_get_their_own() -> None:
    (masker,) = maskers(1, Counting())
    chat = [f"{n} I am :Sarah Johnson" for n in range(FEWEST)]
    masker.mask(chat, QUIET)
    marked = masker.mask([Item(text, attributes={"n": n}) for n, text in enumerate(chat)], QUIET)
    assert [one.attributes for one in marked] == [{"n": n} for n in range(FEWEST)]
    assert all(one.attributes is None for one in masker.mask(chat, QUIET))


def turn(size: int, letter: str) -> Turn:
    return Turn(KIND, (letter,) * FEWEST, joined=letter * (size - FEWEST * AROUND))


def test_memory_is_bounded() -> None:
    turns = Turns()
    for letter in "abcde":
        turns.add(turn(REMEMBERED // 3, letter), NONE)
    assert len(turns) == 3
    assert turns.before(["a"] * FEWEST, KIND) is NONE
    assert turns.before(["e"] * FEWEST, KIND).texts == ("e",) * FEWEST
    turns.add(turn(REMEMBERED + 1, "f"), NONE)
    assert len(turns) == 3
    for number in range(100):
        turns.add(Turn(KIND, (str(number),) * 500), NONE)
    assert len(turns) < 20  # short texts cost memory too


def test_a_turn_takes_the_place_of_the_one_before() -> None:
    turns, before = Turns(), NONE
    for size in range(FEWEST, FEWEST + 50):
        after = Turn(KIND, tuple(map(str, range(size))), joined="x")
        turns.add(after, before)
        before = after
    assert len(turns) == 1
    assert turns.before(list(map(str, range(100))), KIND) is before
    assert turns.before(list(map(str, range(100))), ("other", ())) is NONE


def test_nothing_clear_shows() -> None:
    assert "secret" not in repr(Turn(KIND, ("secret",), values={"secret": "PERSON"}))
