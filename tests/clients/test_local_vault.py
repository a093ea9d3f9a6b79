"""The whole road: the real SDK, the real exchange, the real vault, a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from llm_guard_protecto import AsyncLocalVault, LocalVault, protect
from tests.clients.bench import (
    Bench,
    ask,
    completion,
    echo,
    last_text,
    message,
    now,
    say,
    text_of,
    whole,
)
from tests.clients.leaks import leaked
from tests.wireserver import Received, Script

LETTER = (
    "Write to Sarah Johnson, 456 Elm Avenue, Boston, (555) 987-6543, sarah.johnson@mail.example, "
    "that her card 4111 1111 1111 1111 was charged."
)
SECRETS = ("Sarah", "Johnson", "Elm Avenue", "987-6543", "mail.example", "4111 1111 1111 1111")


def asking(kind: str, work: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        bench = Bench(kind, "httpx2")
        bench.script = echo
        vaults: list[LocalVault | AsyncLocalVault] = [LocalVault("memory:")]
        if kind == "async":
            vaults.append(AsyncLocalVault("memory:"))
        with bench.server:
            for bench.vault in vaults:
                await work(bench)
            await bench.close()
        assert leaked(bytes(bench.server.heard), SECRETS) == []

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_letter_comes_back(kind: str) -> None:
    async def work(bench: Bench) -> None:
        client = bench.client()
        assert (await now(ask(client, say(LETTER)))).choices[0].message.content == LETTER
        assert await text_of(await now(ask(client, say(LETTER), stream=True))) == LETTER

    asking(kind, work)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_found_once_masked_everywhere(kind: str) -> None:
    """A value known from one message is masked where nothing else would give it away."""

    async def work(bench: Bench) -> None:
        history = [say(LETTER), message("Noted."), say("key=Sarah Johnson;k2=4111 1111 1111 1111")]
        await now(ask(bench.client(), *history, stop=["Sarah Johnson:"], user="Sarah Johnson"))

    asking(kind, work)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_model_that_takes_one_word_of_a_name(kind: str) -> None:
    def answer(request: Received) -> Script:
        name = last_text(request).partition("<PER>")[2].partition("</PER>")[0].split()[-1]
        return whole(completion(message(f"Dear Ms. {name},")))

    async def work(bench: Bench) -> None:
        bench.script = answer
        reply = await now(ask(bench.client(), say(LETTER)))
        assert reply.choices[0].message.content == "Dear Ms. Johnson,"

    asking(kind, work)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_token_of_another_request_stays_a_token(kind: str) -> None:
    """What one conversation masked is not restored in another, though the vault knows it."""
    planted = ""

    def answer(request: Received) -> Script:
        nonlocal planted
        planted = planted or last_text(request)
        return whole(completion(message(planted)))

    async def work(bench: Bench) -> None:
        nonlocal planted
        planted, bench.script = "", answer
        client = bench.client()
        assert (await now(ask(client, say(LETTER)))).choices[0].message.content == LETTER
        reply = await now(ask(client, say("Whom did we write to?")))
        assert reply.choices[0].message.content == planted
        assert leaked(planted.encode(), SECRETS) == []

    asking(kind, work)


def test_the_masked_prefix_of_a_chat_stays_the_same() -> None:
    """So a provider's prompt cache keeps working from turn to turn."""
    history = [say(LETTER)]

    async def work(bench: Bench) -> None:
        client = protect(bench.bare(), bench.vault)
        for turn in range(3):
            reply = await now(ask(client, *history))
            history.extend([message(reply.choices[0].message.content), say(f"And then? {turn}")])
        asked = [json.loads(one.body)["messages"] for one in bench.server.requests]
        assert asked[1][: len(asked[0])] == asked[0]
        assert asked[2][: len(asked[1])] == asked[1]

    asking("sync", work)
