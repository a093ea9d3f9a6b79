"""Receipts and records, through the real SDKs: where they are found, and when they are told."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from openai import OpenAI

from llm_guard_protecto import (
    ConfigurationError,
    LocalVault,
    Receipt,
    Record,
    guarded,
    protect,
    receipt,
)
from llm_guard_protecto.clients.limits import DEFAULT_LIMITS
from llm_guard_protecto.clients.receipts import HEADER, REMEMBERED
from llm_guard_protecto.clients.transport import transports
from llm_guard_protecto.testing import FakeProvider
from tests.clients.bench import EVENTS, JSON, NAME, PROMPT, VALUES, each, held, now
from tests.clients.tiny_vault import TinyVault
from tests.guard.test_egress import HoleyGuard
from tests.wireserver import CUT, Received, Script, WireServer

MESSAGES: Any = [{"role": "user", "content": PROMPT}]
CHAT: Any = {"model": "gpt-4o", "messages": MESSAGES}
CLAUDE: Any = {"model": "claude-x", "max_tokens": 9, "messages": MESSAGES}
BODY = json.dumps(CHAT).encode()
PATH = "/v1/chat/completions"
KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


def openai_client(provider: FakeProvider, kind: str = "sync", **more: Any) -> Any:
    plain: Any = (
        OpenAI(api_key="none", http_client=provider.client(), max_retries=0)
        if kind == "sync"
        else openai.AsyncOpenAI(api_key="none", http_client=provider.async_client(), max_retries=0)
    )
    return protect(plain, TinyVault(*VALUES), **more)


def anthropic_client(provider: FakeProvider, kind: str = "sync", **more: Any) -> Any:
    plain: Any = (
        anthropic.Anthropic(api_key="none", http_client=provider.client(), max_retries=0)
        if kind == "sync"
        else anthropic.AsyncAnthropic(
            api_key="none", http_client=provider.async_client(), max_retries=0
        )
    )
    return protect(plain, TinyVault(*VALUES), **more)


def assert_whole(found: Receipt) -> None:
    assert found.outcome == "whole"
    assert found.masked == {"PERSON": len(VALUES)}
    assert (found.issued, found.restored) == (len(VALUES), len(VALUES))
    assert (found.repaired, found.unknown, found.kept, found.never_used) == (0, 0, 0, 0)
    assert found.scanned > len(PROMPT)
    assert found.mask_ms > 0
    assert found.restore_ms > 0


def run(work: Callable[[], Any]) -> None:
    async def whole() -> None:
        await work()

    asyncio.run(whole())


@KINDS
def test_a_parsed_reply_leads_to_its_receipt(provider: FakeProvider, kind: str) -> None:
    async def work() -> None:
        reply = await now(openai_client(provider, kind).chat.completions.create(**CHAT))
        assert_whole(receipt(reply))
        message = await now(anthropic_client(provider, kind).messages.create(**CLAUDE))
        assert_whole(receipt(message))
        assert receipt(message).scanned != receipt(reply).scanned

    run(work)


@KINDS
def test_a_stream_leads_to_its_receipt_which_is_whole_in_the_end(
    provider: FakeProvider, kind: str
) -> None:
    async def work() -> None:
        for client, asking in (
            (openai_client(provider, kind).chat.completions, CHAT),
            (anthropic_client(provider, kind).messages, CLAUDE),
        ):
            stream = await now(client.create(**asking, stream=True))
            begun = receipt(stream)
            assert begun.outcome == "open"
            assert (begun.issued, begun.never_used) == (len(VALUES), len(VALUES))
            said = [event async for event in each(stream)]
            assert said
            assert_whole(receipt(stream))

    run(work)


@KINDS
def test_the_streams_of_the_sdks_own_helpers(provider: FakeProvider, kind: str) -> None:
    async def work() -> None:
        for client, asking in (
            (openai_client(provider, kind).chat.completions, CHAT),
            (anthropic_client(provider, kind).messages, CLAUDE),
        ):
            async with held(client.stream(**asking)) as stream:
                async for _ in each(stream):
                    pass
            assert_whole(receipt(stream))

    run(work)


@KINDS
def test_a_raw_response_and_its_header(provider: FakeProvider, kind: str) -> None:
    async def work() -> None:
        completions = openai_client(provider, kind).chat.completions
        raw = await now(completions.with_raw_response.create(**CHAT))
        assert_whole(receipt(raw))
        assert json.loads(raw.headers[HEADER]) == receipt(raw).as_dict()
        async with held(completions.with_streaming_response.create(**CHAT, stream=True)) as raw:
            assert json.loads(raw.headers[HEADER])["outcome"] == "open"
            assert json.loads(raw.headers[HEADER])["masked"] == {"PERSON": len(VALUES)}

    run(work)


def test_a_stream_closed_early_is_cut(provider: FakeProvider) -> None:
    told: list[Receipt] = []
    client = openai_client(provider, on_receipt=told.append)
    stream = client.chat.completions.create(**CHAT, stream=True)
    next(iter(stream))
    stream.close()
    assert receipt(stream).outcome == "cut"
    assert told == [receipt(stream)]


def test_what_was_refused_has_a_receipt_too(provider: FakeProvider) -> None:
    told: list[Receipt] = []
    client = openai_client(provider, on_receipt=told.append)
    said: Any = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="m", messages=said)
    found = receipt(refused.value)
    assert (found.outcome, found.scanned, found.masked) == ("refused", 0, {})
    assert told == [found]
    assert provider.requests == []


def test_a_call_given_up_while_it_is_masked_is_told(provider: FakeProvider) -> None:
    told: list[Receipt] = []

    class Slow:
        async def mask(self, texts: Any, policy: Any = None) -> Any:
            if texts:
                await asyncio.sleep(60)
            return []

        async def unmask(self, texts: Any, policy: Any = None) -> Any:
            raise AssertionError

    async def work() -> None:
        plain = openai.AsyncOpenAI(api_key="none", http_client=provider.async_client())
        client = protect(plain, Slow(), on_receipt=told.append)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.chat.completions.create(**CHAT), 0.1)

    run(work)
    assert [one.outcome for one in told] == ["refused"]
    assert provider.requests == []


def test_an_error_of_the_provider_has_one() -> None:
    client = openai_client(FakeProvider(failures=[429]))
    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(**CHAT)
    assert receipt(limited.value).outcome == "whole"
    assert receipt(limited.value).never_used == len(VALUES)


def test_a_call_that_nobody_answers_is_told() -> None:
    told: list[Receipt] = []

    def nobody(request: Any) -> Any:
        raise httpx2.ConnectError("nobody there")

    http_client = httpx2.Client(transport=httpx2.MockTransport(nobody))
    plain = OpenAI(api_key="none", http_client=http_client, max_retries=2)
    client = protect(plain, TinyVault(*VALUES), on_receipt=told.append)
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**CHAT)
    assert [one.outcome for one in told] == ["unanswered"] * 3  # each try is a call


def test_a_reply_that_cannot_be_restored_is_told() -> None:
    told: list[Receipt] = []

    def squeezed(request: Any) -> Any:
        headers = {**JSON, "content-encoding": "br"}
        return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(b"??"))

    http_client = httpx2.Client(transport=httpx2.MockTransport(squeezed))
    client = guarded(http_client, TinyVault(*VALUES), on_receipt=told.append)
    response = client.post("https://x.example" + PATH, content=BODY, headers=JSON)
    assert response.status_code == 502
    assert receipt(response).outcome == "unrestored"
    assert told == [receipt(response)]


@pytest.mark.parametrize("http", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize("given", [{}, {"x-request-id": "req_1"}, {"request-id": "req_2"}])
def test_the_id_of_a_request(http: Any, given: dict[str, str]) -> None:
    """The provider's own stays; where it sent none, ours leads to the receipt."""

    def answer(request: Received) -> Script:
        return Script(headers={**JSON, **given}, body=[b"{}"])

    with WireServer(answer) as server, guarded(http.Client(), TinyVault(*VALUES)) as client:
        response = client.post(server.url + PATH, content=BODY, headers=JSON)
    ids = {response.headers["x-request-id"], response.headers["request-id"]}
    assert len(ids) == 1
    if given:
        assert ids == set(given.values())
    assert receipt(response).outcome == "whole"


def test_only_so_many_parsed_replies_are_remembered(provider: FakeProvider) -> None:
    first = openai_client(provider).chat.completions.create(**CHAT)
    assert receipt(first)
    answer = httpx2.MockTransport(lambda request: httpx2.Response(200, json={}))
    with guarded(httpx2.Client(transport=answer), TinyVault()) as client:
        body = b'{"messages": []}'
        for _ in range(REMEMBERED):
            client.post("https://x.example" + PATH, content=body, headers=JSON)
    with pytest.raises(ConfigurationError, match="no receipt for this ChatCompletion"):
        receipt(first)


@pytest.mark.parametrize("other", [None, "text", object(), httpx2.Response(200)])
def test_what_has_no_receipt(other: object) -> None:
    with pytest.raises(ConfigurationError, match="no receipt"):
        receipt(other)


def raw_stream(*body: Any, **listeners: Any) -> Iterator[tuple[bytes, Any]]:
    def answer(request: Received) -> Script:
        return Script(headers=EVENTS, body=body, chunked=True)

    with (
        WireServer(answer) as server,
        guarded(httpx2.Client(), TinyVault(*VALUES), **listeners) as client,
        client.stream("POST", server.url + PATH, content=BODY, headers=JSON) as response,
    ):
        heard = b""
        try:
            for piece in response.iter_bytes():
                heard += piece
        except httpx2.RemoteProtocolError:
            pass
        yield heard, response


EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'


@pytest.mark.parametrize(
    "end",
    [
        (b"data: [DONE]\n\n",),
        (b"",),
        (b"data: [DONE]\r\n\r\n",),
        (b"data: [DONE]\r\n\r", b"\n"),
        (b"data: [DONE]", b"\r", b"\n", b"\r", b"\n"),
        (b"data: [DONE]\n", b"\n"),
    ],
)
def test_a_whole_stream_ends_with_its_receipt(end: tuple[bytes, ...]) -> None:
    """A line and no event: with an `id` in the stream the SDK reads the empty line as an event."""
    for heard, response in raw_stream(EVENT, *end):
        head, comment = heard.split(f": {HEADER} ".encode())
        assert head == EVENT + b"".join(end)
        assert comment.endswith(b"}\n")
        assert json.loads(comment) == receipt(response).as_dict()
        assert receipt(response).outcome == "whole"


@pytest.mark.parametrize("body", [(EVENT[:30],), (EVENT, EVENT[:30]), (EVENT, EVENT[:-1])])
def test_behind_half_an_event_there_is_no_comment(body: tuple[bytes, ...]) -> None:
    for heard, response in raw_stream(*body):
        assert heard == b"".join(body[:-1])  # the half itself could hold half a token
        assert receipt(response).outcome == "cut"


def test_a_broken_connection_is_told_once() -> None:
    told: list[Receipt] = []
    for heard, response in raw_stream(EVENT, CUT, on_receipt=told.append):
        assert HEADER.encode() not in heard
        assert receipt(response).outcome == "cut"
    assert [one.outcome for one in told] == ["cut"]


@KINDS
def test_listeners_are_told_once_a_call(provider: FakeProvider, kind: str) -> None:
    told: list[Receipt] = []

    async def work() -> None:
        client = openai_client(provider, kind, on_receipt=told.append)
        await now(client.chat.completions.create(**CHAT))
        stream = await now(client.chat.completions.create(**CHAT, stream=True))
        async for _ in each(stream):
            pass
        await now(client.with_options(timeout=9).chat.completions.create(**CHAT))

    run(work)
    assert len(told) == 3
    for one in told:
        assert_whole(one)


@KINDS
def test_a_record_holds_both_masked_forms(provider: FakeProvider, kind: str) -> None:
    told: list[Record] = []

    async def work() -> None:
        client = openai_client(provider, kind, on_exchange=told.append)
        await now(client.chat.completions.create(**CHAT))
        stream = await now(client.chat.completions.create(**CHAT, stream=True))
        async for _ in each(stream):
            pass

    run(work)
    whole, streamed = told
    assert [one.request for one in told] == [one.body for one in provider.requests]
    assert [one.path for one in told] == [PATH, PATH]
    said = json.loads(whole.reply)["choices"][0]["message"]["content"]
    assert said == json.loads(whole.request)["messages"][0]["content"]
    assert streamed.reply.startswith(b"data: ")
    assert streamed.reply.endswith(b"data: [DONE]\n\n")
    for one in told:
        assert_whole(one.receipt)
        for word in ("Sarah", "elm.example", "987-6543", "Elm"):
            assert word.encode() not in one.request + one.reply
            assert word not in repr(one)
        assert "PER>" not in repr(one)


def test_what_a_listener_raises_changes_nothing(
    provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(news: object) -> None:
        raise LookupError(NAME)

    client = openai_client(provider, on_receipt=fail, on_exchange=fail)
    with caplog.at_level(logging.ERROR):
        reply = client.chat.completions.create(**CHAT)
    assert_whole(receipt(reply))
    assert caplog.messages == [
        "a listener for Receipt failed: LookupError",
        "a listener for Record failed: LookupError",
    ]
    assert "Sarah" not in caplog.text


@pytest.mark.parametrize("name", ["on_receipt", "on_exchange"])
def test_listeners_that_cannot_work(provider: FakeProvider, name: str) -> None:
    async def nobody_awaits(news: object) -> None: ...

    wrong: Any
    for wrong in (nobody_awaits, "a log"):
        with pytest.raises(ConfigurationError, match=name):
            openai_client(provider, "sync", **{name: wrong})


def test_a_leak_is_refused_before_anything_is_sent() -> None:
    """Below the SDK: a guard with a hole in a table, over a real socket."""
    with (
        WireServer(lambda request: Script(body=[b"{}"])) as server,
        LocalVault("memory:", environ={}) as vault,
    ):
        guard: Any = HoleyGuard(lambda slot: slot.path == ("messages", 1, "content"))
        transport = transports(httpx2)[0](httpx2.Client(), guard, vault, DEFAULT_LIMITS)
        said = "I am Sarah Johnson, sarah.johnson@example.com."
        body = json.dumps({"messages": [{"role": "user", "content": said}] * 2})
        with httpx2.Client(transport=transport) as client:
            response = client.post(server.url + PATH, content=body, headers=JSON)
        assert response.status_code == 500
        assert response.json()["error"]["code"] == "egress_blocked"
        assert "messages[1].content" in response.text
        assert "Sarah" not in response.text
        assert receipt(response).outcome == "refused"
        assert server.accepted == 0


def test_a_policy_that_only_the_vault_knows(provider: FakeProvider) -> None:
    """A vault that cannot tell its policies: the name as given, no version."""
    found = receipt(openai_client(provider).chat.completions.create(**CHAT))
    assert (found.policy, found.policy_version) == ("", "")
    plain = OpenAI(api_key="none", http_client=provider.client())
    with LocalVault("memory:", environ={}) as vault:
        found = receipt(protect(plain, vault, "strict").chat.completions.create(**CHAT))
    assert found.policy == "strict"
    assert len(found.policy_version) == 12
