"""When things go wrong, the program sees what it would see without us."""

from __future__ import annotations

import json
import threading

import openai

from tests.clients.bench import (
    EVENTS,
    JSON,
    PROMPT,
    Bench,
    ask,
    each,
    echo,
    event_bytes,
    form,
    last_text,
    now,
    outcome,
    say,
    spoken,
    whole,
)
from tests.wireserver import CUT, Received, Script


@form
async def error_that_echoes_the_prompt(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        said = {"message": f"bad: {last_text(request)}", "type": "x", "param": None, "code": "y"}
        return whole({"error": said}, 400)

    bench.script = answer
    client = bench.client()
    for streaming in (False, True):
        error = await outcome(ask, client, stream=streaming)
        assert isinstance(error, openai.BadRequestError)
        assert PROMPT in str(error.body["message"] if isinstance(error.body, dict) else error)
        assert json.loads(error.response.text)["error"]["message"] == f"bad: {PROMPT}"
        assert error.code == "y"
    bench.sent()


@form
async def error_event_in_a_stream(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        events = event_bytes(spoken("so far")[:-1])[:-1]
        said = {"error": {"message": f"cannot say {last_text(request)}", "type": "x"}}
        return Script(200, EVENTS, [*events, f"data: {json.dumps(said)}\n\n".encode()], True)

    bench.script = answer
    error = await outcome(ask, bench.client(), stream=True)
    assert isinstance(error, openai.APIError)
    assert error.message == f"cannot say {PROMPT}"


@form
async def retries(bench: Bench) -> None:
    failures = iter([500, 503])

    def answer(request: Received) -> Script:
        status = next(failures, None)
        quick = {"retry-after-ms": "1"}
        return (
            whole({"error": {"message": "no"}}, status, headers=quick) if status else echo(request)
        )

    bench.script = answer
    reply = await now(ask(bench.client(max_retries=2)))
    assert reply.choices[0].message.content == PROMPT
    bench.sent()
    first, second, third = bench.server.requests
    assert first.body == second.body == third.body


@form
async def timeout(bench: Bench) -> None:
    never = threading.Event()

    def answer(request: Received) -> Script:
        return Script(200, JSON, [b"{", never, b"}"])

    bench.script = answer
    error = await outcome(ask, bench.client(), timeout=0.2)
    assert isinstance(error, openai.APITimeoutError)
    never.set()
    bench.sent()


@form
async def nobody_there(bench: Bench) -> None:
    client = bench.client(base_url="http://127.0.0.1:1/v1")
    error = await outcome(ask, client)
    assert isinstance(error, openai.APIConnectionError)
    assert not isinstance(error, openai.APITimeoutError)


@form
async def cut(bench: Bench) -> None:
    """Whole or streamed, a cut ends as it would without us."""

    def answer(request: Received) -> Script:
        if not json.loads(request.body).get("stream"):
            return Script(200, JSON, [b'{"id": "x", ', CUT])
        events = event_bytes(spoken(last_text(request)))
        return Script(200, EVENTS, [*events[: len(events) // 2], CUT], chunked=True)

    bench.script = answer
    guarded, bare = bench.client(), bench.bare()
    for streaming in (False, True):
        ours = await outcome(ask, guarded, stream=streaming)
        theirs = await outcome(ask, bare, say("hello"), stream=streaming)
        assert type(ours) is type(theirs)
        assert str(ours) == str(theirs)


@form
async def no_half_token_before_a_cut(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        half = last_text(request)[: len("Write to <PER>") + 4]
        events = event_bytes(spoken(half)[:-1])[:-1]
        return Script(200, EVENTS, [*events, CUT], chunked=True)

    bench.script = answer
    seen = ""
    try:
        async for one in each(await now(ask(bench.client(), stream=True))):
            seen += one.choices[0].delta.content or ""
    except Exception:  # noqa: BLE001 - `cut` says which
        assert seen == "Write to "
    else:
        raise AssertionError("the stream was cut")
