"""The embedded vault for asynchronous callers: the same vault, in worker threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llm_guard_protecto.closing import AsyncClosing
from llm_guard_protecto.engine.explain import Explained
from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.models import Item, Masked, Span, Unmasked
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["AsyncLocalVault"]


class AsyncLocalVault(AsyncClosing):
    """`LocalVault`, awaited. Takes the same arguments, or a `LocalVault` to share as `vault`."""

    def __init__(self, *args: Any, vault: LocalVault | None = None, **settings: Any) -> None:
        """Open the vault (this part blocks, once)."""
        self.sync = LocalVault(*args, **settings) if vault is None else vault

    async def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
        """Mask texts and items that belong together, in order."""
        return await asyncio.to_thread(self.sync.mask, texts, policy)

    async def mask_each(
        self, texts: Sequence[str | Item], policy: PolicyChoice = None
    ) -> list[Masked]:
        """Mask texts and items that have nothing to do with each other, with one write for all."""
        return await asyncio.to_thread(self.sync.mask_each, texts, policy)

    async def mask_query(self, question: str, policy: PolicyChoice = None) -> Masked:
        """Mask a question about documents that were masked here."""
        return await asyncio.to_thread(self.sync.mask_query, question, policy)

    async def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[Unmasked]:
        """Turn every token of this vault back into its value."""
        return await asyncio.to_thread(self.sync.unmask, texts, policy)

    async def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        """Add masked texts to what is kept under each name."""
        await asyncio.to_thread(self.sync.keep, names, masked)

    async def recall(self, names: Sequence[str]) -> list[list[Masked] | None]:
        """What is kept under each name, None where nothing is."""
        return await asyncio.to_thread(self.sync.recall, names)

    async def find(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[list[Span]]:
        """What is found in each text; nothing is stored."""
        return await asyncio.to_thread(self.sync.find, texts, policy)

    async def explain(
        self, texts: Sequence[str], policy: PolicyChoice = None
    ) -> list[list[Explained]]:
        """Everything found in each text, with what the policy does with it and why."""
        return await asyncio.to_thread(self.sync.explain, texts, policy)

    async def aclose(self) -> None:
        """Finish what was promised and let go of the file."""
        await asyncio.to_thread(self.sync.close)
