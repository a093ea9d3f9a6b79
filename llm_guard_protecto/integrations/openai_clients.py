"""Guarded HTTP clients for frameworks that build their own OpenAI client: thin, and below all of it."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any

from llm_guard_protecto.clients import guarded
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

__all__ = ["guarded_pair"]


def guarded_pair(
    vault: Vault | AsyncVault | str | None = None, policy: PolicyChoice = None
) -> tuple[Any, Any]:
    """A blocking and an async HTTP client with the settings of OpenAI's own, both guarded.

    Parameters and errors as for `guarded`. An async vault cannot serve blocking calls, so the first
    is None then.
    """
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

    awaited = guarded(DefaultAsyncHttpxClient(), vault, policy)
    if iscoroutinefunction(getattr(vault, "mask", None)):
        return None, awaited
    return guarded(DefaultHttpxClient(), vault, policy), awaited
