"""Every place of a request and of a reply where text can be."""

from __future__ import annotations

import json
from typing import Any

from tests.clients.bench import (
    MAIL,
    NAME,
    PHONE,
    PROMPT,
    QUOTED,
    VALUES,
    Bench,
    ask,
    chunk,
    completion,
    each,
    echo,
    form,
    in_steps,
    last_text,
    message,
    now,
    say,
    spoken,
    streamed,
    whole,
)
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import AsyncTinyVault, TinyVault
from tests.wireserver import Received, Script

TOOL = {
    "type": "function",
    "function": {
        "name": "write",
        "description": "Writes a letter",
        "parameters": {"type": "object", "properties": {"to": {"type": "string"}}},
    },
}


def call(arguments: str) -> dict[str, Any]:
    return {
        "id": "call_1",
        "type": "function",
        "function": {"name": "write", "arguments": arguments},
    }


@form
async def tool_calls_back(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        arguments = json.dumps({"to": last_text(request)})
        if json.loads(request.body).get("stream"):
            steps = [
                chunk({"role": "assistant", "tool_calls": [{"index": 0} | call("")]}),
                *(
                    chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
                    for part in in_steps(arguments)
                ),
                chunk({}, 0, "tool_calls"),
            ]
            return streamed(steps)
        return whole(completion(message(None, tool_calls=[call(arguments)]), reason="tool_calls"))

    bench.script = answer
    client = bench.client()
    text = f"{NAME} of {QUOTED}"
    reply = await now(ask(client, say(text), tools=[TOOL]))
    (called,) = reply.choices[0].message.tool_calls
    assert json.loads(called.function.arguments) == {"to": text}
    arguments = ""
    async for one in each(await now(ask(client, say(text), tools=[TOOL], stream=True))):
        for part in one.choices[0].delta.tool_calls or []:
            arguments += part.function.arguments or ""
    assert json.loads(arguments) == {"to": text}
    bench.sent()


@form
async def tool_calls_and_results_out(bench: Bench) -> None:
    bench.script = lambda request: whole(completion(message("done")))
    arguments = '{"to" : "' + NAME + '", "at": "' + QUOTED.replace('"', '\\"') + '"}'
    history = [
        say(f"write to {MAIL}"),
        message(None, tool_calls=[call(arguments)]),
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps({"phone": PHONE})},
    ]
    await now(ask(bench.client(), *history, tools=[TOOL]))
    asked = bench.asked()["messages"]
    masked = asked[1]["tool_calls"][0]["function"]["arguments"]
    assert masked.startswith('{"to" : "<PER>')
    assert set(json.loads(masked)) == {"to", "at"}
    assert json.loads(asked[2]["content"])["phone"].startswith("<PER>")


@form
async def malformed_arguments_out(bench: Bench) -> None:
    bench.script = lambda request: whole(completion(message("done")))
    cut = '{"to": "' + NAME
    history = [say("hello"), message(None, tool_calls=[call(cut)])]
    await now(ask(bench.client(), *history))
    assert bench.asked()["messages"][1]["tool_calls"][0]["function"]["arguments"] != cut


@form
async def several_choices(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        text = last_text(request)
        if not json.loads(request.body).get("stream"):
            return whole(completion(message(text), message(f"Dear {text}")))
        first, second = spoken(text, 0), spoken(f"Dear {text}", 1)
        woven = [one for pair in zip(first, second, strict=False) for one in pair]
        return streamed([*woven, *second[len(first) :]])

    bench.script = answer
    client = bench.client()
    reply = await now(ask(client, n=2))
    assert [one.message.content for one in reply.choices] == [PROMPT, f"Dear {PROMPT}"]
    said = ["", ""]
    async for one in each(await now(ask(client, n=2, stream=True))):
        for choice in one.choices:
            said[choice.index] += choice.delta.content or ""
    assert said == [PROMPT, f"Dear {PROMPT}"]
    bench.sent()


@form
async def content_parts(bench: Bench) -> None:
    bench.script = echo
    parts = [{"type": "text", "text": f"Write to {NAME} "}, {"type": "text", "text": PHONE}]
    reply = await now(ask(bench.client(), {"role": "user", "content": parts}))
    assert reply.choices[0].message.content == f"Write to {NAME} {PHONE}"
    assert len(bench.asked()["messages"][0]["content"]) == 2


@form
async def participant_name(bench: Bench) -> None:
    bench.script = echo
    vault = (AsyncTinyVault if bench.kind == "async" else TinyVault)(*VALUES, "sarah_jonsson")
    bench.vault = vault
    await now(ask(bench.client(), say("hello", name="sarah_jonsson")))
    name = bench.asked()["messages"][0]["name"]
    assert name != "sarah_jonsson"
    assert name.replace("_", "").replace("-", "").isalnum()
    assert leaked(bytes(bench.server.heard), ["sarah_jonsson"]) == []


@form
async def stop_strings(bench: Bench) -> None:
    bench.script = echo
    client = bench.client()
    await now(ask(client, stop=[f"{NAME}:", "END"]))
    asked = bench.asked()
    assert asked["stop"][1] == "END"
    token = asked["stop"][0].removesuffix(":")
    assert token in asked["messages"][0]["content"]  # else the stop string would never fire


@form
async def developer_and_system_roles(bench: Bench) -> None:
    bench.script = echo
    history = [{"role": role, "content": PROMPT} for role in ("system", "developer", "assistant")]
    await now(ask(bench.client(), *history, say("hello")))
    bench.sent()


@form
async def fields_nobody_knows(bench: Bench) -> None:
    bench.script = echo
    extra = {"note_to_provider": {"deep": [NAME]}}
    await now(ask(bench.client(), user=MAIL, metadata={"who": NAME}, extra_body=extra))
    bench.sent()


@form
async def surrogates_and_nul(bench: Bench) -> None:
    bench.script = echo
    text = f"\x00 {NAME} \x00"
    reply = await now(ask(bench.client(), say(text)))
    assert reply.choices[0].message.content == text
    bench.sent()
