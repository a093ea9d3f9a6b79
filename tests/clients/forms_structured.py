"""Structured answers: what the SDKs parse them into is valid, and holds the clear values."""

from __future__ import annotations

import json
from typing import Any

import openai

from tests.clients.bench import (
    MAIL,
    NAME,
    QUOTED,
    Bench,
    completion,
    each,
    form,
    held,
    message,
    now,
    say,
    spoken,
    streamed,
    whole,
)
from tests.clients.responses_bench import call as called
from tests.clients.responses_bench import calling, response, speaking
from tests.clients.responses_bench import spoken as said
from tests.clients.responses_bench import streamed as events_of
from tests.clients.structured import EXPECTED, GIVEN, Case, answer_json
from tests.wireserver import Received, Script


def chat(request: Received) -> Script:
    """Answers in the schema of `response_format`, or calls the strict tool that it was given."""
    body = json.loads(request.body)
    given = body["messages"][-1]["content"]
    if "tools" in body:
        [tool] = body["tools"]
        assert tool["function"]["strict"] is True
        arguments = answer_json(tool["function"]["parameters"], given)
        function = {"name": tool["function"]["name"], "arguments": arguments}
        return whole(
            completion(
                message(None, tool_calls=[{"id": "c1", "type": "function", "function": function}]),
                reason="tool_calls",
            )
        )
    text = answer_json(body["response_format"]["json_schema"]["schema"], given)
    if body.get("stream"):
        return streamed(spoken(text))
    return whole(completion(message(text, refusal=None)))


@form
async def structured_chat(bench: Bench) -> None:
    bench.script = chat
    client = bench.client()
    messages = [say(GIVEN)]
    reply = await now(
        client.chat.completions.parse(model="m", messages=messages, response_format=Case)
    )
    assert reply.choices[0].message.parsed == EXPECTED
    bench.sent()
    opened = client.chat.completions.stream(model="m", messages=messages, response_format=Case)
    async with held(opened) as stream:
        async for event in each(stream):
            if event.type == "content.done":
                assert event.parsed == EXPECTED
        final = await now(stream.get_final_completion())
    assert final.choices[0].message.parsed == EXPECTED
    asked = bench.asked()["response_format"]["json_schema"]["schema"]
    [owner] = [one["enum"] for one in asked["$defs"].values() if "enum" in one]
    assert owner[0].startswith("<PER>"), "the schema's own values are masked with the same map"
    assert owner[1] == "nobody"
    assert owner[0] == bench.asked()["messages"][0]["content"].split(" | ")[0]


@form
async def structured_chat_tool(bench: Bench) -> None:
    bench.script = chat
    tool = openai.pydantic_function_tool(Case, name="file_case")
    reply = await now(
        bench.client().chat.completions.parse(model="m", messages=[say(GIVEN)], tools=[tool])
    )
    [made] = reply.choices[0].message.tool_calls
    assert made.function.parsed_arguments == EXPECTED
    bench.sent()


@form
async def json_mode_chat(bench: Bench) -> None:
    """`json_object` without a schema, whole and streamed; a refusal in words stays words."""

    def answer(request: Received) -> Script:
        body = json.loads(request.body)
        quoted = body["messages"][-1]["content"]
        text = json.dumps({"at": [quoted]}) if len(bench.server.requests) < 3 else f"No, {quoted}."
        return streamed(spoken(text)) if body.get("stream") else whole(completion(message(text)))

    bench.script = answer
    asked: dict[str, Any] = {"model": "m", "messages": [say(QUOTED)]}
    asked["response_format"] = {"type": "json_object"}
    client = bench.client()
    reply = await now(client.chat.completions.create(**asked))
    assert json.loads(reply.choices[0].message.content) == {"at": [QUOTED]}
    stream = await now(client.chat.completions.create(stream=True, **asked))
    pieces = [one.choices[0].delta.content or "" async for one in each(stream)]
    assert json.loads("".join(pieces)) == {"at": [QUOTED]}
    reply = await now(client.chat.completions.create(**asked))
    assert reply.choices[0].message.content == f"No, {QUOTED}."
    bench.sent()


def responses(request: Received) -> Script:
    body = json.loads(request.body)
    if "tools" in body:
        [tool] = body["tools"]
        arguments = answer_json(tool["parameters"], body["input"])
        return (
            events_of(calling(arguments))
            if body.get("stream")
            else whole(response(called(arguments)))
        )
    text = answer_json(body["text"]["format"]["schema"], body["input"])
    return events_of(speaking(text)) if body.get("stream") else whole(response(said(text)))


@form
async def structured_responses(bench: Bench) -> None:
    bench.script = responses
    client = bench.client()
    reply = await now(client.responses.parse(model="m", input=GIVEN, text_format=Case))
    assert reply.output_parsed == EXPECTED
    async with held(client.responses.stream(model="m", input=GIVEN, text_format=Case)) as stream:
        final = await now(stream.get_final_response())
    assert final.output_parsed == EXPECTED
    tools = [openai.pydantic_function_tool(Case, name="send")["function"] | {"type": "function"}]
    reply = await now(client.responses.parse(model="m", input=GIVEN, tools=tools))
    assert Case.model_validate(reply.output[0].parsed_arguments) == EXPECTED
    bench.sent()


@form
async def a_token_where_an_address_must_stand(bench: Bench) -> None:
    """A model held to `format: email` can write the token without its wrapper: it comes back."""

    def answer(request: Received) -> Script:
        body = json.loads(request.body)
        _, mail = body["messages"][-1]["content"].split(" | ")
        bare = mail.removeprefix("<PER>").removesuffix("</PER>")
        assert "@" in bare
        assert "<" not in bare
        contact = {"mail": bare, "at": "home"}
        return whole(completion(message(json.dumps(contact), refusal=None)))

    bench.script = answer
    from tests.clients.structured import Contact

    reply = await now(
        bench.client().chat.completions.parse(
            model="m", messages=[say(f"{NAME} | {MAIL}")], response_format=Contact
        )
    )
    assert reply.choices[0].message.parsed == Contact(mail=MAIL, at="home")
    bench.sent()
