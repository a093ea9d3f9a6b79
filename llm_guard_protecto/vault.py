"""The vault: where clear values live. Two methods, and what must hold of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from llm_guard_protecto.models import Item, Masked, Unmasked
from llm_guard_protecto.policy import Policy

__all__ = ["AsyncVault", "PolicyChoice", "Vault"]

PolicyChoice = Policy | str | None
"""A policy itself, the name of one the vault knows, or None for the vault's default."""


class Vault(Protocol):
    """Turns texts into masked texts and back.

    Answers keep the order and the number of what was asked. The texts of one `mask` call belong
    together: a value found in one of them is masked in all of them. The tokens of a masked text
    are durable before `mask` returns. Both methods are safe to call from several threads, and
    raise `VaultError`, `ConfigurationError` or `DetectionFailed`; they never answer in part.
    """

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> Sequence[Masked]:
        """Mask each text or item under `policy`."""
        ...

    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> Sequence[Unmasked]:
        """Turn every token of this vault in each text back into its value."""
        ...


class AsyncVault(Protocol):
    """The same promises as `Vault`, awaited."""

    async def mask(
        self, texts: Sequence[str | Item], policy: PolicyChoice = None
    ) -> Sequence[Masked]:
        """Mask each text or item under `policy`."""
        ...

    async def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> Sequence[Unmasked]:
        """Turn every token of this vault in each text back into its value."""
        ...
