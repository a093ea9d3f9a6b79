"""The quick look through what leaves: reading on from an earlier turn sees what reading all does."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.guard.looked import Looked, look
from llm_guard_protecto.models import IndividualToken, Masked
from tests.texts import VALUES, texts


def masked(values: list[str]) -> tuple[Masked, ...]:
    """One masked text for each value, the same object for the same value."""
    return tuple(MASKED[value] for value in values)


MASKED = {
    value: Masked(value, "t", (IndividualToken(value, "PERSON", "t", "", "", 0, len(value)),))
    for value in VALUES
}
ITEMS = st.one_of(
    texts(),
    st.sampled_from(VALUES),
    st.lists(texts(), max_size=2),
    st.fixed_dictionaries({"role": st.just("user"), "content": texts()}),
    st.sampled_from(VALUES).map(lambda value: {"content": json.dumps([{"a": value}])}),
    st.integers(),
    st.none(),
)
BODIES = st.lists(ITEMS, max_size=5)
OTHERS = st.dictionaries(st.sampled_from(["model", "tools", "Sarah Johnson"]), BODIES, max_size=2)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    turns=st.lists(st.tuples(BODIES, st.lists(st.sampled_from(VALUES))), min_size=2, max_size=4),
    others=OTHERS,
    first=st.booleans(),
    raw=st.sampled_from([b"", b"}", b"\n"]),
)
def test_reading_on_sees_what_reading_all_sees(
    turns: list[tuple[list[Any], list[str]]], others: dict[str, Any], first: bool, raw: bytes
) -> None:
    before: Looked | None = None
    items: list[Any] = []
    values: list[str] = []
    for more, new in turns:
        items, values = [*items, *more], [*values, *new]
        said = {"messages": items}
        said = {**others, **said} if first else {**said, **others}
        body = json.dumps(said).encode() + raw
        answer = masked(list(dict.fromkeys(values)))
        before = look(body, ["/v1/chat"], answer, before)
        alone = look(body, ["/v1/chat"], answer)
        assert before.suspects == alone.suspects
        if answer:
            assert sorted(before.texts) == sorted(alone.texts)
            assert before.words >= alone.words
            assert before.values == alone.values


def test_only_what_follows_is_read() -> None:
    """The history of the second call is not touched: its strings are the very same objects."""
    history = [f"line {number} of the chat" for number in range(50)]
    answer = masked(["Johnson"])
    before = look(json.dumps({"messages": history}).encode(), [], answer)
    after = look(json.dumps({"messages": [*history, "more"]}).encode(), [], answer, before)
    same = [one for one, other in zip(before.texts, after.texts, strict=False) if one is other]
    assert len(same) >= 49


def test_a_leak_in_the_history_is_seen_once_its_value_is_known() -> None:
    history = ["a word with Johnson in it", "another", "and one more", "the last"]
    before = look(json.dumps({"messages": history}).encode(), [], masked(["O'Malley"]))
    assert before.suspects == set()
    body = json.dumps({"messages": [*history, "new"]}).encode()
    answer = masked(["O'Malley", "Johnson"])
    assert look(body, [], answer, before).suspects == {"Johnson"}


def test_what_was_seen_stays_seen() -> None:
    history = ["a word with Johnson in it", "another", "and one more", "the last"]
    answer = masked(["Johnson"])
    before = look(json.dumps({"messages": history}).encode(), [], answer)
    body = json.dumps({"messages": [*history, "new"]}).encode()
    assert look(body, [], answer, before).suspects == {"Johnson"}


def test_nothing_clear_shows() -> None:
    looked = look(b'{"messages": ["Johnson"]}', [], masked(["Johnson"]))
    assert "Johnson" not in repr(looked)
