"""The bearer token and clear values are in no `repr`, log or exception."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import httpx
import pytest

from llm_guard_protecto import AsyncProtectoVault, ConfigurationError, Policy, ProtectoVault
from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.protecto.asking import Request
from llm_guard_protecto.protecto.codec import plan_mask, plan_unmask
from tests.protecto.conftest import Opens
from tests.protecto.service import TOKEN, Scripted, Service

CLEAR = "Øystein Brandvold"


@pytest.mark.parametrize("kind", [ProtectoVault, AsyncProtectoVault])
def test_a_vault_shows_its_place_only(kind: Any) -> None:
    vault = kind("https://vault.elm.example", TOKEN)
    assert repr(vault) == f"<{kind.__name__} https://vault.elm.example/api/vault>"
    inside = [thing for one in vars(vault).values() for thing in (one, getattr(one, "client", ""))]
    assert all(TOKEN not in repr(thing) for thing in inside)


def test_plans_and_requests_show_no_value() -> None:
    plan = plan_mask([CLEAR])
    shown = repr([plan, plan_unmask([CLEAR]), Request("PUT", "/mask", plan.body, {"q": CLEAR})])
    assert "Brandvold" not in shown


@pytest.mark.parametrize(
    "script",
    [
        Scripted(500, f'{{"error": {{"message": "{CLEAR}"}}}}'.encode()),
        Scripted(401, f'{{"detail": "{CLEAR}"}}'.encode()),
        Scripted(200, b"\xff\xfe"),
        Scripted(200, b"{}", wait=0.5),
        Scripted(200, b"not gzip", {"content-encoding": "gzip"}),
    ],
)
def test_no_failure_says_what_was_asked(
    service: Service, opens: Opens, script: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    service.scripted = [script]
    with caplog.at_level(logging.DEBUG), pytest.raises(VaultError) as caught:
        opens(retries=0, timeout=0.3).mask([CLEAR])
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert "Brandvold" not in told
    assert TOKEN not in told
    assert caught.value.__context__ is None


def test_settings_that_cannot_work_are_named() -> None:
    wrong: list[dict[str, Any]] = [
        {"url": None, "environ": {}},
        {"token": None, "environ": {}},
        {"policy": Policy.built_in()},
        {"size": 10},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"retries": -1},
        {"http_client": object()},
        {"http_client": httpx.AsyncClient()},
    ]
    for settings in wrong:
        with pytest.raises(ConfigurationError) as caught:
            ProtectoVault(**{"url": "https://elm.example", "token": TOKEN, **settings})
        assert TOKEN not in str(caught.value)


def test_a_policy_itself_cannot_be_sent(service: Service, opens: Opens) -> None:
    with pytest.raises(ConfigurationError, match="give the name"):
        opens().mask([CLEAR], Policy.built_in("strict"))
    assert service.requests == []


def test_the_environment_names_vault_and_token(service: Service) -> None:
    environ = {"LLM_GUARD_VAULT": service.url, "LLM_GUARD_VAULT_TOKEN": TOKEN}
    with ProtectoVault(environ=environ) as vault:
        assert vault.mask([CLEAR])[0].value == CLEAR


def test_a_client_that_was_given_stays_open(service: Service) -> None:
    with httpx.Client(headers={"x-team": "elm"}) as client:
        with ProtectoVault(service.url, TOKEN, http_client=client) as vault:
            vault.mask([CLEAR])
        assert not client.is_closed
        assert service.requests[-1].headers["x-team"] == "elm"
        assert service.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"
