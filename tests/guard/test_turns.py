"""What a guard takes over from the last turn of a chat changes nothing: it is as if it were alone."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import GuardError, LocalVault
from llm_guard_protecto.guard import Guard, Outgoing, drive
from tests.bench.material import prose
from tests.texts import VALUES, texts

PATH = "/v1/chat/completions"
SYSTEM = {"role": "system", "content": prose(2_100)}  # long enough to be worth remembering
SAID = st.one_of(texts(), st.sampled_from(VALUES), st.sampled_from([f"I am {v}." for v in VALUES]))
MESSAGES = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": SAID}),
    st.fixed_dictionaries(
        {"role": st.just("user"), "content": SAID, "name": st.sampled_from(["Sarah", "bot-1"])}
    ),
    SAID.map(
        lambda said: {
            "role": "tool",
            "tool_call_id": "c1",
            "content": json.dumps({"said": [said, 1]}),
        }
    ),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("more"), st.lists(MESSAGES, min_size=1, max_size=2)),
        st.tuples(st.just("again"), st.just([])),
        st.tuples(st.just("back"), st.lists(MESSAGES, min_size=1, max_size=1)),
        st.tuples(st.just("other"), st.lists(MESSAGES, min_size=1, max_size=1)),
    ),
    min_size=2,
    max_size=6,
)


@cache
def vault() -> LocalVault:
    return LocalVault("memory:", environ={})


def outgoing(body: dict[str, Any], *, ascii_only: bool) -> Outgoing:
    written = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "replace")
    return Outgoing("POST", PATH, "application/json", written)


def opened(guard: Guard, at: LocalVault, request: Outgoing) -> Any:
    """All that can be told of an exchange, or the error that there is in its place."""
    try:
        exchange = drive(guard.open(request), at)
    except GuardError as error:
        return type(error), str(error)
    told = exchange.receipt().as_dict()
    del told["mask_ms"], told["restore_ms"]
    tokens = exchange.tokens
    return exchange.body, dict(tokens.forms), dict(tokens.folded), tokens.planted, told


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=STEPS,
    ascii_only=st.booleans(),
    last=st.sampled_from([{}, {"user": "Sarah Johnson"}, {"stop": ["Johnson"]}]),
)
@example(  # a value that is found late stands in the history
    steps=[
        ("more", [{"role": "user", "content": "word K7dPq"} for _ in range(5)]),
        ("more", [{"role": "user", "content": "I met Marlene Okafor there"}]),
        ("more", [{"role": "user", "content": "My name is Marlene Okafor."}]),
    ],
    ascii_only=True,
    last={},
)
def test_a_chat_is_masked_as_if_each_turn_came_alone(
    steps: list[tuple[str, list[Any]]], ascii_only: bool, last: dict[str, Any]
) -> None:
    warm, messages = Guard(), [SYSTEM]
    for step, new in steps:
        if step == "back":
            messages = messages[:-1] or [SYSTEM]
        if step == "other":
            messages = [*messages[: len(messages) // 2], *new, *messages[len(messages) // 2 :]]
        else:
            messages = [*messages, *new]
        body = {"model": "gpt-4o", "messages": messages, **last}
        request = outgoing(body, ascii_only=ascii_only)
        # The same tokens, and a vault that remembers nothing but them.
        alone = opened(Guard(), vault().in_namespace("default"), request)
        assert opened(warm, vault(), request) == alone


def test_the_masked_history_is_taken_over_byte_for_byte() -> None:
    guard, messages = Guard(), [SYSTEM]
    before = b""
    for number in range(12):
        messages.append({"role": "user", "content": f"I am Sarah Johnson, line {number}."})
        body = drive(guard.open(outgoing({"messages": messages}, ascii_only=True)), vault()).body
        assert body.startswith(before)
        assert b"Sarah" not in body
        before = body.removesuffix(b"]}")


def test_chats_that_begin_alike_do_not_meet() -> None:
    """Two chats of one guard, turn by turn, with other people at the same places."""
    guard = Guard()
    names = "Sarah Johnson", "Amara Abara"
    chats: list[list[Any]] = [[SYSTEM], [SYSTEM]]
    for number in range(6):
        for name, messages in zip(names, chats, strict=True):
            messages.append({"role": "user", "content": f"I am {name}, line {number}."})
            request = outgoing({"messages": messages}, ascii_only=True)
            exchange = drive(guard.open(request), vault())
            values = {form.value for form in exchange.tokens.forms.values()}
            assert values == {name}
            assert not any(part.encode() in exchange.body for part in name.split())


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
def test_what_a_prompt_grew_by_is_counted_on(model: str) -> None:
    guard, messages = Guard(), [SYSTEM]
    for number in range(8):
        messages.append({"role": "user", "content": f"I am Sarah Johnson, line {number}."})
        request = outgoing({"model": model, "messages": messages}, ascii_only=True)
        told = [drive(one.open(request), vault()).receipt().as_dict() for one in (guard, Guard())]
        assert told[0]["masked"] == told[1]["masked"] == {"PERSON": number + 1}
        if None not in (told[0]["tokens_added"], told[1]["tokens_added"]):
            assert told[0]["tokens_added"] == told[1]["tokens_added"]
