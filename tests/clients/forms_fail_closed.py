"""Fail closed: what cannot be masked is not sent, and the SDK says so once, in its own words."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import openai

from llm_guard_protecto.clients import Limits, protect
from llm_guard_protecto.errors import (
    DetectionFailed,
    GuardError,
    PolicyViolation,
    UnknownFormat,
    Unreadable,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.vault import PolicyChoice
from tests.clients.bench import (
    MAIL,
    NAME,
    PROMPT,
    VALUES,
    Bench,
    ask,
    echo,
    form,
    message,
    now,
    outcome,
    say,
    text_of,
)
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import TinyVault

OURS = {
    400: openai.BadRequestError,
    403: openai.PermissionDeniedError,
    500: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
}
"""What the SDK makes of each status that an error of ours hints at."""


class BrokenVault(TinyVault):
    """Works until it is asked to mask something, and then does what it is told."""

    def __init__(self, fail: Callable[[Sequence[Masked]], Sequence[Masked]]) -> None:
        super().__init__(*VALUES)
        self._fail = fail

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> Sequence[Masked]:
        masked = super().mask(texts, policy)
        return self._fail(masked) if texts else masked


class AsyncBrokenVault(BrokenVault):
    """The same, awaited."""

    async def mask(  # type: ignore[override]
        self, texts: Sequence[str | Item], policy: PolicyChoice = None
    ) -> Sequence[Masked]:
        return super().mask(texts, policy)


def vaults(bench: Bench, fail: Callable[[Sequence[Masked]], Sequence[Masked]]) -> list[Any]:
    """Every kind of broken vault that the client takes."""
    kinds = [BrokenVault, AsyncBrokenVault] if bench.kind == "async" else [BrokenVault]
    return [kind(fail) for kind in kinds]


def raising(error: BaseException) -> Callable[[Sequence[Masked]], Sequence[Masked]]:
    def fail(masked: Sequence[Masked]) -> Sequence[Masked]:
        raise error

    return fail


async def refused(bench: Bench, calling: Callable[..., Any], **more: Any) -> openai.APIStatusError:
    """The SDK's error for a call that must be refused: one of its own, and nothing was sent."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        error = await outcome(calling, **more)
    finally:
        logging.getLogger().removeHandler(handler)
    assert isinstance(error, openai.APIStatusError), repr(error)
    assert type(error) is OURS[error.status_code]
    assert error.body["type"] == "llm_guard_protecto"  # type: ignore[index]
    assert error.response.headers["x-should-retry"] == "false"
    assert bench.server.accepted == 0
    assert bytes(bench.server.heard) == b""
    said = f"{error} {error!r} {error.body} {error.response.text} {log.getvalue()}"
    assert leaked(said.encode(), VALUES) == []
    assert error.__cause__ is None
    return error


@form
async def the_vault_raises(bench: Bench) -> None:
    """Each error of ours, under its own status and code; no retry, though retries are allowed."""
    for kind in (
        GuardError,
        PolicyViolation,
        UnknownFormat,
        DetectionFailed,
        VaultError,
        VaultUnavailable,
        VaultRefused,
        Unreadable,
    ):
        asked: list[object] = []

        def fail(masked: Sequence[Masked], kind: Any = kind, asked: Any = asked) -> Any:
            asked.append(masked)
            raise kind("no, and this is why")

        for vault in vaults(bench, fail):
            for streaming in (False, True):
                asked.clear()
                client = protect(bench.bare(max_retries=2), vault)
                error = await refused(bench, ask, client=client, stream=streaming)
                assert error.status_code == kind.status_hint
                assert error.code == kind.code
                assert "no, and this is why" in str(error)
                assert len(asked) == 1


@form
async def the_vault_breaks(bench: Bench) -> None:
    """A foreign error may quote the text, so nothing of it is said."""
    for broken in (ValueError(PROMPT), KeyError(NAME), RecursionError(), TimeoutError(MAIL)):
        for vault in vaults(bench, raising(broken)):
            error = await refused(bench, ask, client=protect(bench.bare(max_retries=2), vault))
            assert error.status_code == 500
            assert error.code == "guard_error"
            assert "nothing was sent" in str(error)


@form
async def the_vault_answers_for_something_else(bench: Bench) -> None:
    others = TinyVault(*VALUES).mask(["hello"])
    for wrong in (lambda masked: [], lambda masked: [*masked, *masked], lambda masked: others):
        for vault in vaults(bench, wrong):
            await refused(bench, ask, client=protect(bench.bare(max_retries=2), vault))


@form
async def the_vault_hangs(bench: Bench) -> None:
    released = threading.Event()

    def hang(masked: Sequence[Masked]) -> Sequence[Masked]:
        released.wait(30)
        return masked

    client = protect(bench.bare(max_retries=2), BrokenVault(hang), limits=Limits(seconds=0.1))
    error = await refused(bench, ask, client=client)
    assert error.status_code == 503
    assert error.code == "detection_failed"
    released.set()


@form
async def routes_not_covered_yet(bench: Bench) -> None:
    client = bench.client(max_retries=2)
    for calling, arguments in (
        (client.files.create, {"file": ("a.jsonl", PROMPT.encode()), "purpose": "batch"}),
        (client.vector_stores.create, {"name": PROMPT}),
        (client.fine_tuning.jobs.list, {}),
        (client.images.generate, {"prompt": PROMPT}),
        (client.audio.speech.create, {"model": "m", "input": PROMPT, "voice": "alloy"}),
        (client.models.delete, {"model": "m"}),
        (client.post, {"path": "/made/up", "body": {"text": PROMPT}, "cast_to": object}),
    ):
        error = await refused(bench, calling, **arguments)
        assert error.code == "unknown_format"
        assert error.status_code == 400


@form
async def token_ids_that_hide_their_text(bench: Bench) -> None:
    client = bench.client(max_retries=2)
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    for calling, arguments in (
        (client.embeddings.create, {"model": "m", "input": [11, 2045]}),
        (client.embeddings.create, {"model": "m", "input": [[11, 2045]]}),
        (client.completions.create, {"model": "m", "prompt": [11, 2045]}),
        (client.moderations.create, {"input": picture}),
    ):
        error = await refused(bench, calling, **arguments)
        assert error.code == "unknown_format"


@form
async def content_that_cannot_be_masked(bench: Bench) -> None:
    client = bench.client(max_retries=2)
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    for part in (picture, sound, {"type": "file", "file": {"file_id": "x"}}, {"type": "new"}):
        content = [{"type": "text", "text": PROMPT}, part]
        error = await refused(bench, lambda content=content: ask(client, say(content)))
        assert error.code == "unknown_format"


@form
async def a_request_beyond_the_limit(bench: Bench) -> None:
    client = protect(bench.bare(max_retries=2), TinyVault(*VALUES), limits=Limits(request=500))
    error = await refused(bench, lambda: ask(client, say(PROMPT * 10)))
    assert "larger than the limit of 500 bytes" in str(error)


@form
async def a_body_that_is_not_what_it_says(bench: Bench) -> None:
    client = bench.client(max_retries=2)
    for headers in ({"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}):
        error = await refused(bench, ask, client=client, extra_headers=headers)
        assert error.code == "unknown_format"


@form
async def a_refusal_leaves_the_client_working(bench: Bench) -> None:
    client = bench.client()
    await refused(bench, client.images.generate, prompt=PROMPT)
    bench.script = echo
    assert (await now(ask(client))).choices[0].message.content == PROMPT
    bench.sent()


@form
async def nothing_in_the_debug_log(bench: Bench) -> None:
    """Every logger at DEBUG, ours, the SDK's and the HTTP client's: no prompt, no reply."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    loggers = [logging.getLogger(name) for name in (None, "openai", "httpx", "httpx2")]
    levels = [logger.level for logger in loggers]
    logging.getLogger().addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        bench.script = echo
        client = bench.client(max_retries=2)
        await now(ask(client, say(PROMPT), message(PROMPT), say(PROMPT), user=MAIL))
        await text_of(await now(ask(client, stream=True)))
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    assert "chat/completions" in log.getvalue()
    assert leaked(log.getvalue().encode(), VALUES) == []
