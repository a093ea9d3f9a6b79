"""Roles that a policy leaves out: their words leave as they are, but for values known elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.guard import Exchange, Guard, Outgoing, drive

SARAH, BORIS = "sarah.johnson@example.com", "boris.ivanov@example.com"


def send(vault: LocalVault, body: Any, path: str, *roles: str) -> Exchange:
    policy = Policy.parse({"name": "p", "mask": {"roles": list(roles)}} if roles else {"name": "p"})
    outgoing = Outgoing("POST", path, "application/json", json.dumps(body).encode())
    return drive(Guard(policy).open(outgoing), vault)


def chat(**said: str) -> dict[str, Any]:
    messages = [{"role": role, "content": text} for role, text in said.items()]
    return {"model": "m", "messages": messages}


@pytest.fixture(scope="module")
def vault() -> LocalVault:
    return LocalVault("memory:", environ={})


def test_what_a_role_left_out_says_is_sent_as_it_is(vault: LocalVault) -> None:
    body = chat(system=f"You work for {BORIS}.", user=f"I am {SARAH}.")
    sent = send(vault, body, "/v1/chat/completions", "user").body.decode()
    assert BORIS in sent
    assert SARAH not in sent


def test_a_value_found_elsewhere_is_masked_there_all_the_same(vault: LocalVault) -> None:
    body = chat(system=f"You serve {SARAH} and {BORIS}.", user=f"I am {SARAH}.")
    sent = send(vault, body, "/v1/chat/completions", "user").body.decode()
    assert SARAH not in sent
    assert BORIS in sent


def test_a_part_of_a_value_is_masked_there_too(vault: LocalVault) -> None:
    body = chat(system="Be kind to Sarah Johnson.", user="I am Sarah Johnson, born in Hull.")
    sent = send(vault, body, "/v1/chat/completions", "user").body.decode()
    assert "Johnson" not in sent
    assert "Sarah" not in sent


def test_what_is_left_alone_is_no_token_of_the_reply(vault: LocalVault) -> None:
    body = chat(system=f"You work for {BORIS}.", user="Hello")
    opened = send(vault, body, "/v1/chat/completions", "user", "assistant")
    assert opened.body == json.dumps(body).encode()
    assert opened.tokens.issued == 0


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool"])
def test_each_role_can_be_the_only_one(vault: LocalVault, role: str) -> None:
    roles = ("system", "developer", "user", "assistant", "tool")
    values = {name: f"{name}@people.example" for name in roles}
    body = chat(**{name: f"mail {value}" for name, value in values.items()})
    sent = send(vault, body, "/v1/chat/completions", role).body.decode()
    assert [name for name, value in values.items() if value not in sent] == [role]


def test_what_nobody_says_is_always_searched(vault: LocalVault) -> None:
    body = chat(user=f"I am {SARAH}") | {"metadata": {"by": BORIS}, "user": BORIS}
    sent = send(vault, body, "/v1/chat/completions", "tool").body.decode()
    assert SARAH in sent
    assert BORIS not in sent


def test_the_other_apis_have_roles_too(vault: LocalVault) -> None:
    responses = {"instructions": f"For {BORIS}.", "input": f"I am {SARAH}."}
    sent = send(vault, responses, "/v1/responses", "user").body.decode()
    assert (BORIS in sent, SARAH in sent) == (True, False)
    messages = {"system": f"For {BORIS}.", "messages": chat(user=f"I am {SARAH}.")["messages"]}
    sent = send(vault, messages, "/v1/messages", "system").body.decode()
    assert (BORIS in sent, SARAH in sent) == (False, True)


def test_without_a_rule_every_role_is_searched(vault: LocalVault) -> None:
    body = chat(system=f"For {BORIS}.", user=f"I am {SARAH}.")
    sent = send(vault, body, "/v1/chat/completions").body.decode()
    assert BORIS not in sent
    assert SARAH not in sent
