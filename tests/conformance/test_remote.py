"""One line to use a vault over HTTP: `--vault https://...`, and `protect(vault="https://...")`."""

from __future__ import annotations

from typing import Any

import pytest
from openai import OpenAI

from llm_guard_protecto import ConfigurationError, protect
from llm_guard_protecto.testing import FakeProvider
from tests.conformance.served import Caller, Served

TEXT = "Ask Sarah Johnson about it"


def environ(caller: Caller) -> dict[str, str]:
    return {"LLM_GUARD_VAULT": caller.url, "LLM_GUARD_VAULT_TOKEN": caller.token}


def test_the_command_line_masks_and_unmasks_through_a_server(outside: Any, caller: Caller) -> None:
    token = environ(caller)
    address = token.pop("LLM_GUARD_VAULT")
    ran = outside.cli("mask", "--vault", address, stdin=TEXT.encode(), **token)
    assert ran.returncode == 0, ran.stderr
    masked = ran.stdout.decode()
    assert masked == caller.vault().mask([TEXT])[0].token_value
    ran = outside.cli("unmask", masked, **environ(caller))
    assert (ran.returncode, ran.stdout.decode().strip()) == (0, TEXT)
    ran = outside.cli("mask", "--policy", "nobody's", TEXT, **environ(caller))
    assert ran.returncode == 1
    assert b"Policy doesn't exist" in ran.stderr
    assert not (outside.home / "data").exists()  # no vault and no key was made here


@pytest.mark.parametrize(
    "words",
    [("serve", "--port", "0"), ("keys", "status"), ("find", TEXT)],
    ids=lambda words: words[0],
)
def test_what_needs_the_vault_itself_says_so(
    outside: Any, caller: Caller, words: tuple[str, ...]
) -> None:
    ran = outside.cli(*words, **environ(caller))
    assert ran.returncode == 1
    assert b"only mask and unmask can ask one" in ran.stderr
    assert caller.token.encode() not in ran.stderr


def test_a_token_that_is_missing_or_wrong(outside: Any, caller: Caller) -> None:
    ran = outside.cli("mask", "--vault", caller.url, TEXT)
    assert ran.returncode == 1
    assert b"LLM_GUARD_VAULT_TOKEN" in ran.stderr
    ran = outside.cli("mask", "--vault", caller.url, TEXT, LLM_GUARD_VAULT_TOKEN="wrong")
    assert ran.returncode == 3
    assert b"wrong" not in ran.stderr.replace(b"wrong key", b"")


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_protected_client_asks_a_server(
    served: Served, caller: Caller, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    for name, value in environ(caller).items():
        monkeypatch.setenv(name, value)
    provider = FakeProvider()
    address = caller.url if by == "argument" else None
    with protect(OpenAI(api_key="none", http_client=provider.client()), address) as client:
        reply = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": TEXT}]
        )
    assert "Sarah Johnson" in str(reply.choices[0].message.content)
    [sent] = provider.requests
    assert b"Johnson" not in sent.body
    token = caller.vault().mask([TEXT])[0].individual_tokens[0].token
    assert token.encode() in sent.body  # the very token of the server's namespace


def test_a_policy_itself_cannot_go_to_a_server(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llm_guard_protecto import Policy

    monkeypatch.setenv("LLM_GUARD_VAULT_TOKEN", caller.token)
    client = OpenAI(api_key="none", http_client=FakeProvider().client())
    with client, pytest.raises(ConfigurationError, match="give the name of one"):
        protect(client, caller.url, Policy.built_in())
