"""Clients that send through aiohttp, the SDKs' own and any other, guarded like those of httpx."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import anthropic
import openai
import pytest
from httpx_aiohttp import HttpxAiohttpClient

from llm_guard_protecto.clients import guarded, protect
from tests.clients import anthropic_bench as messages
from tests.clients import forms_anthropic_streams, forms_streams
from tests.clients.bench import PROMPT, VALUES, Bench, echo, say, text_of
from tests.clients.leaks import leaked
from tests.clients.stream_faults import broken
from tests.clients.tiny_vault import AsyncTinyVault, TinyVault
from tests.wireserver import WireServer

ASKED: dict[str, Any] = {"model": "m", "messages": [say(PROMPT)]}


def checked(server: WireServer, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with server:
        asyncio.run(work())
        assert len(server.requests) >= 2
        assert leaked(bytes(server.heard), VALUES) == []


async def speaks(client: openai.AsyncOpenAI) -> None:
    async with client:
        reply = await client.chat.completions.create(**ASKED)
        assert reply.choices[0].message.content == PROMPT
        assert await text_of(await client.chat.completions.create(stream=True, **ASKED)) == PROMPT
        early = await client.chat.completions.create(stream=True, **ASKED)
        async for _ in early:
            break
        await early.close()
        copied = client.with_options(timeout=9)
        reply = await copied.chat.completions.create(**ASKED)
        assert reply.choices[0].message.content == PROMPT


@pytest.mark.parametrize("vault", [TinyVault, AsyncTinyVault])
def test_the_client_of_the_openai_sdk(vault: type[Any]) -> None:
    server = WireServer(echo)

    async def work() -> None:
        inner = openai.DefaultAioHttpClient()
        client = openai.AsyncOpenAI(
            api_key="none", base_url=f"{server.url}/v1", max_retries=0, http_client=inner
        )
        await speaks(protect(client, vault(*VALUES)))
        assert inner.is_closed

    checked(server, work)


def test_a_client_of_the_other_family() -> None:
    """`httpx_aiohttp` makes clients of `httpx`, which openai 3 takes as well."""
    server = WireServer(echo)

    async def work() -> None:
        http: Any = guarded(HttpxAiohttpClient(), TinyVault(*VALUES))
        await speaks(
            openai.AsyncOpenAI(
                api_key="none", base_url=f"{server.url}/v1", max_retries=0, http_client=http
            )
        )

    checked(server, work)


def test_the_client_of_the_anthropic_sdk() -> None:
    server = WireServer(messages.echo)

    async def work() -> None:
        inner = anthropic.DefaultAioHttpClient()
        bare = anthropic.AsyncAnthropic(
            api_key="none", base_url=server.url, max_retries=0, http_client=inner
        )
        async with protect(bare, TinyVault(*VALUES)) as client:
            for reply in await messages.both(client):
                assert reply.content[0].text == PROMPT

    checked(server, work)


# Whatever goes wrong with a stream ------------------------------------------------------------------


class OpenAIBench(Bench):
    """A `Bench` whose clients send through the SDK's own client of aiohttp."""

    def __init__(self) -> None:
        super().__init__("async", "httpx2")

    def bare_http(self, **settings: Any) -> Any:
        return openai.DefaultAioHttpClient(**{"trust_env": False, "verify": False} | settings)


class AnthropicBench(messages.MessagesBench):
    """The same of Anthropic."""

    def __init__(self) -> None:
        super().__init__("async")

    def bare_http(self, **settings: Any) -> Any:
        return anthropic.DefaultAioHttpClient(**{"trust_env": False, "verify": False} | settings)


@pytest.fixture
def no_collections() -> Iterator[None]:
    """As in `test_sdk`: none in a thread of the server's."""
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


ALIKE = ("chat_helper", "response_again")  # nothing of theirs is told apart down here
BROKEN = [
    pytest.param(kind, run, id=name)
    for kind, ways in (
        (OpenAIBench, [way for way in forms_streams.WAYS if way.name not in ALIKE]),
        (AnthropicBench, forms_anthropic_streams.WAYS[:2]),
    )
    for name, run, _ in broken(ways)
]


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize(("kind", "run"), BROKEN)
def test_a_broken_stream(kind: type[Any], run: Callable[[Bench], Awaitable[None]]) -> None:
    async def work() -> None:
        bench = kind()
        with bench.server:
            try:
                await run(bench)
            finally:
                await bench.close()

    asyncio.run(work())
    gc.collect()  # so that what was left open is blamed on this one
