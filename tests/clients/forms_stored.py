"""Stored responses and conversations: left by one side, read by the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import openai

from llm_guard_protecto.errors import VaultUnavailable
from llm_guard_protecto.models import Masked
from tests.clients.bench import MAIL, NAME, PHONE, PROMPT, VALUES, Bench, each, form, now, outcome
from tests.clients.stored_bench import provide, two_sides
from tests.clients.tiny_vault import KeepingVault, TinyVault


def create(client: Any, text: Any = PROMPT, **more: Any) -> Any:
    return client.responses.create(model="m", input=text, **more)


async def spoken(stream: Any) -> tuple[str, str]:
    """What the deltas of a stream say, and what its last event says."""
    said, whole = "", ""
    async for event in each(await now(stream)):
        if event.type == "response.output_text.delta":
            said += event.delta
        if event.type == "response.completed":
            whole = event.response.output_text
    return said, whole


@form
async def stored_background(bench: Bench) -> None:
    here, there = two_sides(bench)
    queued = await now(create(here, background=True, metadata={"for": NAME}))
    assert (queued.status, queued.output_text) == ("queued", "")
    assert queued.metadata == {"for": NAME}
    done = await now(there.responses.retrieve(queued.id))
    assert (done.status, done.output_text, done.metadata) == ("completed", PROMPT, {"for": NAME})
    items = await now(there.responses.input_items.list(queued.id))
    assert items.data[0].content == PROMPT
    assert (await now(there.responses.cancel(queued.id))).output_text == PROMPT
    await now(there.responses.delete(queued.id))
    bench.sent()


@form
async def stored_response_streamed(bench: Bench) -> None:
    """Begun as a stream on one side, streamed again, whole and from the middle, on the other."""
    here, there = two_sides(bench)
    name = ""
    async for event in each(await now(create(here, stream=True))):
        if event.type == "response.created":
            name = event.response.id
            break
    assert await spoken(there.responses.retrieve(name, stream=True)) == (PROMPT, PROMPT)
    rest = await spoken(there.responses.retrieve(name, stream=True, starting_after=2))
    assert rest == (PROMPT, PROMPT)
    bench.sent()


@form
async def stored_chain(bench: Bench) -> None:
    here, there = two_sides(bench)
    first = await now(create(here, f"I am {NAME}."))
    second = await now(create(there, f"Mail {MAIL}.", previous_response_id=first.id))
    assert second.output_text.startswith(f"I am {NAME}. | ")
    third = await now(create(here, "Go on.", previous_response_id=second.id, stream=True))
    said, whole = await spoken(third)
    assert said == whole
    assert NAME in said
    assert MAIL in said
    assert "<PER>" not in said
    bench.sent()


@form
async def stored_item_reference(bench: Bench) -> None:
    """It goes out as it is. What its call masked is known by that call's id, and else not guessed."""
    told: list[str] = []

    def says(messages: Sequence[Mapping[str, Any]]) -> str:
        told.append(messages[-1]["content"])
        return told[0]

    here, there = two_sides(bench, says)
    first = await now(create(here, f"I am {NAME}."))
    reference = {"type": "item_reference", "id": first.output[0].id}
    asked = [reference, {"role": "user", "content": "Go on."}]
    alone = await now(create(there, asked))
    assert bench.asked()["input"] == asked
    assert alone.output_text == told[0]
    assert "<PER>" in told[0]
    known = await now(create(there, asked, previous_response_id=first.id))
    assert known.output_text == f"I am {NAME}."
    bench.sent()


@form
async def stored_conversation(bench: Bench) -> None:
    here, there = two_sides(bench)
    items: Any = [{"type": "message", "role": "user", "content": f"I am {NAME}."}]
    made = await now(here.conversations.create(items=items, metadata={"mail": MAIL}))
    assert made.metadata == {"mail": MAIL}
    reply = await now(create(there, f"Call {PHONE}.", conversation=made.id))
    assert reply.output_text == f"I am {NAME}. | Call {PHONE}."
    more: Any = [{"type": "message", "role": "user", "content": MAIL}]
    added = await now(there.conversations.items.create(made.id, items=more))
    assert added.data[0].content == MAIL
    listed = await now(here.conversations.items.list(made.id))
    assert listed.data[1].content == f"Call {PHONE}."
    assert listed.data[2].content[0].text == reply.output_text
    one = await now(there.conversations.items.retrieve(added.data[0].id, conversation_id=made.id))
    assert one.content == MAIL
    await now(there.conversations.update(made.id, metadata={"who": NAME}))
    assert (await now(here.conversations.retrieve(made.id))).metadata == {"who": NAME}
    bench.sent()


@form
async def stored_response_nobody_knows(bench: Bench) -> None:
    """Read through another vault: refused before anything is sent."""
    here, _ = two_sides(bench)
    made = await now(create(here))
    sent = len(bench.server.requests)
    bench.vault = TinyVault(*VALUES)
    error = await outcome(bench.client().responses.retrieve, made.id)
    assert isinstance(error, openai.NotFoundError)
    assert error.code == "unknown_map"
    assert len(bench.server.requests) == sent


class Locked(KeepingVault):
    """A vault whose file another process holds."""

    def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        raise VaultUnavailable("locked")


@form
async def stored_nowhere(bench: Bench) -> None:
    """What cannot be kept is not handed out as if it could be read again."""
    provide(bench)
    bench.vault = Locked(*VALUES)
    error = await outcome(create, bench.client())
    assert isinstance(error, openai.APIStatusError)
    assert (error.status_code, error.code) == (503, "vault_unavailable")
    error = await outcome(create, bench.client(), stream=True)
    assert isinstance(error, openai.APIError)
    assert "locked" in str(error)
    assert (await now(create(bench.client(), store=False))).output_text == PROMPT
    bench.sent()
