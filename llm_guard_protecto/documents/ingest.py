"""Masking documents as they come in, and questions as they are asked: the same tokens in both.

    index.add(mask_documents(documents, vault))
    found = index.search(mask_query("What did Okafor report?", vault).token_value)

A document is masked by itself, so nothing depends on what else is masked with it, or when, or
where: a value has one token in a namespace, in every process that shares the vault.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Collection, Iterable
from typing import cast

from llm_guard_protecto.documents.document import Document, MaskedDocument, masked_document
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.guard.flow import Mask, adrive, ask, drive
from llm_guard_protecto.models import Masked
from llm_guard_protecto.vault import AsyncVault, MasksQueries, PolicyChoice, Vault

__all__ = ["amask_documents", "amask_query", "mask_documents", "mask_query"]


def mask_documents(
    documents: Iterable[Document | str],
    vault: Vault,
    policy: PolicyChoice = None,
    *,
    keep: Collection[str] = (),
) -> list[MaskedDocument]:
    """Mask each document with its metadata, in order; `keep` names fields that stay.

    Raises `ConfigurationError` for metadata that cannot be searched, and whatever the vault
    raises; then documents before it have been masked, which does no harm to mask again.
    """
    return [drive(masked_document(one, policy, keep), vault) for one in documents]


async def amask_documents(
    documents: Iterable[Document | str],
    vault: Vault | AsyncVault,
    policy: PolicyChoice = None,
    *,
    keep: Collection[str] = (),
    at_once: int = 8,
) -> list[MaskedDocument]:
    """`mask_documents` for asynchronous callers, with up to `at_once` questions on their way."""
    if at_once < 1:
        raise ConfigurationError("at_once is at least 1")
    free = asyncio.Semaphore(at_once)

    async def one(document: Document | str) -> MaskedDocument:
        async with free:
            return await adrive(masked_document(document, policy, keep), vault)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(document)) for document in documents]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the first one cancelled the others
    return [task.result() for task in tasks]


def mask_query(question: str, vault: Vault, policy: PolicyChoice = None) -> Masked:
    """Mask a question with the tokens of the documents it asks for; search for its `token_value`.

    A vault that can look up what it holds (`MasksQueries`, the embedded one) masks a name that it
    holds also where only a word of it is given, or in another case. Any other vault masks what is
    found in the question itself.
    """
    if isinstance(vault, MasksQueries):
        return vault.mask_query(question, policy)
    [masked] = drive(ask(Mask((question,), policy)), vault)
    return masked


async def amask_query(
    question: str, vault: Vault | AsyncVault, policy: PolicyChoice = None
) -> Masked:
    """`mask_query` for asynchronous callers; a vault that blocks works in a thread."""
    if not inspect.iscoroutinefunction(vault.mask):
        return await asyncio.to_thread(mask_query, question, cast(Vault, vault), policy)
    if isinstance(vault, MasksQueries):
        answer = vault.mask_query(question, policy)
        return await answer if inspect.isawaitable(answer) else answer
    [masked] = await adrive(ask(Mask((question,), policy)), vault)
    return masked
