"""Messages, through the real Anthropic SDK to a real socket: text, tools, documents, streams."""

from __future__ import annotations

import json
from typing import Any

import anthropic
from pydantic import BaseModel

from tests.clients.anthropic_bench import (
    MessagesBench,
    answered,
    answers,
    ask,
    blocks_of,
    both,
    echo,
    event,
    form,
    says,
    spoken,
    streams,
    text_of,
    tool_call,
    words,
)
from tests.clients.bench import EVENTS, JSON, MAIL, NAME, PHONE, PROMPT, QUOTED, each, held, now
from tests.wireserver import Received, Script

TOOL: Any = {
    "name": "write",
    "description": f"Writes a letter, for example to {NAME}",
    "input_schema": {
        "type": "object",
        "properties": {"to": {"type": "string", "enum": [NAME, "nobody"]}},
    },
    "input_examples": [{"to": NAME}],
}


@form
async def create(bench: MessagesBench) -> None:
    bench.script = echo
    reply = await now(ask(bench.client()))
    assert reply.content[0].text == PROMPT
    assert bench.asked()["messages"][0]["content"].count("<PER>") == 4


@form
async def create_streamed(bench: MessagesBench) -> None:
    bench.script = echo
    assert await text_of(await now(ask(bench.client(), stream=True))) == PROMPT
    bench.sent()


@form
async def stream_helper(bench: MessagesBench) -> None:
    """The helper's own deltas, its snapshots and its final message all say the same."""
    bench.script = echo
    client = bench.client()
    async with streams(client) as stream:
        assert "".join([piece async for piece in each(stream.text_stream)]) == PROMPT
        assert (await now(stream.get_final_message())).content[0].text == PROMPT
        assert await now(stream.get_final_text()) == PROMPT
    seen = ""
    async with streams(client) as stream:
        async for one in each(stream):
            if one.type == "text":
                seen += one.text
                assert one.snapshot == seen
            elif one.type == "content_block_stop":
                assert one.content_block.text == seen
    assert seen == PROMPT
    bench.sent()


@form
async def names_of_events(bench: MessagesBench) -> None:
    """Every event has the name of its type, also those that we add."""
    bench.script = answers(lambda request: answered(spoken(words(request) + " <PER")))
    api = bench.client().messages.with_streaming_response
    asked: Any = {"model": "m", "max_tokens": 9, "messages": [says(PROMPT)], "stream": True}
    async with held(api.create(**asked)) as response:
        lines = [line async for line in each(response.iter_lines())]
    named = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert named == [one["type"] for one in told]
    assert named.index("content_block_stop") == len(named) - 3
    said = [one["delta"]["text"] for one in told if one["type"] == "content_block_delta"]
    assert "".join(said) == f"{PROMPT} <PER"
    assert said[-1].endswith("<PER")


@form
async def nothing_to_mask_changes_nothing(bench: MessagesBench) -> None:
    body = b'{ "id" :"msg_1","type" : "message",  "role":"assistant","model":"m","content": [] }'
    bench.script = lambda request: Script(200, JSON, [body])
    raw = await now(
        bench.client().messages.with_raw_response.create(
            model="m", max_tokens=9, messages=[says("Good day.")]
        )
    )
    assert raw.http_response.content == body
    await now(ask(bench.bare(), says("Good day.")))
    guarded, plain = bench.server.requests
    assert guarded.body == plain.body


@form
async def every_place_of_a_request(bench: MessagesBench) -> None:
    bench.script = echo
    document = {"type": "text", "media_type": "text/plain", "data": f"{NAME} came"}
    parts = [
        {"type": "document", "source": document, "title": NAME, "context": f"by {MAIL}"},
        {
            "type": "document",
            "source": {"type": "content", "content": [spoken(f"I am {NAME}")]},
            "citations": {"enabled": True},
        },
        {
            "type": "search_result",
            "source": f"https://elm.example/?q={MAIL}",
            "title": QUOTED,
            "content": [spoken(PHONE)],
        },
        {"type": "text", "text": PROMPT, "cache_control": {"type": "ephemeral"}},
    ]
    reply = await now(
        ask(
            bench.client(),
            says(parts),
            system=[spoken(f"You work for {NAME}.")],
            tools=[TOOL],
            stop_sequences=[NAME],
            metadata={"user_id": MAIL},
        )
    )
    assert reply.content[0].text == PROMPT
    asked = bench.asked()
    assert asked["tools"][0]["input_schema"]["properties"]["to"]["enum"][1] == "nobody"
    assert asked["messages"][0]["content"][1]["citations"] == {"enabled": True}
    assert asked["metadata"]["user_id"].startswith("<PER>")
    await now(ask(bench.client(), system=f"You work for {NAME}."))
    assert bench.asked()["system"].startswith("You work for <PER>")


@form
async def counting_tokens(bench: MessagesBench) -> None:
    bench.script = lambda request: Script(200, JSON, [b'{"input_tokens": 7}'])
    counted = await now(
        bench.client().messages.count_tokens(model="m", messages=[says(PROMPT)], system=NAME)
    )
    assert counted.input_tokens == 7
    assert bench.server.requests[-1].path == "/v1/messages/count_tokens"
    bench.sent()


@form
async def parallel_tool_calls_back(bench: MessagesBench) -> None:
    def make(request: Received) -> dict[str, Any]:
        name, phone = words(request).split(" | ")
        return answered(
            spoken("I write."),
            tool_call(1, to=name, copies=2, of=[{"phone": phone}]),
            tool_call(2, to=phone, note=f'"{name}"\n'),
            stop_reason="tool_use",
        )

    bench.script = answers(make)
    for reply in await both(bench.client(), says(f"{NAME} | {PHONE}"), tools=[TOOL]):
        _, first, second = reply.content
        assert first.input == {"to": NAME, "copies": 2, "of": [{"phone": PHONE}]}
        assert second.input == {"to": PHONE, "note": f'"{NAME}"\n'}
        assert (first.id, first.name, second.id) == ("toolu_1", "write", "toolu_2")
    bench.sent()


@form
async def partial_inputs_of_the_helper(bench: MessagesBench) -> None:
    """What the helper has read so far of a tool's input is never half a token."""
    bench.script = answers(lambda request: answered(tool_call(to=words(request))))
    async with streams(bench.client(), says(f"Dear {NAME}."), tools=[TOOL]) as stream:
        seen = [
            one.snapshot.get("to", "") async for one in each(stream) if one.type == "input_json"
        ]
    assert seen[-1] == f"Dear {NAME}."
    assert all(f"Dear {NAME}.".startswith(part) for part in seen)


@form
async def tool_calls_and_results_out(bench: MessagesBench) -> None:
    bench.script = echo
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": f'{{ "phone": "{PHONE}"}}'},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": f"wrote to {NAME}"},
        {
            "type": "tool_result",
            "tool_use_id": "toolu_3",
            "content": [spoken(json.dumps({"mail": MAIL})), spoken(f"and {QUOTED}")],
            "is_error": True,
        },
    ]
    history = [
        says("write"),
        says([tool_call(1, to=NAME, phone=PHONE), tool_call(2), tool_call(3)], "assistant"),
        says(results),
    ]
    await now(ask(bench.client(), *history, tools=[TOOL]))
    _, called, given = bench.asked()["messages"]
    assert set(called["content"][0]["input"]) == {"to", "phone"}
    assert given["content"][0]["content"].startswith('{ "phone": "<PER>')
    assert json.loads(given["content"][2]["content"][0]["text"])["mail"].startswith("<PER>")
    assert [one["tool_use_id"] for one in given["content"]] == ["toolu_1", "toolu_2", "toolu_3"]


@form
async def tool_runner(bench: MessagesBench) -> None:
    """The SDK's own loop: the function gets the value, and what it returns goes out masked.

    The SDK lets the provider keep the conversation: the second call sends the tool's answer alone,
    and its reply speaks of somebody who stands in the first.
    """
    got: list[str] = []
    first: dict[str, str] = {}

    def look(to: str) -> str:
        """Look somebody up."""
        got.append(to)
        return json.dumps({"mail": MAIL})

    async def alook(to: str) -> str:
        """Look somebody up."""
        return look(to)

    def make(request: Received) -> dict[str, Any]:
        asked = json.loads(request.body)
        last = asked["messages"][-1]["content"]
        if isinstance(last, str):
            first["name"] = last
            called = tool_call(to=last) | {"name": "look"}
            return answered(called, id=f"msg_{len(bench.server.requests)}", stop_reason="tool_use")
        assert asked["thread"]["previous_message_id"].startswith("msg_")
        assert len(asked["messages"]) == 1
        [result] = last
        mail = json.loads(result["content"])["mail"]
        return answered(spoken(f"{first['name']} has {mail}"), id="msg_last")

    bench.script = answers(make)
    tool = (
        anthropic.beta_async_tool(alook, name="look")
        if bench.kind == "async"
        else anthropic.beta_tool(look)
    )
    client = bench.client()
    asking: Any = {"model": "m", "max_tokens": 9, "messages": [says(NAME)], "tools": [tool]}
    reply = await now(client.beta.messages.tool_runner(**asking).until_done())
    assert reply.content[0].text == f"{NAME} has {MAIL}"
    texts = []
    async for stream in each(client.beta.messages.tool_runner(**asking, stream=True)):
        final = await now(stream.get_final_message())
        texts += [block.text for block in final.content if block.type == "text"]
    assert texts == [f"{NAME} has {MAIL}"]
    assert got == [NAME, NAME]
    bench.sent()


@form
async def citations(bench: MessagesBench) -> None:
    def make(request: Received) -> dict[str, Any]:
        cited = {
            "type": "char_location",
            "cited_text": words(request),
            "document_index": 0,
            "document_title": words(request),
            "start_char_index": 3,
            "end_char_index": 30,
        }
        return answered(spoken(f"So: {words(request)}", citations=[cited]))

    bench.script = answers(make)
    client = bench.client()
    for reply in await both(client, says(NAME)):
        [block] = reply.content
        assert block.text == f"So: {NAME}"
        [cited] = block.citations
        assert (cited.cited_text, cited.document_title) == (NAME, NAME)
        assert (cited.start_char_index, cited.end_char_index) == (3, 30)
    await now(ask(client, says("Who?"), says([block.model_dump()], "assistant"), says("Again?")))
    bench.sent()


@form
async def stop_sequences(bench: MessagesBench) -> None:
    def make(request: Received) -> dict[str, Any]:
        [stop] = json.loads(request.body)["stop_sequences"]
        assert stop.startswith("<PER>")
        return answered(spoken("x"), stop_reason="stop_sequence", stop_sequence=stop)

    bench.script = answers(make)
    for reply in await both(bench.client(), stop_sequences=[NAME]):
        assert reply.stop_sequence == NAME


@form
async def server_tools(bench: MessagesBench) -> None:
    """What the provider's tools were asked and found comes back, and goes out again masked."""
    opaque = "RW5jcnlwdGVk+/8="

    def make(request: Received) -> dict[str, Any]:
        said = words(request)
        query = tool_call(query=said) | {"type": "server_tool_use", "name": "web_search"}
        found = {
            "type": "web_search_result",
            "title": said,
            "url": "https://elm.example/",
            "encrypted_content": opaque,
            "page_age": None,
        }
        listed = {"type": "web_search_tool_result", "tool_use_id": "toolu_1", "content": [found]}
        return answered(query, listed)

    bench.script = answers(make)
    client = bench.client()
    for reply in await both(client, says(NAME)):
        asked, found = reply.content
        assert asked.input == {"query": NAME}
        assert found.content[0].title == NAME
        assert found.content[0].encrypted_content == opaque
    again = says([one.model_dump(exclude_none=True) for one in reply.content], "assistant")
    await now(ask(client, says("look"), again, says(NAME)))
    sent = bench.asked()["messages"][1]["content"]
    assert sent[1]["content"][0]["encrypted_content"] == opaque


class Letter(BaseModel):
    """What a structured answer is parsed into."""

    to: str
    mail: str


@form
async def parse(bench: MessagesBench) -> None:
    def make(request: Received) -> dict[str, Any]:
        name, mail = words(request).split(" | ")
        return answered(spoken(json.dumps({"to": name, "mail": mail})))

    bench.script = answers(make)
    reply = await now(
        bench.client().messages.parse(
            model="m", max_tokens=9, messages=[says(f"{NAME} | {MAIL}")], output_format=Letter
        )
    )
    assert reply.parsed_output == Letter(to=NAME, mail=MAIL)
    bench.sent()


@form
async def one_byte_at_a_time(bench: MessagesBench) -> None:
    def answer(request: Received) -> Script:
        told = blocks_of(answered(spoken(words(request)), tool_call(to=words(request))))
        sent = b": hello\r\n\r\n" + b"".join(event(one, "\r\n") for one in told)
        return Script(200, EVENTS, [bytes([byte]) for byte in sent], chunked=True)

    bench.script = answer
    async with streams(bench.client()) as stream:
        text, called = (await now(stream.get_final_message())).content
    assert text.text == PROMPT
    assert called.input == {"to": PROMPT}
    bench.sent()


@form
async def copies_stay_guarded(bench: MessagesBench) -> None:
    bench.script = echo
    client = bench.client()
    own = bench.bare_http()
    for copy in (
        client.copy(),
        client.with_options(timeout=9, max_retries=1),
        client.with_options(timeout=9).copy(),
        client.with_middleware(),
        client.copy(http_client=own),
        client.copy(http_client=own).with_options(timeout=9),
    ):
        assert type(copy) is type(client)
        assert (await now(ask(copy))).content[0].text == PROMPT
    bench.sent()
    await now(own.aclose() if bench.kind == "async" else own.close())
