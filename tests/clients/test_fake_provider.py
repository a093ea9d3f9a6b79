"""The public double: an OpenAI-compatible provider that lives in the process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any

import anthropic
import httpx2
import openai
import pytest
import uvicorn

from llm_guard_protecto import protect
from llm_guard_protecto.testing import FakeProvider, ProviderError
from tests.clients.tiny_vault import TinyVault

ADA = "Ada Lindholm"
HELLO: list[Any] = [{"role": "user", "content": f"I am {ADA}"}]
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "write", "arguments": json.dumps({"to": ADA})},
}


def bare(provider: FakeProvider, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", http_client=provider.client(), **options)


def test_it_repeats_what_was_said() -> None:
    provider = FakeProvider()
    reply = bare(provider).chat.completions.create(model="m", messages=HELLO, n=2)
    assert [one.message.content for one in reply.choices] == [f"I am {ADA}"] * 2
    (received,) = provider.requests
    assert received.method == "POST"
    assert received.path.endswith("/chat/completions")
    assert received.headers["authorization"] == "Bearer none"
    assert received.json()["messages"] == HELLO
    assert received.body == provider.last_body
    assert ADA.encode() in provider.last_body


def test_before_the_first_request_there_is_no_body() -> None:
    assert FakeProvider().last_body == b""


@pytest.mark.parametrize("piece", [1, 4, 1000])
def test_it_streams(piece: int) -> None:
    provider = FakeProvider(lambda messages: f"Dear {ADA} of \U0001f600", piece=piece)
    chunks = [
        *bare(provider).chat.completions.create(
            model="m", messages=HELLO, n=2, stream=True, stream_options={"include_usage": True}
        )
    ]
    texts = ["", ""]
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [f"Dear {ADA} of \U0001f600"] * 2
    assert chunks[-1].usage is not None
    longest = max(len(c.choices[0].delta.content or "") for c in chunks if c.choices)
    assert longest == min(piece, len(texts[0]))


def test_tool_calls_whole_and_streamed() -> None:
    def reply(messages: Sequence[Any]) -> dict[str, Any]:
        return {"content": None, "tool_calls": [CALL, CALL | {"id": "call_2"}]}

    client = bare(FakeProvider(reply))
    whole = client.chat.completions.create(model="m", messages=HELLO)
    assert whole.choices[0].finish_reason == "tool_calls"
    calls = whole.choices[0].message.tool_calls or []
    assert [call.to_dict() for call in calls] == [CALL, CALL | {"id": "call_2"}]
    with client.chat.completions.stream(model="m", messages=HELLO) as stream:
        final = stream.get_final_completion().choices[0]
    assert [call.id for call in final.message.tool_calls or []] == ["call_1", "call_2"]
    for call in final.message.tool_calls or []:
        assert call.function.arguments == CALL["function"]["arguments"]  # type: ignore[index]


def test_errors() -> None:
    def reply(messages: Sequence[Any]) -> str:
        raise ProviderError(400, f"bad: {messages[-1]['content']}")

    client = bare(FakeProvider(reply))
    with pytest.raises(openai.BadRequestError, match=f"bad: I am {ADA}"):
        client.chat.completions.create(model="m", messages=HELLO)
    with pytest.raises(openai.NotFoundError, match="no such route"):
        client.embeddings.create(model="m", input="x")
    with pytest.raises(openai.BadRequestError, match="not a chat completion"):
        client.post("/chat/completions", body={"text": "x"}, cast_to=object)


def test_failures_come_first() -> None:
    provider = FakeProvider(failures=(500, 503))
    with pytest.raises(openai.InternalServerError):
        bare(provider, max_retries=0).chat.completions.create(model="m", messages=HELLO)
    reply = bare(provider, max_retries=1).chat.completions.create(model="m", messages=HELLO)
    assert reply.choices[0].message.content == f"I am {ADA}"
    assert len(provider.requests) == 3


def test_content_parts_and_nothing_at_all() -> None:
    client = bare(FakeProvider())
    parts: list[Any] = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    reply = client.chat.completions.create(model="m", messages=[{"role": "user", "content": parts}])
    assert reply.choices[0].message.content == "ab"
    assert client.chat.completions.create(model="m", messages=[]).choices[0].message.content == ""


def test_behind_a_protected_client() -> None:
    provider = FakeProvider(piece=3)
    client = protect(bare(provider), TinyVault(ADA))
    assert (
        f"I am {ADA}"
        == client.chat.completions.create(model="m", messages=HELLO).choices[0].message.content
    )
    stream = client.chat.completions.create(model="m", messages=HELLO, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream) == f"I am {ADA}"
    assert all(ADA.encode() not in one.body for one in provider.requests)


def test_behind_a_protected_async_client() -> None:
    provider = FakeProvider(piece=3)

    async def ask() -> str:
        plain = openai.AsyncOpenAI(api_key="none", http_client=provider.async_client())
        async with protect(plain, TinyVault(ADA)) as client:
            stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
            return "".join([c.choices[0].delta.content or "" async for c in stream])

    assert asyncio.run(ask()) == f"I am {ADA}"
    assert ADA.encode() not in provider.last_body


def test_as_a_server_of_its_own() -> None:
    provider = FakeProvider()
    config = uvicorn.Config(provider, port=0, log_config=None, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        own = httpx2.Client(trust_env=False)
        with openai.OpenAI(
            api_key="none", base_url=f"http://127.0.0.1:{port}/v1", http_client=own
        ) as client:
            stream = client.chat.completions.create(model="m", messages=HELLO, stream=True)
            assert "".join(c.choices[0].delta.content or "" for c in stream) == f"I am {ADA}"
    finally:
        server.should_exit = True
        thread.join()
    assert provider.requests[0].json()["stream"] is True


def claude(provider: FakeProvider) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="none", http_client=provider.client())


@pytest.mark.parametrize("piece", [1, 4, 1000])
def test_it_speaks_to_anthropics_sdk(piece: int) -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": "write", "input": {"to": ADA}}
    thought = {"type": "thinking", "thinking": f"It is {ADA}.", "signature": "S"}

    def reply(messages: Sequence[Any]) -> dict[str, Any]:
        return {"content": [thought, {"type": "text", "text": messages[-1]["content"]}, block]}

    client = claude(FakeProvider(reply, piece=piece))
    whole = client.messages.create(model="m", max_tokens=9, messages=HELLO)
    with client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream:
        assert "".join(stream.text_stream) == f"I am {ADA}"
        final = stream.get_final_message()
    for message in (whole, final):
        thinking, text, called = message.content
        assert thinking.to_dict() == thought
        assert text.to_dict() == {"type": "text", "text": f"I am {ADA}"}
        assert called.to_dict() == block
        assert message.stop_reason == "tool_use"
    plain = claude(FakeProvider()).messages.create(model="m", max_tokens=9, messages=HELLO)
    assert plain.content[0].to_dict() == {"type": "text", "text": f"I am {ADA}"}
    assert plain.stop_reason == "end_turn"


def test_errors_for_anthropics_sdk() -> None:
    client = claude(FakeProvider())
    with pytest.raises(anthropic.BadRequestError, match="not a messages request"):
        client.post("/v1/messages", body={"text": "x"}, cast_to=object)
    with pytest.raises(anthropic.NotFoundError, match="no such route"):
        client.models.list()
