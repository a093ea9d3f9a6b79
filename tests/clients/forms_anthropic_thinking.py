"""Signed thinking: the program reads it in clear, and the provider gets back its own bytes."""

from __future__ import annotations

import json
from typing import Any

from tests.clients.anthropic_bench import (
    MessagesBench,
    answered,
    answers,
    ask,
    both,
    final,
    form,
    says,
    signed,
    spoken,
    tool_call,
    words,
)
from tests.clients.bench import MAIL, NAME, now
from tests.wireserver import Received

STRANGER = "Olga Brandt"
"""Somebody whom the model has made up; the vault would mask her, had anybody asked about her."""

SIGNATURE = "RXFRQkNrZ0lBeEFCR0FJ/+8="


def first_turn(request: Received) -> dict[str, Any]:
    """Thinking with a token, a bent token and a stranger; what masking again cannot rebuild."""
    token = words(request)
    said = f"They are {token}, so {token.lower()}; like {STRANGER}?"
    return answered(signed(said, SIGNATURE), tool_call(to=token), stop_reason="tool_use")


def block_of(message: Any) -> list[dict[str, Any]]:
    return [block.model_dump(exclude_none=True) for block in message.content]


async def replayed(bench: MessagesBench, client: Any, content: list[dict[str, Any]]) -> list[Any]:
    """What the provider gets when this is sent back, with the answer of a tool."""
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}
    bench.script = answers(lambda request: answered(spoken("Well.")))
    await now(ask(client, says(NAME), says(content, "assistant"), says([result])))
    sent: list[Any] = bench.asked()["messages"][1]["content"]
    return sent


@form
async def thinking_is_restored_and_replayed(bench: MessagesBench) -> None:
    bench.vault = stranger_vault()
    client = bench.client()
    bench.script = answers(first_turn)
    replies = await both(client, says(NAME), thinking={"type": "adaptive"})
    original = first_turn(bench.server.requests[-1])["content"]
    for reply in replies:
        thought = reply.content[0]
        assert thought.thinking == f"They are {NAME}, so {NAME}; like {STRANGER}?"
        assert thought.signature == SIGNATURE
        assert await replayed(bench, client, block_of(reply)) == original


@form
async def copies_remember_what_the_client_heard(bench: MessagesBench) -> None:
    bench.vault = stranger_vault()
    client = bench.client()
    bench.script = answers(first_turn)
    reply = await final(client, says(NAME))
    original = first_turn(bench.server.requests[-1])["content"]
    copy = client.with_options(timeout=9)
    assert await replayed(bench, copy, block_of(reply)) == original


@form
async def thinking_that_is_not_known_is_masked(bench: MessagesBench) -> None:
    """Of another process, or changed by the program: it is text."""
    bench.vault = stranger_vault()
    client = bench.client()
    bench.script = answers(first_turn)
    reply = await final(client, says(NAME))
    changed = block_of(reply)
    changed[0]["thinking"] = f"Ask {NAME} and {STRANGER}."
    for who, content in ((bench.client(), block_of(reply)), (client, changed)):
        thought = (await replayed(bench, who, content))[0]
        assert "<PER>" in thought["thinking"]
        assert NAME not in thought["thinking"]
        assert STRANGER not in thought["thinking"]
        assert thought["signature"] == SIGNATURE


@form
async def thinking_of_a_call_that_masked_nothing(bench: MessagesBench) -> None:
    """The model names somebody by itself, and the signature covers that name in clear."""
    bench.vault = stranger_vault()
    client = bench.client()
    thought = signed(f"Maybe {STRANGER}.", SIGNATURE)
    bench.script = answers(lambda request: answered(thought))
    for reply in await both(client, says("Who wrote it?")):
        assert reply.content[0].thinking == f"Maybe {STRANGER}."
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}
        await now(ask(client, says("Who?"), says(block_of(reply), "assistant"), says([result])))
        assert json.loads(bench.server.requests[-1].body)["messages"][1]["content"] == [thought]


@form
async def redacted_thinking_is_never_touched(bench: MessagesBench) -> None:
    opaque = {"type": "redacted_thinking", "data": "RW1haWw6IHNhcmFoQGVsbS5leGFtcGxl+/8="}
    bench.script = answers(lambda request: answered(opaque, spoken(words(request))))
    client = bench.client()
    for reply in await both(client, says(f"I am {NAME}, {MAIL}")):
        assert block_of(reply) == [opaque, spoken(f"I am {NAME}, {MAIL}")]
        await now(ask(client, says("Hi"), says(block_of(reply), "assistant"), says(NAME)))
        asked = json.loads(bench.server.requests[-1].body)
        assert asked["messages"][1]["content"][0] == opaque


def stranger_vault() -> Any:
    from tests.clients.bench import VALUES
    from tests.clients.tiny_vault import TinyVault

    return TinyVault(*VALUES, STRANGER)
