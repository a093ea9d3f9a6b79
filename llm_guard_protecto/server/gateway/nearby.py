"""A vault for the event loop: what is at hand is answered there, anything else by a thread.

Handing a call to a thread and back costs more than masking a prompt that was seen before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.store import at_hand
from llm_guard_protecto.models import Item, Masked, Unmasked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.server.pool import Pool
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["SHORT", "Nearby", "nearby"]

T = TypeVar("T")

SHORT = 16 * 1024
"""Characters that texts may have together to be tried in the event loop, which waits meanwhile."""


async def nearby(pool: Pool, quick: bool, work: Callable[[], T]) -> T:
    """Do `work` here and now if it is `quick` and needs only what is at hand, else in a thread."""
    if quick:
        try:
            with at_hand.only():
                return work()
        except at_hand.NotAtHand:
            pass
    return await pool.run(work)


class Nearby:
    """An `AsyncVault` that keeps maps, tells its policies and reads ahead, as `vault` does."""

    def __init__(self, vault: LocalVault, pool: Pool, busy: Callable[[], bool]) -> None:
        """`pool` does what takes time. While the gateway is `busy` nothing is read ahead."""
        self._vault, self._pool, self._busy = vault, pool, busy
        self._quick = vault.store.nearby

    async def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
        """Mask texts and items that belong together, in order."""
        size = sum(len(one.value if isinstance(one, Item) else one) for one in texts)
        quick = self._quick and size <= SHORT
        return await nearby(self._pool, quick, partial(self._vault.mask, texts, policy))

    async def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[Unmasked]:
        """Turn every token of the vault back into its value."""
        return await self._pool.run(partial(self._vault.unmask, texts, policy))

    async def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        """Add masked texts to what is kept under each name."""
        await self._pool.run(partial(self._vault.keep, names, masked))

    async def recall(self, names: Sequence[str]) -> list[list[Masked] | None]:
        """What is kept under each name, None where nothing is."""
        return await self._pool.run(partial(self._vault.recall, names))

    def policy(self, choice: str | None = None) -> Policy:
        """The rules that `choice` stands for now."""
        return self._vault.policy(choice)

    def read_ahead(self, texts: Sequence[str], policy: PolicyChoice = None) -> None:
        """Search texts that may be masked soon, in a thread of its own, if nobody is in the way.

        It would take the processor from callers who wait, for a turn that may never come.
        """
        if not self._busy():
            self._vault.read_ahead(texts, policy)
