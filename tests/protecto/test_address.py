"""Base URLs in every documented form, and bearer tokens."""

from __future__ import annotations

import pytest

from llm_guard_protecto import ConfigurationError
from llm_guard_protecto.protecto.address import base_url, bearer

TRIAL = "https://protecto-trial.protecto.ai/api/vault"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://protecto-trial.protecto.ai/api/vault", TRIAL),
        ("https://protecto-trial.protecto.ai/api/vault/", TRIAL),
        ("https://protecto-trial.protecto.ai", TRIAL),
        ("https://protecto-trial.protecto.ai/", TRIAL),
        ("protecto-trial.protecto.ai", TRIAL),
        (" https://protecto-trial.protecto.ai/api/vault/mask/ ", TRIAL),
        ("https://protecto-trial.protecto.ai/api/vault/mask/async", TRIAL),
        ("https://protecto-trial.protecto.ai/api/vault/unmask", TRIAL),
        ("https://protecto-trial.protecto.ai//api//vault//", TRIAL),
        ("https://gate.elm.example/privacy", "https://gate.elm.example/privacy/api/vault"),
        (
            "https://gate.elm.example:8443/privacy/api/vault/",
            "https://gate.elm.example:8443/privacy/api/vault",
        ),
        ("http://127.0.0.1:8000/api/vault/", "http://127.0.0.1:8000/api/vault"),
        ("http://localhost:8000", "http://localhost:8000/api/vault"),
        ("http://[::1]:8000", "http://[::1]:8000/api/vault"),
    ],
)
def test_every_form_of_a_base_url(given: str, meant: str) -> None:
    assert base_url(given) == meant
    assert base_url(meant) == meant


@pytest.mark.parametrize(
    "given",
    [
        "http://vault.elm.example/api/vault",
        "ftp://vault.elm.example",
        "https://user:hush@vault.elm.example",
        "https://vault.elm.example/api/vault?token=hush",
        "https://vault.elm.example/#hush",
        "https://",
        "https://vault.elm.example:hush/",
        "https://[hush",
    ],
)
def test_what_cannot_be_a_vault_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        base_url(given)
    assert "hush" not in str(caught.value)


def test_plain_http_has_to_be_asked_for() -> None:
    assert base_url("http://vault:8000", insecure=True) == "http://vault:8000/api/vault"


def test_a_token_is_given_or_in_the_environment() -> None:
    assert bearer(" Bearer abc ", {}) == bearer(None, {"LLM_GUARD_VAULT_TOKEN": "abc"}) == "abc"
    for wrong in ("", "two words", "né", "a\nb"):
        with pytest.raises(ConfigurationError) as caught:
            bearer(wrong, {})
        assert not wrong or wrong not in str(caught.value)
