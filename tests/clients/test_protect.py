"""Who can be protected, with what; and who is told no, and why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import httpx2
import openai
import pytest

from llm_guard_protecto import ConfigurationError, GuardError, LocalVault, Policy, guarded, protect
from llm_guard_protecto.testing import FakeProvider
from tests.clients.tiny_vault import AsyncTinyVault, TinyVault

CLIENTS = (
    openai.OpenAI(api_key="none"),
    openai.AsyncOpenAI(api_key="none"),
    openai.AzureOpenAI(api_key="none", api_version="1", azure_endpoint="https://a.example"),
    openai.AsyncAzureOpenAI(api_key="none", api_version="1", azure_endpoint="https://a.example"),
)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: type(client).__name__)
def test_the_class_stays_the_same(client: openai.OpenAI) -> None:
    guarded_client = protect(client, TinyVault())
    assert type(guarded_client) is type(client)
    assert guarded_client is not client
    assert guarded_client.base_url == client.base_url
    assert guarded_client.api_key == client.api_key
    assert guarded_client.timeout == client.timeout
    assert guarded_client.max_retries == client.max_retries


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: type(client).__name__)
def test_twice_is_a_mistake(client: openai.OpenAI) -> None:
    once = protect(client, TinyVault())
    with pytest.raises(ConfigurationError, match="protected already"):
        protect(once, TinyVault())
    with pytest.raises(ConfigurationError, match="protected already"):
        protect(once.with_options(timeout=1), TinyVault())


@pytest.mark.parametrize("other", [None, "OpenAI", object(), httpx2.Client(), json])
def test_other_things_are_named_with_what_is_supported(other: object) -> None:
    with pytest.raises(ConfigurationError, match="OpenAI, AsyncOpenAI, AzureOpenAI"):
        protect(other, TinyVault())


@pytest.mark.parametrize("other", [None, "http://x", object(), CLIENTS[0]])
def test_other_http_clients_are_named_with_what_is_supported(other: object) -> None:
    with pytest.raises(ConfigurationError, match="Client and AsyncClient of httpx2 and httpx"):
        guarded(other, TinyVault())


def test_guarding_an_http_client_twice_is_a_mistake() -> None:
    with guarded(httpx2.Client(), TinyVault()) as once:
        pytest.raises(ConfigurationError, guarded, once, TinyVault()).match("guarded already")


def test_a_blocking_client_needs_a_blocking_vault() -> None:
    with pytest.raises(ConfigurationError, match="async client"):
        protect(CLIENTS[0], AsyncTinyVault())
    protect(CLIENTS[1], AsyncTinyVault())


@pytest.mark.parametrize("nothing", [7, object(), {}])
def test_what_is_no_vault_is_refused(nothing: object) -> None:
    with pytest.raises(ConfigurationError, match="is not a vault"):
        protect(CLIENTS[0], nothing)  # type: ignore[arg-type]


def test_a_policy_that_cannot_work_is_known_at_once(tmp_path: Path) -> None:
    for vault in (TinyVault(), LocalVault("memory:")):
        with pytest.raises(ConfigurationError):
            protect(CLIENTS[0], vault, policy="no such policy")
    with pytest.raises(ConfigurationError):
        protect(CLIENTS[0], "memory:", policy="no such policy")


def test_a_vault_that_cannot_work_is_known_at_once(tmp_path: Path) -> None:
    (tmp_path / "vault").write_bytes(b"this is no database" * 1000)
    with pytest.raises(GuardError):
        protect(CLIENTS[0], str(tmp_path / "vault"))


def test_clients_that_sign_their_requests_are_refused() -> None:
    class Signs(httpx2.Auth):
        requires_request_body = True

    with pytest.raises(ConfigurationError, match="signs its requests"):
        guarded(httpx2.Client(auth=Signs()), TinyVault())
    bedrock = openai.BedrockOpenAI(
        aws_region="eu-west-1", api_key="none", base_url="https://b.example"
    )
    with pytest.raises(ConfigurationError, match="signs its requests"):
        protect(bedrock, TinyVault())


def test_a_copy_may_not_take_something_else_for_a_client() -> None:
    with pytest.raises(ConfigurationError, match="cannot guard a object"):
        protect(CLIENTS[0], TinyVault()).copy(http_client=object())  # type: ignore[arg-type]


def test_a_subclass_that_drops_its_http_client_is_refused() -> None:
    class Forgetful(openai.OpenAI):
        def copy(self, **changes: object) -> Forgetful:
            return Forgetful(api_key="none")

    with pytest.raises(ConfigurationError, match="does not keep its http_client"):
        protect(Forgetful(api_key="none"), TinyVault())


@pytest.fixture
def module_client() -> Iterator[FakeProvider]:
    """The module-level client of the SDK, over a guarded HTTP client."""
    provider = FakeProvider()
    openai.api_key = "none"
    openai.http_client = guarded(provider.client(), TinyVault("Ada Lindholm"))
    yield provider
    openai.http_client = None
    openai.api_key = None
    openai._reset_client()


def test_the_module_level_client(module_client: FakeProvider) -> None:
    reply = openai.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "I am Ada Lindholm"}]
    )
    assert reply.choices[0].message.content == "I am Ada Lindholm"
    assert b"Ada" not in module_client.last_body


@pytest.mark.parametrize("http", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_closing_closes_what_it_sends_through(http: object) -> None:
    inner = http.Client()  # type: ignore[attr-defined]
    client = protect(openai.OpenAI(api_key="none", http_client=inner), TinyVault())
    client.close()
    assert inner.is_closed
    assert client.is_closed()


def test_a_vault_opened_here_is_closed_with_the_client(tmp_path: Path) -> None:
    provider = FakeProvider()
    client = protect(
        openai.OpenAI(api_key="none", http_client=provider.client()),
        str(tmp_path / "vault.db"),
        Policy.built_in(),
    )
    client.close()
    assert not list(tmp_path.glob("*-wal"))  # folded into the file when the last one closes


def test_nothing_is_imported_that_the_host_did_not_choose(tmp_path: Path) -> None:
    """`protect` on an httpx2 client works where httpx cannot be imported, and the other way."""
    for http, other in (("httpx", "httpx2"), ("httpx2", "httpx")):
        program = f"""
import subprocess
import sys
sys.modules[{other!r}] = None
import {http} as http
from llm_guard_protecto.clients import guarded
from tests.clients.tiny_vault import TinyVault
guarded(http.Client(), TinyVault()).close()
assert "openai" not in sys.modules
"""
        subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
