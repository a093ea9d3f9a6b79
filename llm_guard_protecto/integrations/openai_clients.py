"""Guarded HTTP clients for frameworks that build their own OpenAI client: thin, and below all of it."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any

from llm_guard_protecto.clients import guarded
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

__all__ = ["guarded_arguments"]


def guarded_arguments(
    blocking: str,
    awaited: str,
    vault: Vault | AsyncVault | str | None = None,
    policy: PolicyChoice = None,
) -> dict[str, Any]:
    """A blocking and an async HTTP client with the settings of OpenAI's own, both guarded.

    Under the names `blocking` and `awaited`, as the framework calls these arguments. The rest and
    the errors as for `guarded`. An async vault cannot serve blocking calls, so that client is left
    out then.
    """
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

    clients: dict[str, Any] = {awaited: guarded(DefaultAsyncHttpxClient(), vault, policy)}
    if not iscoroutinefunction(getattr(vault, "mask", None)):
        clients[blocking] = guarded(DefaultHttpxClient(), vault, policy)
    return clients
