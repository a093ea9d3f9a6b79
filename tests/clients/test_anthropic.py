"""Every form of the Messages API, with the Anthropic SDK that is installed here."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from importlib import import_module

import anthropic
import httpx2
import pytest

from llm_guard_protecto import ConfigurationError, protect
from tests.clients.anthropic_bench import CASES, run
from tests.clients.tiny_vault import TinyVault

for _name in ("", "_thinking", "_errors", "_platforms", "_batches", "_structured", "_streams"):
    import_module(f"tests.clients.forms_anthropic{_name}")


@pytest.fixture(scope="module", autouse=True)
def fast_collections() -> Iterator[None]:
    """The SDK's thousands of types are not looked through after every form, nor in a form.

    A collection in one of the server's threads would close the streams of another thread's loop.
    """
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.fixture(autouse=True)
def no_key_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("ANTHROPIC_", "AWS_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_form(name: str, kind: str) -> None:
    run(name, kind)


CLIENTS = (
    anthropic.Anthropic(api_key="none"),
    anthropic.AsyncAnthropic(api_key="none"),
    anthropic.AnthropicVertex(region="x", project_id="p", access_token="t"),
    anthropic.AsyncAnthropicVertex(region="x", project_id="p", access_token="t"),
    anthropic.AnthropicFoundry(api_key="none", resource="r"),
    anthropic.AsyncAnthropicFoundry(api_key="none", resource="r"),
)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: type(client).__name__)
def test_the_class_and_its_settings_stay_the_same(client: anthropic.Anthropic) -> None:
    before = dict(vars(client))
    guarded = protect(client, TinyVault())
    assert type(guarded) is type(client)
    assert guarded.base_url == client.base_url
    assert guarded.timeout == client.timeout
    assert guarded.max_retries == client.max_retries
    assert vars(client) == before
    for again in (guarded, guarded.with_options(timeout=1), guarded.copy()):
        with pytest.raises(ConfigurationError, match="protected already"):
            protect(again, TinyVault())


def test_closing_closes_what_it_sends_through() -> None:
    inner = httpx2.Client()
    client = protect(anthropic.Anthropic(api_key="none", http_client=inner), TinyVault())
    client.close()
    assert inner.is_closed
    assert client.is_closed()
