from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from anthropic import Anthropic
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError, OpenAI

from llm_guard_protecto import Policy
from llm_guard_protecto.testing import FakeProvider
from tests.server.gateway.served import Served, gateway
from tests.wireserver import CUT, Piece, Script, WireServer

TEXT = "Write to Sarah Johnson, (555) 987-6543, that card 4111 1111 1111 1111 was charged."
VALUES = ("Sarah", "Johnson", "987-6543", "4111")
ASKED: Any = {"model": "gpt", "messages": [{"role": "user", "content": TEXT}]}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with gateway() as one:
        yield one


def openai(served: Served, token: str | None = None) -> OpenAI:
    return OpenAI(api_key=token or served.token(), base_url=f"{served.url}/v1", max_retries=0)


def anthropic(served: Served) -> Anthropic:
    return Anthropic(api_key=served.token(), base_url=served.url, max_retries=0)


def nothing_leaked(served: Served) -> None:
    for request in served.provider.requests:
        said = request.body.decode() + json.dumps(dict(request.headers))
        assert not any(value in said for value in VALUES)
        assert "lgp_" not in said


def test_a_chat_is_masked_and_restored(served: Served) -> None:
    with openai(served) as client:
        reply = client.chat.completions.create(**ASKED)
    assert reply.choices[0].message.content == TEXT
    nothing_leaked(served)
    assert served.provider.requests[-1].headers["authorization"] == "Bearer sk-provider-openai"


def test_a_stream_is_restored(served: Served) -> None:
    with openai(served) as client, client.chat.completions.create(**ASKED, stream=True) as pieces:
        said = "".join(one.choices[0].delta.content or "" for one in pieces if one.choices)
    assert said == TEXT
    nothing_leaked(served)


async def _asked(url: str, token: str) -> str | None:
    async with AsyncOpenAI(api_key=token, base_url=f"{url}/v1", max_retries=0) as client:
        reply = await client.responses.create(model="gpt", input=TEXT)
        return reply.output_text


def test_responses_are_restored_for_an_async_client(served: Served) -> None:
    import asyncio

    assert asyncio.run(_asked(served.url, served.token())) == TEXT
    nothing_leaked(served)


@pytest.mark.parametrize("stream", [False, True])
def test_anthropics_messages_are_restored(served: Served, stream: bool) -> None:
    asked: Any = {"model": "claude", "max_tokens": 500, "messages": ASKED["messages"]}
    with anthropic(served) as client:
        if stream:
            with client.messages.stream(**asked) as pieces:
                said = "".join(pieces.text_stream)
        else:
            block: Any = client.messages.create(**asked).content[0]
            said = block.text
    assert said == TEXT
    nothing_leaked(served)
    assert served.provider.requests[-1].headers["x-api-key"] == "sk-provider-anthropic"


def test_an_upstream_may_be_named(served: Served) -> None:
    client = OpenAI(api_key=served.token(), base_url=f"{served.url}/openai/v1", max_retries=0)
    with client:
        assert client.chat.completions.create(**ASKED).choices[0].message.content == TEXT


def test_without_a_token_nothing_is_sent(served: Served) -> None:
    before = len(served.provider.requests)
    with openai(served, "sk-somebody") as client, pytest.raises(AuthenticationError):
        client.chat.completions.create(**ASKED)
    master = served.service.bearers.create(None, "root")
    with openai(served, master) as client, pytest.raises(AuthenticationError):
        client.chat.completions.create(**ASKED)
    assert len(served.provider.requests) == before


def test_a_revoked_token_is_refused_at_once(served: Served) -> None:
    token = served.token()
    with openai(served, token) as client:
        client.chat.completions.create(**ASKED)
        held = served.service.bearers.held(token)
        assert held is not None
        served.service.bearers.revoke(held.digest)
        with pytest.raises(AuthenticationError):
            client.chat.completions.create(**ASKED)


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/../secrets", "/v1//models"])
def test_unknown_routes_are_refused(served: Served, path: str) -> None:
    before = len(served.provider.requests)
    headers = {"authorization": f"Bearer {served.token()}"}
    with httpx.Client(base_url=served.url) as client:
        answer = client.send(
            httpx.Request("POST", served.url + path, headers=headers, json={"prompt": TEXT})
        )
    assert answer.status_code in (400, 404)
    assert "error" in answer.json()
    assert len(served.provider.requests) == before


def test_nothing_in_a_request_changes_where_it_goes(served: Served) -> None:
    others = {
        "authorization": f"Bearer {served.token()}",
        "x-upstream": "http://127.0.0.1:1/v1",
        "host": "elsewhere.example",
        "x-forwarded-host": "elsewhere.example",
        "cookie": "name=Sarah Johnson",
    }
    asked = ASKED | {"api_base": "http://127.0.0.1:1", "base_url": "http://127.0.0.1:1"}
    with httpx.Client() as client:
        answer = client.post(f"{served.url}/v1/chat/completions", headers=others, json=asked)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == TEXT
    nothing_leaked(served)
    assert "cookie" not in served.provider.requests[-1].headers


def test_the_answer_says_what_happened_and_sets_no_cookie() -> None:
    body = json.dumps({"id": "1", "object": "chat.completion", "choices": []}).encode()
    odd = {"content-type": "application/json", "set-cookie": "a=b", "x-secret": "1"}
    with (
        WireServer(lambda _: Script(headers=odd, body=[body])) as wire,
        gateway(upstream=f"{wire.url}/v1") as served,
        httpx.Client() as client,
    ):
        answer = client.post(
            f"{served.url}/v1/chat/completions",
            headers={"authorization": f"Bearer {served.token()}"},
            json=ASKED,
        )
        assert answer.headers["x-llm-guard-policy"] == "default"
        receipt = json.loads(answer.headers["x-llm-guard-receipt"])
        assert receipt["masked"]["PERSON"] == 1
        assert "set-cookie" not in answer.headers
        assert "x-secret" not in answer.headers
        assert served.done() == ["whole"]


def test_a_caller_who_may_not_unmask_reads_tokens(served: Served) -> None:
    with openai(served, served.token("acme", "mask")) as client:
        said = client.chat.completions.create(**ASKED).choices[0].message.content or ""
        streamed = client.chat.completions.create(**ASKED, stream=True)
        pieces = "".join(one.choices[0].delta.content or "" for one in streamed if one.choices)
    assert said == pieces
    assert "<PER>" in said
    assert not any(value in said for value in VALUES)


def test_namespaces_have_nothing_in_common(served: Served) -> None:
    seen = []
    for namespace in ("acme", "other"):
        with openai(served, served.token(namespace)) as client:
            client.chat.completions.create(**ASKED)
        seen.append(json.loads(served.provider.last_body)["messages"][0]["content"])
    assert seen[0] != seen[1]
    planted: Any = {"model": "gpt", "messages": [{"role": "user", "content": seen[0]}]}
    with openai(served, served.token("other")) as client:
        said = client.chat.completions.create(**planted).choices[0].message.content
    assert "Sarah" not in (said or "")


def test_policies_are_chosen_within_what_the_file_allows() -> None:
    policies = {
        "allowed": ["minimal"],
        "models": {"small-*": "strict"},
        "namespaces": {"clinic": "anonymize"},
    }
    with gateway(policies=policies) as served, httpx.Client(base_url=served.url) as client:

        def asked(namespace: str, model: str, policy: str | None = None) -> tuple[int, str]:
            headers = {"authorization": f"Bearer {served.token(namespace)}"}
            if policy:
                headers["x-llm-guard-policy"] = policy
            answer = client.post(
                "/v1/chat/completions", headers=headers, json=ASKED | {"model": model}
            )
            return answer.status_code, answer.headers.get("x-llm-guard-policy", "")

        assert asked("acme", "gpt") == (200, "default")
        assert asked("acme", "small-1") == (200, "strict")
        assert asked("clinic", "gpt") == (200, "anonymize")
        assert asked("clinic", "gpt", "minimal") == (200, "minimal")
        assert asked("acme", "gpt", "anonymize") == (403, "")
        assert served.provider.requests[-1].headers.get("x-llm-guard-policy") is None


def test_a_policy_of_the_namespace_acts_on_the_next_call() -> None:
    with gateway(policies={"allowed": ["own"]}) as served, openai(served) as client:
        headers = {"x-llm-guard-policy": "own"}
        with pytest.raises(Exception, match="no such policy"):
            client.chat.completions.create(**ASKED, extra_headers=headers)
        vault = served.service.namespaces.get("acme")
        assert vault is not None
        for action, token in (("exclude", "Sarah Johnson"), ("pseudonymize", "<PER>")):
            rules: Any = {"name": "own", "extends": "default"}
            vault.put_policy(Policy.parse(rules | {"entities": {"PERSON": {"action": action}}}))
            client.chat.completions.create(**ASKED, extra_headers=headers)
            assert token in json.loads(served.provider.last_body)["messages"][0]["content"]


def test_what_cannot_be_masked_is_refused_in_the_providers_form(served: Served) -> None:
    before = len(served.provider.requests)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked: Any = {"model": "gpt", "messages": [{"role": "user", "content": [image]}]}
    with openai(served) as client, pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(**asked)
    assert refused.value.code == "unknown_format"
    with openai(served) as client, pytest.raises((BadRequestError, NotFoundError)):
        client.images.generate(prompt=TEXT)
    assert len(served.provider.requests) == before


def test_shadow_mode_changes_nothing_and_counts_what_it_would_mask() -> None:
    with gateway(shadow=True) as served, openai(served) as client:
        assert client.chat.completions.create(**ASKED).choices[0].message.content == TEXT
        assert json.loads(served.provider.last_body)["messages"] == ASKED["messages"]
        assert served.done() == ["whole"]
        [call] = served.gateway.recent.of("acme")
        assert call.shadow
        assert call.receipt.masked["PERSON"] == 1


def test_a_provider_that_cannot_be_reached_is_a_502() -> None:
    with gateway(upstream="http://127.0.0.1:1/v1") as served, httpx.Client() as client:
        answer = client.post(
            f"{served.url}/v1/chat/completions",
            headers={"authorization": f"Bearer {served.token()}"},
            json=ASKED,
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unreachable")


def test_a_stream_that_breaks_off_breaks_off_for_the_caller() -> None:
    events: list[Piece] = [b'data: {"choices":[{"index":0,"delta":{"content":"Dear "}}]}\n\n', CUT]
    script = Script(headers={"content-type": "text/event-stream"}, body=events, chunked=True)
    with (
        WireServer(lambda _: script) as wire,
        gateway(upstream=f"{wire.url}/v1") as served,
        httpx.Client() as client,
        client.stream(
            "POST",
            f"{served.url}/v1/chat/completions",
            headers={"authorization": f"Bearer {served.token()}"},
            json=ASKED | {"stream": True},
        ) as answer,
    ):
        got: list[bytes] = []
        with pytest.raises(httpx.RemoteProtocolError):
            got.extend(answer.iter_bytes())
        assert b"Dear" in b"".join(got)
        assert served.done() == ["cut"]


def test_a_caller_who_hangs_up_ends_the_call() -> None:
    provider = FakeProvider(reply=lambda _: "word " * 20_000, piece=5)
    with gateway(provider) as served, httpx.Client() as client:
        with client.stream(
            "POST",
            f"{served.url}/v1/chat/completions",
            headers={"authorization": f"Bearer {served.token()}"},
            json=ASKED | {"stream": True},
        ) as answer:
            next(answer.iter_bytes())
        assert served.done() == ["cut"]


def test_a_body_beyond_the_limit_is_refused() -> None:
    with gateway(request_limit=1000) as served, httpx.Client() as client:
        answer = client.post(
            f"{served.url}/v1/chat/completions",
            headers={"authorization": f"Bearer {served.token()}"},
            json={"model": "gpt", "messages": [{"role": "user", "content": TEXT * 50}]},
        )
        assert answer.status_code == 413
        assert not served.provider.requests
