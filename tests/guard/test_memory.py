"""What a guard remembers from one call to the next, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.guard import Exchange, Guard, Outgoing, drive
from llm_guard_protecto.guard.thinking import Thoughts
from tests.clients.tiny_vault import TinyVault

NAME = "Sarah Jönsson"
OTHER = "Olga Brandt"
VAULT = TinyVault(NAME, OTHER)
Json = dict[str, Any]


def opened(guard: Guard, *messages: Json, **more: Any) -> Exchange:
    body = json.dumps({"model": "m", "messages": list(messages)} | more).encode()
    return drive(guard.open(Outgoing("POST", "/v1/messages", "application/json", body)), VAULT)


def says(content: Any, role: str = "user") -> Json:
    return {"role": role, "content": content}


def signed(thinking: str, signature: str = "S") -> Json:
    return {"type": "thinking", "thinking": thinking, "signature": signature}


def sent(exchange: Exchange, message: int = 0) -> Any:
    return json.loads(exchange.body)["messages"][message]["content"]


def replied(exchange: Exchange, *blocks: Json, **more: Any) -> Json:
    body = json.dumps({"id": "msg_1", "content": list(blocks)} | more, ensure_ascii=False)
    reply: Json = json.loads(exchange.reply("application/json", body.encode()))
    return reply


def again(guard: Guard, *blocks: Json) -> Any:
    """What is sent when the program sends these blocks back."""
    return sent(opened(guard, says(NAME), says(list(blocks), "assistant"), says("go on")), 1)


def test_a_signed_block_goes_back_as_it_came() -> None:
    guard = Guard()
    first = opened(guard, says(NAME))
    original = signed(f"{sent(first).lower()} or {OTHER}?")
    [block] = replied(first, original)["content"]
    assert block["thinking"] == f"{NAME} or {OTHER}?"
    assert again(guard, block) == [original]
    assert again(Guard(), block) != [original]


def test_a_signature_that_says_nothing_is_no_key() -> None:
    """A server that signs everything alike, or nothing: each block is its own."""
    guard = Guard()
    first = opened(guard, says(NAME))
    one, two = signed(f"one, {OTHER}", "-"), signed(f"two, {OTHER}", "-")
    empty = signed(f"three, {OTHER}", "")
    blocks = replied(first, one, two, empty)["content"]
    *known, unsigned = again(guard, *blocks)
    assert known == [one, two]
    assert unsigned["thinking"].startswith("three, <PER>")


def test_a_block_that_was_changed_is_masked() -> None:
    guard = Guard()
    [block] = replied(opened(guard, says(NAME)), signed(f"it was {OTHER}"))["content"]
    [back] = again(guard, block | {"thinking": f"it was {OTHER}!"})
    assert back["thinking"].startswith("it was <PER>")
    [back] = again(guard, block | {"signature": "T"})
    assert back["thinking"].startswith("it was <PER>")


def test_a_compaction_is_signed_as_well() -> None:
    guard = Guard()
    original = {"type": "compaction", "content": f"{OTHER} came", "signature": "S"}
    [block] = replied(opened(guard, says(NAME)), original)["content"]
    assert again(guard, block) == [original]


@pytest.mark.parametrize("body", ["", "signature", "[" * 100_000 + '"signature"', '"signature"'])
def test_a_reply_that_is_no_message_passes(body: str) -> None:
    first = opened(Guard(), says(NAME))
    said = f"{body}, {sent(first)}".encode()
    assert first.reply("application/json", said) == f"{body}, {NAME}".encode()


def test_nothing_clear_is_kept_of_what_was_masked() -> None:
    guard = Guard()
    first = opened(guard, says(NAME))
    replied(first, signed(sent(first)))
    assert NAME not in repr(vars(guard._thoughts))


def test_the_least_recently_used_thought_is_forgotten() -> None:
    thoughts = Thoughts(most=25)
    for name in ("one", "two", "three"):
        thoughts.note(name, f"<{name:->8}>", name)
        body = json.dumps({"m": [signed("one", "one")]}).encode()
        thoughts.replay(body, body)
    kept = []
    for name in ("one", "two", "three"):
        body = json.dumps({"m": [signed(name, name)]}).encode()
        if thoughts.replay(body, body) != body:
            kept.append(name)
    assert kept == ["one", "three"]
