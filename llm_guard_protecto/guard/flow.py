"""One generator, two drivers: the guard's logic yields what it needs of a vault.

Nothing here waits. `drive` asks a `Vault` and `adrive` an `AsyncVault`, or a `Vault` in a worker
thread, so the same flow serves both kinds of client.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

__all__ = ["Flow", "Mask", "adrive", "ask", "drive"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mask:
    """The one thing a flow can ask for: mask these texts, together, under this policy."""

    texts: Sequence[str | Item] = field(repr=False)
    policy: PolicyChoice = None


Flow = Generator[Mask, Sequence[Masked], T]
"""A computation that yields `Mask` and is sent the masked texts; it returns a `T`."""


def ask(request: Mask) -> Flow[Sequence[Masked]]:
    """Ask for `request` and check that the answer has the same number and order of texts."""
    answer = yield request
    asked = [text.value if isinstance(text, Item) else text for text in request.texts]
    if [masked.value for masked in answer] != asked:
        raise VaultError("the vault answered for other texts than it was asked for")
    return answer


def drive(flow: Flow[T], vault: Vault) -> T:
    """Run a flow to its end with a blocking vault."""
    try:
        request = next(flow)
        while True:
            request = flow.send(vault.mask(request.texts, request.policy))
    except StopIteration as end:
        return cast(T, end.value)


async def adrive(flow: Flow[T], vault: Vault | AsyncVault) -> T:
    """Run a flow to its end without blocking the event loop."""
    try:
        request = next(flow)
        while True:
            request = flow.send(await _mask(request, vault))
    except StopIteration as end:
        return cast(T, end.value)


async def _mask(request: Mask, vault: Vault | AsyncVault) -> Sequence[Masked]:
    if inspect.iscoroutinefunction(vault.mask):
        return await cast(AsyncVault, vault).mask(request.texts, request.policy)
    return await asyncio.to_thread(cast(Vault, vault).mask, request.texts, request.policy)
