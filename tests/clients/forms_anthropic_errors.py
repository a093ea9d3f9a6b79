"""When things go wrong, and what is not sent at all."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import anthropic

from llm_guard_protecto.clients import protect
from llm_guard_protecto.errors import PolicyViolation, VaultRefused, VaultUnavailable
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.vault import PolicyChoice
from tests.clients.anthropic_bench import (
    MessagesBench,
    answered,
    answers,
    ask,
    blocks_of,
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
from tests.clients.bench import EVENTS, JSON, NAME, PROMPT, VALUES, each, now, outcome, whole
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import TinyVault
from tests.wireserver import CUT, Received, Script


def error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@form
async def error_that_echoes_the_prompt(bench: MessagesBench) -> None:
    def answer(request: Received) -> Script:
        return whole(error("invalid_request_error", f"bad: {words(request)}"), 400)

    bench.script = answer
    client = bench.client()
    for streaming in (False, True):
        raised = await outcome(ask, client, stream=streaming)
        assert isinstance(raised, anthropic.BadRequestError)
        assert raised.body["error"]["message"] == f"bad: {PROMPT}"  # type: ignore[index]
        assert json.loads(raised.response.text) == error("invalid_request_error", f"bad: {PROMPT}")
    bench.sent()


@form
async def error_event_in_a_stream(bench: MessagesBench) -> None:
    """Half a token before it is not shown; the SDK raises what the event says."""

    def answer(request: Received) -> Script:
        begun = blocks_of(answered(spoken("so far <PER")))[:-3]
        failed = error("overloaded_error", f"cannot say {words(request)}")
        return Script(200, EVENTS, [event(one) for one in [*begun, failed]], chunked=True)

    bench.script = answer
    seen = ""
    raised: Any = None
    try:
        async for one in each(await now(ask(bench.client(), stream=True))):
            if one.type == "content_block_delta":
                seen += one.delta.text
    except anthropic.APIStatusError as caught:
        raised = caught
    assert seen == "so far "
    assert raised.body["error"]["message"] == f"cannot say {PROMPT}"


@form
async def retries(bench: MessagesBench) -> None:
    failures = iter([500, 503])

    def answer(request: Received) -> Script:
        status = next(failures, None)
        quick = {"retry-after-ms": "1"}
        return (
            whole(error("overloaded_error", "no"), status, headers=quick)
            if status
            else echo(request)
        )

    bench.script = answer
    reply = await now(ask(bench.client(max_retries=2)))
    assert reply.content[0].text == PROMPT
    first, second, third = bench.server.requests
    assert first.body == second.body == third.body
    bench.sent()


@form
async def cut(bench: MessagesBench) -> None:
    """A cut ends as it would without us, and no half token is shown before it."""

    def answer(request: Received) -> Script:
        text = words(request)
        if not json.loads(request.body).get("stream"):
            return Script(200, JSON, [b'{"id": "x", ', CUT])
        half = text[: text.index("<PER>") + 8] if "<PER>" in text else text
        told = blocks_of(answered(spoken(half)))[:-3]
        return Script(200, EVENTS, [*(event(one) for one in told), CUT], chunked=True)

    bench.script = answer
    guarded, bare = bench.client(), bench.bare()
    for streaming in (False, True):
        ours = await outcome(ask, guarded, stream=streaming)
        theirs = await outcome(ask, bare, says("hello"), stream=streaming)
        assert type(ours) is type(theirs)
        assert str(ours) == str(theirs)
    seen = ""
    try:
        async for one in each(await now(ask(guarded, stream=True))):
            seen += one.delta.text if one.type == "content_block_delta" else ""
    except Exception:  # noqa: BLE001 - the loop above says which
        assert seen == "Write to "
    else:
        raise AssertionError("the stream was cut")


@form
async def closed_early(bench: MessagesBench) -> None:
    """A program that stops reading gives the connection back."""
    bench.script = answers(lambda request: answered(spoken(words(request) * 50)))
    async with streams(bench.client()) as stream:
        async for piece in each(stream.text_stream):
            assert piece in PROMPT
            break
    assert bench.server.wait_for_end()


@form
async def a_reply_that_cannot_be_read(bench: MessagesBench) -> None:
    """An event without an end: one error of ours, as the SDK says such things."""

    def answer(request: Received) -> Script:
        return Script(200, EVENTS, [b"data: " + b"x" * (17 * 1024 * 1024)], chunked=True)

    bench.script = answer
    raised = await outcome(ask, bench.client(max_retries=2), stream=True)
    assert isinstance(raised, anthropic.APIStatusError)
    assert "too long" in str(raised)
    assert len(bench.server.requests) == 1


# What is not sent ---------------------------------------------------------------------------------


async def refused(
    bench: MessagesBench, calling: Callable[..., Any], *args: Any, **more: Any
) -> anthropic.APIStatusError:
    """The SDK's error for a call that must be refused: one of its own, and nothing was sent."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        raised = await outcome(calling, *args, **more)
    finally:
        logging.getLogger().removeHandler(handler)
    assert isinstance(raised, anthropic.APIStatusError), repr(raised)
    assert raised.body["type"] == "error"  # type: ignore[index]
    assert raised.body["error"]["type"] == "llm_guard_protecto"  # type: ignore[index]
    assert raised.response.headers["x-should-retry"] == "false"
    assert bench.server.accepted == 0
    said = f"{raised} {raised!r} {raised.body} {raised.response.text} {log.getvalue()}"
    assert leaked(said.encode(), VALUES) == []
    assert raised.__cause__ is None
    return raised


PICTURE = {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}

UNMASKABLE: list[tuple[dict[str, Any], str]] = [
    ({"type": "image", "source": PICTURE}, "a picture cannot be masked"),
    (
        {"type": "document", "source": PICTURE | {"media_type": "application/pdf"}},
        "base64 data cannot be masked",
    ),
    (
        {"type": "document", "source": {"type": "url", "url": "https://elm.example/a.pdf"}},
        "what the provider fetches itself cannot be masked",
    ),
    (
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        "an uploaded file cannot be masked",
    ),
    ({"type": "container_upload", "file_id": "file_1"}, "an uploaded file cannot be masked"),
    ({"type": "hologram", "text": NAME}, "a content block of this type cannot be masked"),
    ({"text": NAME}, "a content block without a type cannot be masked"),
]


@form
async def what_cannot_be_masked(bench: MessagesBench) -> None:
    """On its own, in a document, in a tool's answer; plain and streamed; never tried again."""
    client = bench.client(max_retries=2)
    for block, message in UNMASKABLE:
        inside = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [block]}
        around = {"type": "document", "source": {"type": "content", "content": [block]}}
        for one in (block, inside, around):
            for streaming in (False, True):
                raised = await refused(bench, ask, client, says([one]), stream=streaming)
                assert isinstance(raised, anthropic.BadRequestError)
                assert message in str(raised)
                assert raised.body["error"]["code"] == "unknown_format"  # type: ignore[index]


class BrokenVault(TinyVault):
    """Fails as it is told, once there is something to mask."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(*VALUES)
        self.failure, self.asked = failure, 0

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> Sequence[Masked]:
        if texts:
            self.asked += 1
            raise self.failure
        return super().mask(texts, policy)


@form
async def errors_of_ours(bench: MessagesBench) -> None:
    """Each under its own status and code; no retry, though retries are allowed."""
    for failure, kind in (
        (PolicyViolation("no, for a reason"), anthropic.PermissionDeniedError),
        (VaultRefused("no, for a reason"), anthropic.PermissionDeniedError),
        (VaultUnavailable("no, for a reason"), anthropic.InternalServerError),
        (ValueError(f"it was {PROMPT}"), anthropic.InternalServerError),
    ):
        for streaming in (False, True):
            vault = BrokenVault(failure)
            client = protect(bench.bare(max_retries=2), vault)
            raised = await refused(bench, ask, client, stream=streaming)
            assert isinstance(raised, kind)
            assert raised.status_code == getattr(failure, "status_hint", 500)
            code = raised.body["error"]["code"]  # type: ignore[index]
            assert code == getattr(failure, "code", "guard_error")
            assert vault.asked == 1


@form
async def calls_that_no_format_covers(bench: MessagesBench) -> None:
    client = bench.client(max_retries=2)
    for calling in (
        lambda: client.post("/v1/complete", body={"prompt": PROMPT}, cast_to=object),
        lambda: client.post("/v1/messages/new", body={"prompt": PROMPT}, cast_to=object),
        lambda: client.get("/v1/organizations/users", cast_to=object),
    ):
        raised = await refused(bench, calling)
        assert "is not covered by llm_guard_protecto" in str(raised)


@form
async def the_debug_log_says_nothing(bench: MessagesBench) -> None:
    bench.script = answers(lambda request: answered(tool_call(to=words(request))))
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger("anthropic")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        client = bench.client()
        await now(ask(client))
        await text_of(await now(ask(client, stream=True)))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert "Request options" in log.getvalue()
    assert "/v1/messages" in log.getvalue()
    assert leaked(log.getvalue().encode(), VALUES) == []
