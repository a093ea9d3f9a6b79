"""The public API in the ways people write it. Checked by mypy, never run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import assert_type

import httpx
from openai import AsyncOpenAI, AzureOpenAI, OpenAI

from llm_guard_protecto import (
    AsyncKeepsMaps,
    AsyncLocalVault,
    AsyncProtectoVault,
    AsyncVault,
    ConfigurationError,
    ExcludedEntity,
    Guard,
    GuardError,
    IndividualToken,
    Item,
    KeepsMaps,
    LocalVault,
    Masked,
    Policy,
    Span,
    Unmasked,
    Vault,
    VaultRefused,
    guarded,
    protect,
)
from llm_guard_protecto.bulk import (
    FileReport,
    TokenType,
    mask_each,
    mask_file,
    unmask_each,
    unmask_file,
)
from llm_guard_protecto.documents import (
    EVERYTHING,
    Document,
    MaskedDocument,
    Reader,
    amask_query,
    mask_documents,
    mask_query,
    restorer,
    reveal,
)
from llm_guard_protecto.testing import FakeProvider, ProviderError, Recorded
from llm_guard_protecto.vault import MasksEach, MasksQueries


def protecting() -> None:
    assert_type(protect(OpenAI()), OpenAI)
    assert_type(protect(AsyncOpenAI(), policy="strict"), AsyncOpenAI)
    assert_type(protect(AzureOpenAI(), LocalVault("memory:")), AzureOpenAI)
    assert_type(protect(OpenAI(), "sqlite:///vault.db"), OpenAI)
    assert_type(protect(OpenAI(), LocalVault(), Policy.built_in("minimal")), OpenAI)
    assert_type(guarded(httpx.Client()), httpx.Client)
    assert_type(guarded(httpx.AsyncClient(), policy="strict"), httpx.AsyncClient)


async def protecting_async() -> None:
    client = protect(AsyncOpenAI(), AsyncLocalVault("memory:"))
    reply = await client.chat.completions.create(model="m", messages=[])
    assert_type(reply.choices[0].message.content, str | None)


def vaults() -> None:
    with LocalVault(Path("vault.db"), policy="strict", namespace="tenant") as vault:
        assert_type(vault, LocalVault)
        masked = vault.mask(["text", Item("value", token_name="Text Token")], policy="default")
        assert_type(masked, list[Masked])
        assert_type(masked[0].individual_tokens, tuple[IndividualToken, ...])
        assert_type(masked[0].excluded_entities, tuple[ExcludedEntity, ...])
        assert_type(vault.unmask(["text"], Policy.built_in()), list[Unmasked])
        assert_type(vault.find(("text",)), list[list[Span]])
        assert_type(vault.policies(), list[str])
        assert_type(vault.policy(), Policy)
        vault.put_policy(Policy.load("policy.toml"))
        vault.delete_policy("policy")
        any_vault: Vault = vault
        keeps: KeepsMaps = vault
        keeps.keep(["resp_1"], vault.mask(["text"]))
        assert_type(vault.recall(["resp_1"]), list[list[Masked] | None])
        assert_type(any_vault.mask(["text"]), Sequence[Masked])
    LocalVault(environ={"LGP_VAULT_KEY": "…"}).close()


async def vaults_async() -> None:
    vault = AsyncLocalVault("memory:", policy=Policy.built_in("anonymize"))
    assert_type(await vault.mask(["text"]), list[Masked])
    assert_type(await vault.unmask(["text"]), list[Unmasked])
    assert_type(await vault.find(["text"]), list[list[Span]])
    any_vault: AsyncVault = vault
    keeps: AsyncKeepsMaps = vault
    await keeps.keep(["resp_1"], [])
    assert_type(await any_vault.unmask(["text"]), Sequence[Unmasked])


async def documents(vault: LocalVault, remote: AsyncProtectoVault) -> None:
    assert_type(mask_documents(["text", Document("text", {"page": 1}, "7")], vault),
                list[MaskedDocument])  # fmt: skip
    assert_type(mask_query("who?", vault, "strict"), Masked)
    assert_type(vault.mask_query("who?"), Masked)
    assert_type(await amask_query("who?", remote), Masked)
    asks: MasksQueries = vault
    assert_type(asks.mask_query("who?"), Masked)
    [shown] = reveal(mask_documents(["text"], vault), vault, reader=Reader(hide=("URL",)))
    assert_type(shown, Document)
    assert_type(restorer(["text"], vault, reader=EVERYTHING).whole("text"), str)


def bulk() -> None:
    with LocalVault("vault.db") as vault:
        each: MasksEach = vault
        assert_type(vault.mask_each(["text", Item("value", "Text Token")]), list[Masked])
        assert_type(mask_each(vault, iter(["text"]), "strict"), Sequence[Masked])
        assert_type(unmask_each(vault, ["text"]), list[str])
        assert_type(each.mask_each(["text"]), Sequence[Masked])
        report = mask_file("in.csv", Path("out.csv"), vault=vault, columns=["name"])
        assert_type(report, FileReport)
    unmask_file("in.csv", "out.csv", tokens={"name": TokenType("Person Token")}, processes=2)


def policies() -> None:
    policy = Policy.parse({"name": "mine", "entities": {"PERSON": {"action": "exclude"}}})
    assert_type(policy.rule("PERSON").prefix, str)
    Guard(policy)
    Guard("strict")
    Guard()


def errors() -> None:
    try:
        Policy.load(Path("policy.json"))
    except VaultRefused as error:
        assert_type(error.status_hint, int)
    except ConfigurationError as error:
        assert_type(error.code, str)
        as_value_error: ValueError = error
        raise as_value_error from None
    except GuardError:
        raise


def testing() -> None:
    def busy(messages: object) -> str:
        raise ProviderError(429, "later")

    provider = FakeProvider(reply=busy, piece=3, failures=(503,))
    assert_type(provider.last_body, bytes)
    assert_type(provider.requests, list[Recorded])
    OpenAI(api_key="none", http_client=provider.client())
    AsyncOpenAI(api_key="none", http_client=provider.async_client())
