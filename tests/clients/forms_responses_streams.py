"""The Responses API as events, and as objects: streams, parsed answers, tool calls, citations."""

from __future__ import annotations

import json
from typing import Any

import openai
from pydantic import BaseModel

from tests.clients.bench import (
    NAME,
    PROMPT,
    QUOTED,
    VALUES,
    Bench,
    each,
    form,
    held,
    now,
    outcome,
    whole,
)
from tests.clients.responses_bench import (
    asked,
    call,
    calling,
    create,
    echo,
    response,
    speaking,
    spoken,
    streamed,
)
from tests.wireserver import Received, Script


@form
async def response_stream(bench: Bench) -> None:
    bench.script = echo
    stream = await now(create(bench.client(), stream=True))
    said = ""
    numbers = []
    types = []
    async for event in each(stream):
        numbers.append(event.sequence_number)
        types.append(event.type)
        if event.type == "response.output_text.delta":
            said += event.delta
        elif event.type == "response.output_text.done":
            assert event.text == said == PROMPT
        elif event.type == "response.content_part.done":
            assert event.part.text == PROMPT
        elif event.type == "response.output_item.done":
            assert event.item.content[0].text == PROMPT
        elif event.type == "response.completed":
            assert event.response.output_text == PROMPT
    sent = speaking(bench.asked()["input"])
    assert numbers == list(range(len(sent)))
    assert types == [event["type"] for event in sent]


@form
async def response_stream_helper(bench: Bench) -> None:
    bench.script = echo
    said = ""
    async with held(bench.client().responses.stream(model="m", input=PROMPT)) as stream:
        async for event in each(stream):
            if event.type == "response.output_text.delta":
                said += event.delta
                assert event.snapshot == said
        final = await now(stream.get_final_response())
    assert said == final.output_text == PROMPT
    bench.sent()


class Note(BaseModel):
    """What a structured answer is parsed into."""

    to: str
    mail: str


NOTE = Note(to=NAME, mail=QUOTED)


def filled(request: Received) -> str:
    """A note made of what was asked, as JSON."""
    name, mail = asked(request)["input"].split(" | ")
    return json.dumps({"to": name, "mail": mail})


def noted(request: Received) -> Script:
    text = filled(request)
    return (
        streamed(speaking(text)) if asked(request).get("stream") else whole(response(spoken(text)))
    )


@form
async def response_parse(bench: Bench) -> None:
    """A value with quotes in it does not break the JSON that was asked for."""
    bench.script = noted
    client = bench.client()
    given = f"{NAME} | {QUOTED}"
    reply = await now(client.responses.parse(model="m", input=given, text_format=Note))
    assert reply.output_parsed == NOTE
    opened = client.responses.stream(model="m", input=given, text_format=Note)
    async with held(opened) as stream:
        done = [e async for e in each(stream) if e.type == "response.output_text.done"]
        final = await now(stream.get_final_response())
    assert [event.parsed for event in done] == [NOTE]
    assert final.output_parsed == NOTE
    bench.sent()


def tool_called(request: Received) -> Script:
    text = filled(request)
    return streamed(calling(text)) if asked(request).get("stream") else whole(response(call(text)))


@form
async def response_tool_call(bench: Bench) -> None:
    """Arguments come back escaped for JSON; streamed, they are the same, number for number."""
    bench.script = tool_called
    client = bench.client()
    given = f"{NAME} | {QUOTED}"
    tools = [openai.pydantic_function_tool(Note, name="send")["function"] | {"type": "function"}]
    reply = await now(client.responses.parse(model="m", input=given, tools=tools))
    [made] = reply.output
    assert made.parsed_arguments == Note(to=NAME, mail=QUOTED).model_dump()
    said = ""
    async with held(client.responses.stream(model="m", input=given, tools=tools)) as stream:
        async for event in each(stream):
            if event.type == "response.function_call_arguments.delta":
                said += event.delta
                assert event.snapshot == said
            if event.type == "response.function_call_arguments.done":
                assert event.arguments == said
        final = await now(stream.get_final_response())
    assert said == final.output[0].arguments == made.arguments
    assert json.loads(said) == {"to": NAME, "mail": QUOTED}
    bench.sent()


def citing(request: Received) -> Script:
    """Cites the last two words of what it was sent, which hold a token."""
    text = "Zoë said: " + asked(request)["input"] + " (source) and so on."
    start = text.index("at <PER>")
    end = text.index(" and so on")
    link = {"type": "url_citation", "url": "https://elm.example", "title": asked(request)["input"]}
    link |= {"start_index": start, "end_index": end}
    file = {"type": "file_citation", "file_id": "f1", "filename": "a.txt", "index": end}
    if asked(request).get("stream"):
        return streamed(speaking(text, link, file))
    return whole(response(spoken(text, link, file)))


@form
async def response_citations(bench: Bench) -> None:
    """The positions of a citation fit the restored text, whole and streamed."""
    bench.script = citing
    client = bench.client()
    text = f"Zoë said: {PROMPT} (source) and so on."

    def check(link: Any, file: Any) -> None:
        link = link if isinstance(link, dict) else link.to_dict()
        file = file if isinstance(file, dict) else file.to_dict()
        cited = text[link["start_index"] : link["end_index"]]
        assert cited == f"at {QUOTED}. (source)"
        assert link["title"] == PROMPT
        assert text[file["index"] :] == " and so on."

    reply = await now(create(client))
    check(*reply.output[0].content[0].annotations)
    added: list[Any] = []
    async for event in each(await now(create(client, stream=True))):
        if event.type == "response.output_text.annotation.added":
            added.append(event.annotation)
        elif event.type == "response.output_item.done":
            check(*event.item.content[0].annotations)
        elif event.type == "response.completed":
            check(*event.response.output[0].content[0].annotations)
            assert event.response.output_text == text
    check(*added)
    bench.sent()


@form
async def response_stream_cut_short(bench: Bench) -> None:
    """A stream that ends in the middle of a token: what was certain is said, nothing is guessed."""

    def cut(request: Received) -> Script:
        text = asked(request)["input"]
        return streamed(speaking(text[: text.index("</PER>") + 3])[:-4])

    bench.script = cut
    said = ""
    async for event in each(await now(create(bench.client(), stream=True))):
        said += getattr(event, "delta", "")
    assert said.startswith(f"Write to {NAME}")
    bench.sent()


@form
async def response_errors_are_restored(bench: Bench) -> None:
    def failing(request: Received) -> Script:
        message = f"bad input: {asked(request)['input']}"
        if not asked(request).get("stream"):
            return whole({"error": {"message": message, "type": "x"}}, status=400)
        failed = response(status="failed", error={"code": "server_error", "message": message})
        events = speaking(asked(request)["input"])[:-4]
        return streamed([*events, {"type": "response.failed", "response": failed, **NUMBER}])

    bench.script = failing
    client = bench.client()
    error = await outcome(create, client)
    assert isinstance(error, openai.BadRequestError)
    assert all(value in str(error) for value in VALUES)
    events = [event async for event in each(await now(create(client, stream=True)))]
    assert events[-1].response.error.message == f"bad input: {PROMPT}"
    assert "".join(getattr(event, "delta", "") for event in events) == PROMPT
    bench.script = lambda request: streamed(
        [{"type": "error", "code": "x", "message": asked(request)["input"], **NUMBER}]
    )
    [event] = [event async for event in each(await now(create(client, stream=True)))]
    assert event.message == PROMPT
    bench.sent()


NUMBER = {"sequence_number": 99}
