"""Message batches: sent by one side, fetched by the other."""

from __future__ import annotations

import json
from typing import Any

import anthropic

from tests.clients.anthropic_bench import MessagesBench, form
from tests.clients.bench import MAIL, NAME, PROMPT, VALUES, each, now, outcome
from tests.clients.stored_bench import two_sides
from tests.clients.tiny_vault import TinyVault


def requests(*texts: str) -> list[dict[str, Any]]:
    return [
        {
            "custom_id": name,
            "params": {
                "model": "m",
                "max_tokens": 9,
                "system": f"You write for {NAME}.",
                "messages": [{"role": "user", "content": text}],
            },
        }
        for name, text in zip(("one", MAIL), texts, strict=True)
    ]


@form
async def message_batch_round_trip(bench: MessagesBench) -> None:
    here, there = two_sides(bench)
    made = await now(here.messages.batches.create(requests=requests(PROMPT, MAIL)))
    assert made.processing_status == "in_progress"
    sent = bench.asked()["requests"]
    assert sent[0]["custom_id"] == "one"
    assert "<" not in sent[1]["custom_id"]
    assert sent[0]["params"]["system"].startswith("You write for <PER>")
    done = await now(there.messages.batches.retrieve(made.id))
    assert done.processing_status == "ended"
    results = await now(there.messages.batches.results(made.id))
    said = {one.custom_id: one.result.message.content[0].text async for one in each(results)}
    assert said == {"one": PROMPT, MAIL: MAIL}
    bench.sent()


@form
async def message_batch_beta(bench: MessagesBench) -> None:
    here, there = two_sides(bench)
    made = await now(here.beta.messages.batches.create(requests=requests(PROMPT, NAME)))
    results = await now(there.beta.messages.batches.results((await poll(there, made.id)).id))
    said = [one.result.message.content[0].text async for one in each(results)]
    assert said == [PROMPT, NAME]
    bench.sent()


async def poll(client: Any, name: str) -> Any:
    return await now(client.beta.messages.batches.retrieve(name))


@form
async def message_batch_nobody_knows(bench: MessagesBench) -> None:
    here, _ = two_sides(bench)
    made = await now(here.messages.batches.create(requests=requests(PROMPT, MAIL)))
    await now(here.messages.batches.retrieve(made.id))
    bench.vault = TinyVault(*VALUES)
    error = await outcome(bench.client().messages.batches.results, made.id)
    assert isinstance(error, anthropic.NotFoundError)
    assert "nothing is known here" in str(error)
    assert json.loads(error.response.text)["error"]["code"] == "unknown_map"
    bench.sent()


@form
async def file_of_anthropic(bench: MessagesBench) -> None:
    """Uploaded as OpenAI's are."""
    here, _ = two_sides(bench)
    refused = await outcome(here.beta.files.upload, file=("a.pdf", b"%PDF-1.7", "application/pdf"))
    assert "only text can be masked" in str(refused)
    assert not bench.server.heard
