"""LiteLLM, in an environment that has it: its functions, and its proxy as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from llm_guard_protecto import LocalVault, UnknownFormat
from llm_guard_protecto.integrations.litellm import GuardedLiteLLM, PrivacyGuardrail
from tests.integrations.frameworks.shared import Served

ASKED = "I am Sarah Johnson, card 4111 1111 1111 1111."
MESSAGES = [{"role": "user", "content": ASKED}]
ROUTES = ["openai", "anthropic"]
TOOL = {
    "type": "function",
    "function": {"name": "greet", "description": "Greet Ada Lindqvist.", "parameters": {}},
}


def target(served: Served, route: str) -> dict[str, Any]:
    base = served.url if route == "openai" else served.url.removesuffix("/v1")
    return {"model": f"{route}/any", "api_base": base, "api_key": "none"}


def greeting(messages: Any) -> Any:
    """Calls the tool, in the words of the API that it was asked by."""
    content = messages[-1]["content"]
    if not isinstance(content, str):
        name = content[0]["text"].split("am ")[1].split(",")[0]
        use = {"type": "tool_use", "id": "1", "name": "greet", "input": {"who": name}}
        return {"content": [use], "stop_reason": "tool_use"}
    text = content
    call = {"name": "greet", "arguments": json.dumps({"who": text.split("am ")[1].split(",")[0]})}
    return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}


@pytest.mark.parametrize("route", ROUTES)
def test_functions_are_guarded_plain_streamed_and_awaited(
    served: Served, vault: LocalVault, route: str
) -> None:
    llm = GuardedLiteLLM(vault)
    asked = {**target(served, route), "messages": MESSAGES}
    assert llm.completion(**asked).choices[0].message.content == ASKED
    pieces = [one.choices[0].delta.content or "" for one in llm.completion(**asked, stream=True)]
    assert "".join(pieces) == ASKED
    assert len(pieces) > 4

    async def run() -> None:
        reply = await llm.acompletion(**asked)
        assert reply.choices[0].message.content == ASKED
        stream = await llm.acompletion(**asked, stream=True)
        assert "".join([one.choices[0].delta.content or "" async for one in stream]) == ASKED

    asyncio.run(run())
    served.check()


@pytest.mark.parametrize("route", ROUTES)
def test_tools_get_values_and_their_definitions_are_masked(
    served: Served, vault: LocalVault, route: str
) -> None:
    served.provider.reply = greeting
    llm = GuardedLiteLLM(vault)
    asked = {**target(served, route), "messages": MESSAGES, "tools": [TOOL]}
    [call] = llm.completion(**asked).choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"who": "Sarah Johnson"}
    parts = [
        call.function.arguments or ""
        for one in llm.completion(**asked, stream=True)
        for call in one.choices[0].delta.tool_calls or ()
    ]
    assert json.loads("".join(parts)) == {"who": "Sarah Johnson"}
    served.check()


def test_the_history_of_a_conversation_is_masked(served: Served, vault: LocalVault) -> None:
    served.provider.reply = greeting
    llm = GuardedLiteLLM(vault)
    asked = target(served, "openai")
    first = llm.completion(**asked, messages=MESSAGES, tools=[TOOL]).choices[0].message
    served.provider.reply = None
    answer = {"role": "tool", "tool_call_id": "1", "content": "Sarah Johnson was greeted."}
    reply = llm.completion(**asked, messages=[*MESSAGES, first, answer])
    assert reply.choices[0].message.content == "Sarah Johnson was greeted."
    served.check()


class Person(BaseModel):
    """Somebody."""

    name: str


def test_the_class_of_a_structured_answer_passes(served: Served, vault: LocalVault) -> None:
    served.provider.reply = lambda messages: json.dumps(
        {"name": messages[-1]["content"].split("am ")[1].split(",")[0]}
    )
    reply = GuardedLiteLLM(vault).completion(
        **target(served, "openai"), messages=MESSAGES, response_format=Person
    )
    said = Person.model_validate_json(reply.choices[0].message.content)
    assert said.name == "Sarah Johnson"
    served.check()


def test_responses_are_guarded(served: Served, vault: LocalVault) -> None:
    llm = GuardedLiteLLM(vault)
    asked = {**target(served, "openai"), "input": ASKED}
    assert llm.responses(**asked).output[0].content[0].text == ASKED
    events = list(llm.responses(**asked, stream=True))
    said = [one.delta for one in events if one.type == "response.output_text.delta"]
    assert "".join(said) == ASKED
    served.check()


def test_an_embedding_service_sees_tokens(served: Served, vault: LocalVault) -> None:
    with pytest.raises(Exception, match="404"):  # this provider has no embeddings
        GuardedLiteLLM(vault).embedding(**target(served, "openai"), input=[ASKED])
    served.check()


def test_a_guardrail_leaves_what_is_logged_masked(vault: LocalVault) -> None:
    from litellm.types.utils import ModelResponse

    async def run() -> None:
        guardrail = PrivacyGuardrail(vault)
        data: dict[str, Any] = {
            "messages": MESSAGES,
            "litellm_call_id": "1",
            "proxy_server_request": {"body": {"messages": MESSAGES, "model": "any"}},
        }
        await guardrail.async_pre_call_hook(None, None, data, "acompletion")
        assert "Sarah" not in repr(data)
        said = data["messages"][0]["content"]
        answer = ModelResponse(choices=[{"message": {"role": "assistant", "content": said}}])
        restored = await guardrail.async_post_call_success_hook(data, None, answer)
        assert restored.choices[0].message.content == ASKED
        assert answer.choices[0].message.content == said
        # Asked again, the map is gone, and the answer stays as it is.
        assert await guardrail.async_post_call_success_hook(data, None, answer) is answer
        await guardrail.async_pre_call_hook(None, None, data, "acompletion")
        await guardrail.async_post_call_failure_hook(data, ValueError(), None)
        assert await guardrail.async_post_call_success_hook(data, None, answer) is answer

    asyncio.run(run())


def test_what_no_rule_is_known_for_is_refused(vault: LocalVault) -> None:
    async def run() -> None:
        guardrail = PrivacyGuardrail(vault)
        await guardrail.async_pre_call_hook(None, None, {"prompt": ASKED}, "image_generation")

    with pytest.raises(UnknownFormat):
        asyncio.run(run())


CONFIG = """
model_list:
  - model_name: plain
    litellm_params: {{model: openai/any, api_base: "{url}", api_key: none}}
  - model_name: claude
    litellm_params: {{model: anthropic/any, api_base: "{root}", api_key: none}}
guardrails:
  - guardrail_name: privacy
    litellm_params:
      guardrail: llm_guard_protecto.integrations.litellm.PrivacyGuardrail
      mode: [pre_call, post_call]
      default_on: true
"""

KEY = "sk-8f0c7c1c2d7e4b0a9b6d5e4f3a2b1c0d8f0c7c1c2d7e4b0a"


@pytest.fixture
def proxy(served: Served, tmp_path: Path) -> Iterator[httpx.Client]:
    """LiteLLM's own proxy with the guardrail in its configuration."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(url=served.url, root=served.url.removesuffix("/v1")))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": KEY,
        "LLM_GUARD_VAULT": str(tmp_path / "vault.db"),
        "LLM_GUARD_KEY_FILE": str(tmp_path / "key"),
        "HOME": str(tmp_path),
    }
    program = Path(sys.executable).with_name("litellm")
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [program, "--config", config, "--port", str(port), "--host", "127.0.0.1"],
        env=environ,
        stdout=log,
        stderr=log,
    )
    try:
        head = {"authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=head, timeout=300) as client:
            until = time.monotonic() + 900
            while True:
                try:
                    client.get("/health/liveliness").raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, (tmp_path / "log").read_text()[-2000:]
                    assert time.monotonic() < until
                    time.sleep(0.2)
            yield client
    finally:
        process.terminate()
        process.wait()
        log.close()
    # Nor is there a value in what the proxy itself says.
    assert b"Sarah" not in (tmp_path / "log").read_bytes()


def sse(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def test_the_proxy_masks_both_ways(served: Served, proxy: httpx.Client) -> None:
    for model in ("plain", "claude"):
        asked: dict[str, Any] = {"model": model, "messages": MESSAGES}
        reply = proxy.post("/v1/chat/completions", json=asked)
        assert reply.json()["choices"][0]["message"]["content"] == ASKED, reply.text
        events = sse(proxy.post("/v1/chat/completions", json={**asked, "stream": True}))
        said = [e["choices"][0]["delta"].get("content") or "" for e in events if e["choices"]]
        assert "".join(said) == ASKED
    served.provider.reply = greeting
    asked = {"model": "plain", "messages": MESSAGES, "tools": [TOOL]}
    message = proxy.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]
    arguments = message["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"who": "Sarah Johnson"}
    served.provider.reply = None

    asked = {"model": "claude", "messages": MESSAGES, "max_tokens": 100}
    reply = proxy.post("/v1/messages", json=asked)
    assert reply.json()["content"][0]["text"] == ASKED, reply.text
    events = sse(proxy.post("/v1/messages", json={**asked, "stream": True}))
    deltas = [e["delta"]["text"] for e in events if e["type"] == "content_block_delta"]
    assert "".join(deltas) == ASKED
    served.check()


def test_the_proxy_refuses_what_cannot_be_masked(served: Served, proxy: httpx.Client) -> None:
    asked = {"model": "plain", "prompt": "A portrait of Sarah Johnson"}
    assert proxy.post("/v1/images/generations", json=asked).status_code >= 400
    assert not any("images" in request.path for request in served.provider.requests)
    assert not any(request.body for request in served.provider.requests)
