"""One generator, two drivers: the guard's logic yields what it needs of a vault.

Nothing here waits. `drive` asks a `Vault` and `adrive` an `AsyncVault`, or a `Vault` in a worker
thread, so the same flow serves both kinds of client.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.policy import BUILT_IN, Policy
from llm_guard_protecto.vault import (
    AsyncKeepsMaps,
    AsyncVault,
    KeepsMaps,
    PolicyChoice,
    TellsPolicies,
    Vault,
)

__all__ = [
    "Flow",
    "Keep",
    "LookUp",
    "Mask",
    "ReadsAhead",
    "Recall",
    "Unmask",
    "adrive",
    "ask",
    "drive",
    "look_up",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mask:
    """A question: mask these texts, together, under this policy. The answer is `Masked` values."""

    texts: Sequence[str | Item] = field(repr=False)
    policy: PolicyChoice = None


@dataclass(frozen=True, slots=True)
class LookUp:
    """A question: the rules themselves that the vault knows by this name. The answer is a `Policy`.

    A vault with a method `policy(choice)` is asked at each request, so that what another process
    stores acts on the next one. For a vault without it, a name stands for the built-in policy of
    that name, and any other for the default one, whose rules about surfaces are the strict ones.
    """

    policy: PolicyChoice = None


@dataclass(frozen=True, slots=True)
class Keep:
    """A request: keep these masked texts under these names. The answer says whether it was done.

    A vault that keeps no maps answers False.
    """

    names: Sequence[str]
    masked: Sequence[Masked] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recall:
    """A question: what is kept under each of these names. The answer has None where nothing is.

    The answer of a vault that keeps no maps is None.
    """

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Unmask:
    """A question: turn the vault's tokens in these texts back. The answer is `Unmasked` values."""

    texts: Sequence[str]
    policy: PolicyChoice = None


@runtime_checkable
class ReadsAhead(Protocol):
    """A `Vault` in this process that remembers what it found in a text."""

    def read_ahead(self, texts: Sequence[str], policy: PolicyChoice = None) -> None:
        """Search texts that may be masked soon, and store nothing; may do nothing at all."""
        ...


Question = Mask | LookUp | Keep | Recall | Unmask
Flow = Generator[Question, Any, T]
"""A computation that yields questions and is sent their answers; it returns a `T`."""


def ask(request: Mask) -> Flow[Sequence[Masked]]:
    """Ask for `request` and check that the answer has the same number and order of texts."""
    answer: Sequence[Masked] = yield request
    asked = [text.value if isinstance(text, Item) else text for text in request.texts]
    if [masked.value for masked in answer] != asked:
        raise VaultError("the vault answered for other texts than it was asked for")
    return answer


def look_up(choice: PolicyChoice) -> Flow[Policy]:
    """The rules of a policy; asks nobody when the policy itself is given."""
    if isinstance(choice, Policy):
        return choice
    policy = yield LookUp(choice)
    if not isinstance(policy, Policy):
        raise VaultError("the vault answered with something else than a policy")
    return policy


def drive(flow: Flow[T], vault: Vault) -> T:
    """Run a flow to its end with a blocking vault. What the vault raises, the flow gets to see."""
    try:
        question = next(flow)
        while True:
            try:
                answer = _answer(question, vault)
            except Exception as error:  # noqa: BLE001 - raised again, inside
                question = flow.throw(error)
            else:
                question = flow.send(answer)
    except StopIteration as end:
        return cast(T, end.value)


async def adrive(flow: Flow[T], vault: Vault | AsyncVault) -> T:
    """Run a flow to its end without blocking the event loop."""
    try:
        question = next(flow)
        while True:
            try:
                answer = await _aanswer(question, vault)
            except Exception as error:  # noqa: BLE001 - raised again, inside
                question = flow.throw(error)
            else:
                question = flow.send(answer)
    except StopIteration as end:
        return cast(T, end.value)


def _answer(question: Question, vault: Vault) -> Any:
    if isinstance(question, Mask):
        return vault.mask(question.texts, question.policy)
    if isinstance(question, Keep):
        if not isinstance(vault, KeepsMaps):
            return False
        vault.keep(question.names, question.masked)
        return True
    if isinstance(question, Recall):
        return vault.recall(question.names) if isinstance(vault, KeepsMaps) else None
    if isinstance(question, Unmask):
        return vault.unmask(question.texts, question.policy)
    name = question.policy if isinstance(question.policy, str) else None
    return vault.policy(name) if isinstance(vault, TellsPolicies) else _local(name)


async def _aanswer(question: Question, vault: Vault | AsyncVault) -> Any:
    if isinstance(question, LookUp) and not isinstance(vault, TellsPolicies):
        return _local(question.policy)
    if not inspect.iscoroutinefunction(vault.mask):
        return await asyncio.to_thread(_answer, question, cast(Vault, vault))
    if isinstance(question, Keep) and isinstance(vault, AsyncKeepsMaps):
        await vault.keep(question.names, question.masked)
        return True
    answer = _answer(question, cast(Vault, vault))
    return await answer if inspect.isawaitable(answer) else answer


def _local(choice: PolicyChoice) -> Policy:
    """The rules of a name that no vault explains."""
    return Policy.built_in(choice if isinstance(choice, str) and choice in BUILT_IN else "default")
