"""How the bytes of a reply come: redirected, compressed, cut small, slow, empty, or not text."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable

import openai

from tests.clients.bench import (
    EVENTS,
    JSON,
    PROMPT,
    Bench,
    always,
    ask,
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
from tests.wireserver import Piece, Received, Script


@form
async def redirect(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        if request.path.startswith("/v1/"):
            return Script(307, {"location": "/elsewhere/v1/chat/completions"})
        return echo(request)

    bench.script = answer
    reply = await now(ask(bench.client({"follow_redirects": True})))
    assert reply.choices[0].message.content == PROMPT
    bench.sent()
    assert [one.path for one in bench.server.requests] == [
        "/v1/chat/completions",
        "/elsewhere/v1/chat/completions",
    ]


@form
async def compressed(bench: Bench) -> None:
    how: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}

    def answer(request: Received) -> Script:
        assert request.headers["accept-encoding"] == "identity"
        plain = echo(request)
        squeezed = how[encoding](b"".join(p for p in plain.body if isinstance(p, bytes)))
        pieces: list[Piece] = [squeezed[at : at + 9] for at in range(0, len(squeezed), 9)]
        headers = {"content-encoding": encoding} | dict(plain.headers)
        return Script(200, headers, pieces, chunked=True)

    bench.script = answer
    client = bench.client()
    for encoding in how:
        reply = await now(ask(client))
        assert reply.choices[0].message.content == PROMPT
        assert await text_of(await now(ask(client, stream=True))) == PROMPT
    bench.sent()


@form
async def unknown_encoding(bench: Bench) -> None:
    headers = {"content-encoding": "snappy"}
    bench.script = lambda request: Script(200, JSON | headers, [b"\x00\x01garbage"])
    error = await outcome(ask, bench.client(max_retries=2))
    assert isinstance(error, openai.InternalServerError)
    assert "compressed" in str(error)
    assert len(bench.server.requests) == 1


@form
async def one_byte_at_a_time(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        events = event_bytes(spoken(last_text(request)), end="\r\n")
        noisy = b": hello\r\n\r\n" + b"event: x\r\nid: 7\r\n".join([b"", *events])
        return Script(200, EVENTS, [bytes([byte]) for byte in noisy], chunked=True)

    bench.script = answer
    assert await text_of(await now(ask(bench.client(), stream=True))) == PROMPT
    bench.sent()


@form
async def events_come_as_they_are_made(bench: Bench) -> None:
    """The second half is not sent before the first has arrived at the program."""
    halfway = threading.Event()

    def answer(request: Received) -> Script:
        events: list[Piece] = [*event_bytes(spoken(last_text(request)))]
        return Script(200, EVENTS, [*events[:4], halfway, *events[4:]], chunked=True)

    bench.script = answer
    seen = ""
    async for one in each(await now(ask(bench.client(), stream=True))):
        seen += one.choices[0].delta.content or ""
        if seen == "Write to ":
            halfway.set()
    assert halfway.is_set()
    assert seen == PROMPT


@form
async def a_stream_that_just_ends(bench: Bench) -> None:
    """No last chunk, no `[DONE]`: what was held back as the beginning of a token is text after all."""

    def answer(request: Received) -> Script:
        events = event_bytes(spoken(f"Write to {last_text(request)[9:13]}")[:-1])[:-1]
        return Script(200, EVENTS, events, chunked=True)

    bench.script = answer
    assert await text_of(await now(ask(bench.client(), stream=True))) == "Write to <PER"
    bench.sent()


@form
async def empty_body(bench: Bench) -> None:
    for script in (Script(200, JSON), Script(200, JSON, chunked=True), Script(204)):
        bench.script = always(script)
        raw = await now(
            bench.client().chat.completions.with_raw_response.create(model="m", messages=[])
        )
        assert raw.http_response.content == b""
        assert raw.http_response.status_code == script.status


@form
async def other_content(bench: Bench) -> None:
    """What is neither JSON nor text comes byte for byte, encoding header and all."""
    audio = gzip.compress(b"\x00\xffsound <PER>" * 99)
    headers = {"content-type": "audio/mpeg", "content-encoding": "gzip"}
    bench.script = lambda request: Script(200, headers, [audio])
    api = bench.client().chat.completions.with_streaming_response
    async with held(api.create(model="m", messages=[say(PROMPT)])) as response:
        raw = response.http_response
        pieces = raw.aiter_raw() if bench.kind == "async" else raw.iter_raw()
        assert b"".join([piece async for piece in each(pieces)]) == audio
        assert response.headers["content-length"] == str(len(audio))
