"""Masking a collection where it is: a vector store's documents, a table, an index; begun again at will.

    for step in mask_collection(MyCollection(), vault, cursor=saved):
        save(step.cursor)

A collection is read in the order of its ids, some at a time, and what changed is written back
before the cursor moves. Masking what is masked changes nothing, so a step that was cut off is done
again without harm, and so is a whole run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from llm_guard_protecto.documents.document import Document, MaskedDocument
from llm_guard_protecto.documents.ingest import amask_documents, mask_documents
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

__all__ = ["AsyncStored", "Progress", "Stored", "amask_collection", "mask_collection"]


class Stored(Protocol):
    """A collection of documents that are known by ids with an order."""

    def after(self, cursor: str | None, most: int) -> Sequence[str]:
        """The first `most` ids that come after `cursor`, in order; from the start for None.

        The order is the same in every call. No ids mean the end.
        """
        ...

    def read(self, ids: Sequence[str]) -> Sequence[Document]:
        """The documents of these ids, each with its `id`; one that is gone is left out."""
        ...

    def write(self, documents: Sequence[MaskedDocument]) -> None:
        """Put these in the place of those with the same ids, vectors included; lasting."""
        ...


class AsyncStored(Protocol):
    """The same promises as `Stored`, awaited."""

    async def after(self, cursor: str | None, most: int) -> Sequence[str]:
        """The first `most` ids that come after `cursor`, in order."""
        ...

    async def read(self, ids: Sequence[str]) -> Sequence[Document]:
        """The documents of these ids."""
        ...

    async def write(self, documents: Sequence[MaskedDocument]) -> None:
        """Put these in the place of those with the same ids."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step did: up to `cursor`, `seen` documents were read, `changed` of them written."""

    cursor: str
    seen: int
    changed: int


def mask_collection(
    stored: Stored,
    vault: Vault,
    policy: PolicyChoice = None,
    *,
    cursor: str | None = None,
    size: int = 100,
    keep: Collection[str] = (),
) -> Iterator[Progress]:
    """Mask what comes after `cursor`, `size` documents at a time; a `Progress` after each step.

    Keep `Progress.cursor` to begin there another time. Documents without a value are not written.
    Raises `ConfigurationError` for a size below 1 or a collection that does not move on or answers
    with other ids than it was asked for, and whatever the vault and the collection raise.
    """
    _check_size(size)
    while ids := stored.after(cursor, size):
        documents = _checked(stored.read(ids), ids, cursor)
        changed = _changed(documents, mask_documents(documents, vault, policy, keep=keep))
        if changed:
            stored.write(changed)
        cursor = ids[-1]
        yield Progress(cursor, len(documents), len(changed))


async def amask_collection(
    stored: AsyncStored,
    vault: Vault | AsyncVault,
    policy: PolicyChoice = None,
    *,
    cursor: str | None = None,
    size: int = 100,
    keep: Collection[str] = (),
    at_once: int = 8,
) -> AsyncIterator[Progress]:
    """`mask_collection` for asynchronous callers, `at_once` questions to the vault on their way."""
    _check_size(size)
    while ids := await stored.after(cursor, size):
        documents = _checked(await stored.read(ids), ids, cursor)
        masked = await amask_documents(documents, vault, policy, keep=keep, at_once=at_once)
        changed = _changed(documents, masked)
        if changed:
            await stored.write(changed)
        cursor = ids[-1]
        yield Progress(cursor, len(documents), len(changed))


def _check_size(size: int) -> None:
    if size < 1:
        raise ConfigurationError("a step masks at least 1 document")


def _checked(
    documents: Sequence[Document], ids: Sequence[str], cursor: str | None
) -> Sequence[Document]:
    """The same, if the collection keeps its promises; else one step would be done for ever."""
    if ids[-1] == cursor:
        raise ConfigurationError("the collection answered with the cursor itself: it must move on")
    if not {one.id for one in documents} <= {*ids}:
        raise ConfigurationError("the collection read other documents than it was asked for")
    return documents


def _changed(
    documents: Sequence[Document], masked: Sequence[MaskedDocument]
) -> list[MaskedDocument]:
    return [
        new
        for old, new in zip(documents, masked, strict=True)
        if new.text != old.text or new.metadata != old.metadata
    ]
