"""The vault: where clear values live. Two methods, and what must hold of them.

A vault may also keep what a call masked, for another process that reads the answer: two methods
more, which a vault can do without. And it may tell its policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from llm_guard_protecto.models import Item, Masked, Unmasked
from llm_guard_protecto.policy import Policy

__all__ = [
    "AsyncKeepsMaps",
    "AsyncVault",
    "KeepsMaps",
    "MasksEach",
    "MasksQueries",
    "PolicyChoice",
    "TellsPolicies",
    "Vault",
    "is_service",
]

PolicyChoice = Policy | str | None
"""A policy itself, the name of one the vault knows, or None for the vault's default."""


def is_service(address: str | None) -> bool:
    """Whether the address of a vault is that of a service, rather than of a store."""
    return address is not None and address.strip().lower().startswith(("https://", "http://"))


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


@runtime_checkable
class MasksEach(Protocol):
    """A `Vault` that can mask many texts at once that have nothing to do with each other."""

    def mask_each(
        self, texts: Sequence[str | Item], policy: PolicyChoice = None
    ) -> Sequence[Masked]:
        """Mask each text as if `mask` had been called with it alone, with one write for all.

        What becomes of a text depends on no other text of the call.
        """
        ...


@runtime_checkable
class KeepsMaps(Protocol):
    """A `Vault` that also keeps what calls masked, under the names a provider gave to them.

    Names are arbitrary strings; texts kept under one name add up. Durable before `keep` returns,
    sealed like every value, and forgotten when nobody has used them for as long as the vault says.
    Thread-safe; raises `VaultError`.
    """

    def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        """Add these masked texts to what is kept under each of `names`; none at all also counts."""
        ...

    def recall(self, names: Sequence[str]) -> Sequence[Sequence[Masked] | None]:
        """Return what is kept under each name, in the order of `names`; None where nothing is."""
        ...


@runtime_checkable
class TellsPolicies(Protocol):
    """A `Vault` whose policies can be asked for; an async vault's method may be awaitable."""

    def policy(self, choice: str | None = None) -> Policy:
        """Return the rules that `choice` stands for now; None is the vault's default.

        Raises `ConfigurationError` for a name that nobody knows.
        """
        ...


@runtime_checkable
class MasksQueries(Protocol):
    """A `Vault` that can look up what it holds; an async vault's method is awaitable."""

    def mask_query(self, question: str, policy: PolicyChoice = None) -> Masked:
        """Mask a question with the tokens of the documents that it asks for.

        A name that the vault holds is masked also where only its first or last word is given, in
        another case, or where no detector would have found it.
        """
        ...


@runtime_checkable
class AsyncKeepsMaps(Protocol):
    """The same promises as `KeepsMaps`, awaited."""

    async def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        """Add these masked texts to what is kept under each of `names`."""
        ...

    async def recall(self, names: Sequence[str]) -> Sequence[Sequence[Masked] | None]:
        """Return what is kept under each name; None where nothing is."""
        ...
