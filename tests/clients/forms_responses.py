"""The Responses API: what goes out and comes back whole, and what does not go out."""

from __future__ import annotations

import json
from typing import Any

import openai

from tests.clients.bench import (
    JSON,
    MAIL,
    NAME,
    PHONE,
    PROMPT,
    QUOTED,
    Bench,
    always,
    each,
    form,
    now,
    outcome,
    whole,
)
from tests.clients.responses_bench import (
    ITEMS,
    asked,
    create,
    echo,
    last_text,
    response,
    spoken,
)
from tests.wireserver import Script


@form
async def response_create(bench: Bench) -> None:
    bench.script = echo
    reply = await now(create(bench.client()))
    assert reply.output_text == PROMPT
    assert bench.asked()["input"].count("<PER>") == 4


@form
async def response_repeats_its_request(bench: Bench) -> None:
    """All that a response repeats of its request says again what the program said."""
    bench.script = echo
    given: dict[str, Any] = {
        "instructions": f"You write for {NAME}.",
        "metadata": {"who": NAME, "mail": MAIL},
        "prompt": {"id": "pmpt_1", "variables": {"name": NAME}},
        "prompt_cache_key": MAIL,
        "safety_identifier": MAIL,
        "user": MAIL,
        "text": {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "description": f"About {NAME}",
                "schema": {"type": "object", "properties": {"to": {"enum": [MAIL]}}},
            }
        },
        "tools": [
            {
                "type": "function",
                "name": "send",
                "description": f"Calls {PHONE}",
                "parameters": {"type": "object", "properties": {"to": {"default": MAIL}}},
                "strict": False,
            },
            {"type": "mcp", "server_label": "s", "server_description": QUOTED, "server_url": "u:/"},
        ],
    }
    raw = await now(
        bench.client().responses.with_raw_response.create(model="m", input=PROMPT, **given)
    )
    said = json.loads(raw.http_response.text)
    assert {name: said[name] for name in given} == given
    bench.sent()


@form
async def response_nothing_to_mask(bench: Bench) -> None:
    body = b'{ "id" :"r", "object":"response", "output" :[ ],"n": 1e2 }'
    bench.script = always(Script(200, JSON, [body]))
    raw = await now(bench.client().responses.with_raw_response.create(model="m", input="Good day."))
    assert raw.http_response.content == body
    await now(create(bench.bare(), "Good day."))
    guarded, plain = bench.server.requests
    assert guarded.body == plain.body


@form
async def response_items_there_and_back(bench: Bench) -> None:
    """What goes out as input and comes back as output is what the program sent."""
    bench.script = lambda request: whole(response(*asked(request)["input"]))
    raw = await now(bench.client().responses.with_raw_response.create(model="m", input=ITEMS))
    assert json.loads(raw.http_response.text)["output"] == ITEMS
    bench.sent()
    items = bench.asked()["input"]
    assert [item.get("encrypted_content") for item in items] == [
        item.get("encrypted_content") for item in ITEMS
    ]
    assert json.loads(items[4]["arguments"])["to"].startswith("<PER>")


@form
async def response_next_turn(bench: Bench) -> None:
    """A program that appends the reply's items to its input, as the documentation does."""
    bench.script = lambda request: whole(response(ITEMS[3], spoken(last_text(request))))
    client = bench.client()
    history: list[Any] = [{"role": "user", "content": PROMPT}]
    for _ in range(2):
        reply = await now(create(client, history, store=False))
        assert reply.output_text == PROMPT
        history += reply.output
        history.append({"role": "user", "content": PROMPT})
    bench.sent()
    first, second = (asked(request)["input"] for request in bench.server.requests)
    assert second[: len(first)] == first
    assert second[1]["encrypted_content"] == ITEMS[3]["encrypted_content"]


@form
async def response_counted_and_compacted(bench: Bench) -> None:
    client = bench.client()
    if not hasattr(client.responses, "compact"):
        return  # an older SDK
    bench.script = always(whole({"object": "response.input_tokens", "input_tokens": 7}))
    counted = await now(client.responses.input_tokens.count(model="m", input=ITEMS))
    assert counted.input_tokens == 7
    bench.script = lambda request: whole(
        response(*asked(request)["input"], ITEMS[-1]) | {"object": "response.compaction"}
    )
    compact = await now(client.responses.compact(model="m", input=[ITEMS[2]], instructions=NAME))
    assert compact.output[0].to_dict() == ITEMS[2]
    assert compact.output[1].encrypted_content == ITEMS[-1]["encrypted_content"]
    bench.sent()


@form
async def response_credentials_stay(bench: Bench) -> None:
    """What is meant for another server reaches the provider as it is."""
    bench.script = echo
    server = {
        "type": "mcp",
        "server_label": "crm",
        "server_url": "https://crm.example/in?key=a b",
        "headers": {"X-Key": "p@ss word"},
        "authorization": "Bearer 'x' y",
        "server_description": f"Knows {NAME}",
    }
    await now(create(bench.client(), tools=[server]))
    [tool] = bench.asked()["tools"]
    assert tool.pop("server_description").startswith("Knows <PER>")
    assert server == tool | {"server_description": f"Knows {NAME}"}


@form
async def response_refused(bench: Bench) -> None:
    """What cannot be searched, and what nobody here knows how to restore, is not sent."""
    client = bench.client(max_retries=2)
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    for item, why in (
        ({"role": "user", "content": [picture]}, "a picture cannot be masked"),
        ({"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}, "a file cannot"),
        ({"type": "image_generation_call", "id": "i", "result": "AAAA"}, "leave `result` out"),
        (
            {
                "type": "computer_call_output",
                "call_id": "c",
                "output": {"type": "computer_screenshot", "file_id": "f"},
            },
            "a screenshot cannot be masked",
        ),
        ({"type": "hologram", "text": PROMPT}, "an item of this type cannot be masked"),
    ):
        error = await outcome(create, client, [item])
        assert isinstance(error, openai.BadRequestError)
        assert error.code == "unknown_format"
        assert why in str(error)
    for calling_, arguments in (
        (client.responses.retrieve, ("resp_1",)),
        (client.responses.cancel, ("resp_1",)),
        (client.responses.input_items.list, ("resp_1",)),
    ):
        error = await outcome(calling_, *arguments)
        assert isinstance(error, openai.NotFoundError)
        assert error.code == "unknown_map"
    assert bench.server.requests == []


@form
async def calls_without_a_body(bench: Bench) -> None:
    model = {"id": "m-1", "object": "model", "created": 1, "owned_by": "o"}
    bench.script = lambda request: (
        whole({"object": "list", "data": [model]})
        if request.path.endswith("/models")
        else whole(model)
    )
    client = bench.client(max_retries=2)
    listed = [one async for one in each(await now(client.models.list()))]
    assert [one.id for one in listed] == ["m-1"]
    assert (await now(client.models.retrieve("ft:m-1:org::x1"))).id == "m-1"
    bench.script = always(Script(204))
    await now(client.responses.delete("resp_1"))
    sent = [(request.method, request.path, request.body) for request in bench.server.requests]
    assert sent == [
        ("GET", "/v1/models", b""),
        ("GET", "/v1/models/ft:m-1:org::x1", b""),
        ("DELETE", "/v1/responses/resp_1", b""),
    ]
    for calling_, arguments, more in (
        (client.models.retrieve, (NAME,), {}),
        (client.models.list, (), {"extra_query": {"who": NAME}}),
        (client.responses.delete, (MAIL,), {}),
    ):
        error = await outcome(calling_, *arguments, **more)
        assert isinstance(error, openai.BadRequestError)
    assert len(bench.server.requests) == 3
