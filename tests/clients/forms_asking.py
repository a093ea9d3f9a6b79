"""Asking and being answered: every way the SDK has of making one call."""

from __future__ import annotations

import json

from pydantic import BaseModel

from tests.clients.bench import (
    JSON,
    MAIL,
    NAME,
    PROMPT,
    Bench,
    ask,
    completion,
    each,
    echo,
    form,
    held,
    last_text,
    message,
    now,
    say,
    text_of,
    whole,
)
from tests.wireserver import Received, Script


@form
async def create(bench: Bench) -> None:
    bench.script = echo
    reply = await now(ask(bench.client()))
    assert reply.choices[0].message.content == PROMPT
    assert bench.asked()["messages"][0]["content"].count("<PER>") == 4


@form
async def create_with_escaped_reply(bench: Bench) -> None:
    bench.script = lambda request: whole(completion(message(last_text(request))), ascii_only=True)
    reply = await now(ask(bench.client()))
    assert reply.choices[0].message.content == PROMPT
    bench.sent()


@form
async def nothing_to_mask_changes_nothing(bench: Bench) -> None:
    body = b'{ "id" :"c",  "object":"chat.completion","created":1,"model":"m","choices": [] }'
    bench.script = lambda request: Script(200, JSON, [body])
    raw = await now(
        bench.client().chat.completions.with_raw_response.create(
            model="m", messages=[say("Good day.")]
        )
    )
    assert raw.http_response.content == body
    bare = bench.bare()
    await now(ask(bare, say("Good day.")))
    guarded, plain = bench.server.requests
    assert guarded.body == plain.body


@form
async def stream(bench: Bench) -> None:
    bench.script = echo
    assert await text_of(await now(ask(bench.client(), stream=True))) == PROMPT
    bench.sent()


@form
async def stream_helper(bench: Bench) -> None:
    bench.script = echo
    seen = ""
    opened = bench.client().chat.completions.stream(model="m", messages=[say(PROMPT)])
    async with held(opened) as events:
        async for event in each(events):
            if event.type == "content.delta":
                seen += event.delta
                assert event.snapshot == seen
        final = await now(events.get_final_completion())
    assert seen == PROMPT
    assert final.choices[0].message.content == PROMPT
    bench.sent()


class Letter(BaseModel):
    """What a structured answer is parsed into."""

    to: str
    mail: str


@form
async def parse(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        name, mail = json.loads(request.body)["messages"][-1]["content"].split(" | ")
        content = json.dumps({"to": name, "mail": mail})
        return whole(completion(message(content, refusal=None)))

    bench.script = answer
    reply = await now(
        bench.client().chat.completions.parse(
            model="m", messages=[say(f"{NAME} | {MAIL}")], response_format=Letter
        )
    )
    assert reply.choices[0].message.parsed == Letter(to=NAME, mail=MAIL)
    bench.sent()


@form
async def raw_response(bench: Bench) -> None:
    bench.script = echo
    raw = await now(
        bench.client().chat.completions.with_raw_response.create(model="m", messages=[say(PROMPT)])
    )
    assert raw.status_code == 200
    assert json.loads(raw.http_response.text)["choices"][0]["message"]["content"] == PROMPT
    assert raw.parse().choices[0].message.content == PROMPT
    assert raw.http_response.is_closed
    bench.sent()


@form
async def streaming_response(bench: Bench) -> None:
    bench.script = echo
    api = bench.client().chat.completions.with_streaming_response
    async with held(api.create(model="m", messages=[say(PROMPT)])) as response:
        assert not response.is_closed
        assert (await now(response.parse())).choices[0].message.content == PROMPT
    async with held(api.create(model="m", messages=[say(PROMPT)], stream=True)) as response:
        lines = [line async for line in each(response.iter_lines())]
    said = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in said) == PROMPT
    async with held(api.create(model="m", messages=[say(PROMPT)])) as response:
        pieces = response.http_response
        raw = pieces.aiter_raw() if bench.kind == "async" else pieces.iter_raw()
        body = b"".join([piece async for piece in each(raw)])
    assert json.loads(body)["choices"][0]["message"]["content"] == PROMPT
    bench.sent()
