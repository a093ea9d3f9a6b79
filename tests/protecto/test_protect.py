"""`protect(..., vault=ProtectoVault(...))`: nothing in clear at the provider, the reply restored."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI, PermissionDeniedError

from llm_guard_protecto import AsyncProtectoVault, Policy, ProtectoVault, protect
from llm_guard_protecto.testing import FakeProvider
from tests.clients.leaks import leaked
from tests.protecto.service import TOKEN, Service

PROMPT = "Write to Sarah Johnson, (555) 987-6543, about =Sarah Johnson and ada@elm.example."
SECRETS = ("Sarah", "Johnson", "987-6543", "ada@elm.example")
LONG = "It was late and nobody had slept when we met again in the kitchen. " * 30 + PROMPT


@pytest.mark.parametrize("prompt", [PROMPT, LONG])
@pytest.mark.parametrize("stream", [False, True])
def test_the_provider_sees_tokens_and_the_program_sees_names(
    service: Service, prompt: str, stream: bool
) -> None:
    provider = FakeProvider()
    with ProtectoVault(service.url, TOKEN) as vault:
        client = protect(OpenAI(api_key="none", http_client=provider.client()), vault=vault)
        messages: Any = [{"role": "user", "content": prompt}]
        if stream:
            events: Any = client.chat.completions.create(model="m", messages=messages, stream=True)
            said = "".join(one.choices[0].delta.content or "" for one in events if one.choices)
        else:
            answer = client.chat.completions.create(model="m", messages=messages)
            said = answer.choices[0].message.content or ""
    assert said == prompt
    assert leaked(provider.last_body, SECRETS) == []
    assert b"<PER>" in provider.last_body
    assert len(service.asked()) == 1


def test_an_async_client_takes_either_vault(service: Service) -> None:
    async def ask(vault: ProtectoVault | AsyncProtectoVault) -> None:
        provider = FakeProvider()
        bare = AsyncOpenAI(api_key="none", http_client=provider.async_client())
        client = protect(bare, vault=vault)
        messages: Any = [{"role": "user", "content": PROMPT}]
        answer = await client.chat.completions.create(model="m", messages=messages)
        assert answer.choices[0].message.content == PROMPT
        assert leaked(provider.last_body, SECRETS) == []

    async def run() -> None:
        with ProtectoVault(service.url, TOKEN) as blocking:
            await ask(blocking)
        async with AsyncProtectoVault(service.url, TOKEN) as vault:
            await ask(vault)

    asyncio.run(run())


def test_a_vault_that_refuses_means_that_nothing_is_sent(service: Service) -> None:
    provider = FakeProvider()
    with ProtectoVault(service.url, "wrong") as vault:
        client = protect(OpenAI(api_key="none", http_client=provider.client()), vault=vault)
        with pytest.raises(PermissionDeniedError) as caught:
            client.responses.create(model="m", input=PROMPT)
    assert "vault_not_authenticated" in caught.value.response.text
    assert provider.requests == []


def test_a_policy_is_the_vaults_and_its_surfaces_are_ours(service: Service) -> None:
    rules = Policy.parse({"name": "ours", "extends": "default", "hint": "Keep the tokens."})
    provider = FakeProvider(reply=lambda messages: str(messages[0]["content"]))
    with ProtectoVault(service.url, TOKEN, rules=rules) as vault:
        vault.admin.create_policy("theirs")
        bare = OpenAI(api_key="none", http_client=provider.client())
        client = protect(bare, vault=vault, policy="theirs")
        messages: Any = [{"role": "user", "content": PROMPT}]
        client.chat.completions.create(model="m", messages=messages)
        assert vault.policy("theirs") == rules.model_copy(update={"name": "theirs"})
    with ProtectoVault(service.url, TOKEN, policy="strict") as vault:
        assert vault.policy() == Policy.built_in("strict")
        assert vault.policy("theirs").surfaces == Policy.built_in().surfaces
    assert service.asked()[0]["policy_name"] == "theirs"
    assert b"Keep the tokens." in provider.last_body
