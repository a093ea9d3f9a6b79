"""Whatever ends a call early, its connection goes back."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from tests.clients.bench import (
    EVENTS,
    JSON,
    PROMPT,
    Bench,
    always,
    ask,
    async_form,
    each,
    echo,
    event_bytes,
    form,
    held,
    last_text,
    now,
    outcome,
    say,
    spoken,
    text_of,
)
from tests.wireserver import CUT, Piece, Received, Script


def narrow(bench: Bench) -> dict[str, Any]:
    """Settings of a pool with one connection: a leaked one is missed at once."""
    limits = bench.http.Limits(max_connections=1)
    return {"limits": limits, "timeout": bench.http.Timeout(30, pool=5)}


@form
async def early_close(bench: Bench) -> None:
    bench.script = echo
    client = bench.client(narrow(bench))
    for _ in range(3):
        opened = await now(ask(client, stream=True))
        async for one in each(opened):
            if one.choices[0].delta.content:
                break
        await now(opened.close())
        assert opened.response.is_closed
    assert (await now(ask(client))).choices[0].message.content == PROMPT


@form
async def never_read(bench: Bench) -> None:
    bench.script = echo
    client = bench.client(narrow(bench))
    for streaming in (True, False):
        api = client.chat.completions.with_streaming_response
        async with held(api.create(model="m", messages=[say(PROMPT)], stream=streaming)):
            pass
    assert (await now(ask(client))).choices[0].message.content == PROMPT


@form
async def failures_give_their_connection_back(bench: Bench) -> None:
    client = bench.client(narrow(bench), max_retries=0)
    stuck = threading.Event()
    broken = [
        Script(200, JSON, [b"{", CUT]),
        Script(200, JSON, [b"{", stuck]),
        Script(200, JSON, [b"this is not JSON"]),
        Script(200, JSON | {"content-encoding": "snappy"}, [b"garbage"]),
        Script(200, EVENTS, [b"data: {", CUT]),
        Script(200, EVENTS, [b"data: this is not JSON\n\n"], chunked=True),
        Script(500, JSON, [b'{"error": {"message": "no"}}']),
    ]
    for script in broken:
        bench.script = always(script)
        streaming = script.headers["content-type"] == EVENTS["content-type"]
        await outcome(ask, client, stream=streaming, timeout=0.3)
    stuck.set()
    bench.script = echo
    assert (await now(ask(client))).choices[0].message.content == PROMPT
    bench.sent()


@async_form
async def cancelled(bench: Bench) -> None:
    """A cancelled task leaves no connection behind."""
    reached, never = threading.Event(), threading.Event()

    def answer(request: Received) -> Script:
        reached.set()
        events: list[Piece] = [*event_bytes(spoken(last_text(request)))]
        return Script(200, EVENTS, [*events[:3], never], chunked=True)

    client = bench.client(narrow(bench))

    async def read() -> None:
        await text_of(await ask(client, stream=True))

    for _ in range(3):
        reached.clear()
        bench.script = answer
        task = asyncio.create_task(read())
        await asyncio.to_thread(reached.wait, 30)
        await asyncio.sleep(0.01)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        else:
            raise AssertionError("not cancelled")
        bench.script = echo
        assert (await ask(client)).choices[0].message.content == PROMPT
    never.set()


@form
async def many_at_once(bench: Bench) -> None:
    bench.script = echo
    client = bench.client()
    texts = [f"{index}: {PROMPT} {index}" for index in range(20)]

    async def one(text: str) -> str:
        if int(text.partition(":")[0]) % 2:
            return await text_of(await now(ask(client, say(text), stream=True)))
        content: str = (await now(ask(client, say(text)))).choices[0].message.content
        return content

    if bench.kind == "async":
        replies = await asyncio.gather(*map(one, texts))
    else:
        replies = await asyncio.gather(
            *(asyncio.to_thread(asyncio.run, one(text)) for text in texts)
        )
    assert replies == texts
    bench.sent()
