"""Clients that send through aiohttp, the SDKs' own and any other, guarded like those of httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import anthropic
import openai
import pytest
from httpx_aiohttp import HttpxAiohttpClient

from llm_guard_protecto.clients import guarded, protect
from tests.clients import anthropic_bench as messages
from tests.clients.bench import PROMPT, VALUES, echo, say, text_of
from tests.clients.leaks import leaked
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
