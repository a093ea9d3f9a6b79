"""The small APIs: text completions, embeddings, moderations."""

from __future__ import annotations

import json
from typing import Any

import openai

from tests.clients.bench import (
    EVENTS,
    MAIL,
    NAME,
    PROMPT,
    VALUES,
    Bench,
    each,
    event_bytes,
    form,
    in_steps,
    now,
    outcome,
    whole,
)
from tests.wireserver import Received, Script


def text_choice(text: str, index: int = 0, reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1,
        "model": "m",
        "choices": [{"text": text, "index": index, "logprobs": None, "finish_reason": reason}],
    }


def echoed(request: Received) -> Script:
    """A text completion that repeats its first prompt, whole or streamed as asked."""
    asked = json.loads(request.body)
    prompt = asked["prompt"] if isinstance(asked["prompt"], str) else asked["prompt"][0]
    if not asked.get("stream"):
        return whole(text_choice(prompt, reason="stop"))
    steps = [
        text_choice(step, index) for step in in_steps(prompt) for index in range(asked.get("n", 1))
    ]
    steps += [text_choice("", index, "stop") for index in range(asked.get("n", 1))]
    return Script(200, EVENTS, event_bytes(steps), chunked=True)


@form
async def text_completion(bench: Bench) -> None:
    bench.script = echoed
    reply = await now(
        bench.client().completions.create(
            model="m", prompt=[PROMPT, MAIL], suffix=NAME, stop=[NAME], user=MAIL, echo=True
        )
    )
    assert reply.choices[0].text == PROMPT
    asked = bench.asked()
    assert asked["suffix"] == asked["stop"][0]
    assert asked["prompt"][1] == asked["user"]


@form
async def text_completion_stream(bench: Bench) -> None:
    bench.script = echoed
    stream = await now(
        bench.client().completions.create(model="m", prompt=PROMPT, stream=True, n=2)
    )
    said = ["", ""]
    async for event in each(stream):
        for choice in event.choices:
            said[choice.index] += choice.text
    assert said == [PROMPT, PROMPT]
    bench.sent()


@form
async def text_completion_cut_short(bench: Bench) -> None:
    """A stream that ends in the middle of a token, without any closing event."""

    def cut(request: Received) -> Script:
        prompt = json.loads(request.body)["prompt"]
        steps = [text_choice(step) for step in in_steps(prompt[: prompt.index("</PER>") + 3])]
        return Script(200, EVENTS, event_bytes(steps)[:-1], chunked=True)

    bench.script = cut
    stream = await now(bench.client().completions.create(model="m", prompt=PROMPT, stream=True))
    said = "".join([event.choices[0].text async for event in each(stream)])
    assert said.startswith(f"Write to {NAME}")
    bench.sent()


@form
async def embeddings(bench: Bench) -> None:
    def vectors(request: Received) -> Script:
        texts = json.loads(request.body)["input"]
        rows = [
            {"object": "embedding", "index": at, "embedding": [0.5, -1e-3] * 20}
            for at in range(len(texts))
        ]
        return whole({"object": "list", "data": rows, "model": "m", "usage": {"total_tokens": 1}})

    bench.script = vectors
    client = bench.client()
    for _ in range(2):
        reply = await now(
            client.embeddings.create(
                model="m", input=[PROMPT, NAME, "none"], user=MAIL, encoding_format="float"
            )
        )
        assert [len(row.embedding) for row in reply.data] == [40, 40, 40]
    bench.sent()
    first, second = (json.loads(request.body) for request in bench.server.requests)
    assert first == second
    assert first["input"][2] == "none"


@form
async def moderations(bench: Bench) -> None:
    bench.script = lambda request: whole({"id": "modr-1", "model": "m", "results": []})
    client = bench.client()
    for given in (PROMPT, [PROMPT, NAME], [{"type": "text", "text": PROMPT}]):
        assert (await now(client.moderations.create(input=given))).results == []
    bench.sent()


@form
async def errors_of_the_small_apis_are_restored(bench: Bench) -> None:
    def refusing(request: Received) -> Script:
        asked = json.loads(request.body)
        text = asked.get("input") or asked.get("prompt")
        return whole({"error": {"message": f"bad input: {text}", "type": "x"}}, status=400)

    bench.script = refusing
    client = bench.client()
    for calling, given in (
        (client.embeddings.create, {"model": "m", "input": PROMPT}),
        (client.moderations.create, {"input": PROMPT}),
        (client.completions.create, {"model": "m", "prompt": PROMPT}),
    ):
        error = await outcome(calling, **given)
        assert isinstance(error, openai.BadRequestError)
        assert all(value in str(error) for value in VALUES[:3])
    bench.sent()
