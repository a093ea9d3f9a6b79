"""Masked documents for who may read them, and a model's answer about them.

    support = Reader(hide=("EMAIL_ADDRESS", "PHONE_NUMBER"))
    shown = reveal(found, vault, reader=support)
    answer = restorer([question.token_value, *texts], vault, reader=support).whole(reply)

An answer is restored from the tokens that stood in its prompt, never from all that the vault holds:
a text in the index may talk a model into writing tokens of somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from llm_guard_protecto.documents.document import Document, MaskedDocument
from llm_guard_protecto.guard.flow import adrive, drive
from llm_guard_protecto.guard.rehydration import arehydrate, rehydrate, shown_tokens
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

__all__ = ["EVERYTHING", "NOTHING", "Reader", "arestorer", "areveal", "restorer", "reveal"]


@dataclass(frozen=True, slots=True)
class Reader:
    """What a role may see: the entities of `show` (None: all) but for those of `hide`."""

    show: Collection[str] | None = None
    hide: Collection[str] = ()


EVERYTHING = Reader()
"""Sees every entity."""

NOTHING = Reader(show=())
"""Sees tokens only."""

_Stored = list[tuple[str, object, str | None]]


def reveal(
    documents: Iterable[MaskedDocument],
    vault: Vault,
    policy: PolicyChoice = None,
    *,
    reader: Reader,
) -> list[Document]:
    """Masked documents with the values that `reader` may see, in one question to the vault.

    `policy` is the one they were masked under. Raises `ConfigurationError` for an entity that it
    does not know, and what the vault raises when it refuses.
    """
    stored = _stored(documents)
    return _documents(rehydrate(stored, vault, policy, show=reader.show, hide=reader.hide), stored)


async def areveal(
    documents: Iterable[MaskedDocument],
    vault: Vault | AsyncVault,
    policy: PolicyChoice = None,
    *,
    reader: Reader,
) -> list[Document]:
    """`reveal` for asynchronous callers."""
    stored = _stored(documents)
    shown = await arehydrate(stored, vault, policy, show=reader.show, hide=reader.hide)
    return _documents(shown, stored)


def restorer(
    prompt: Iterable[str], vault: Vault, policy: PolicyChoice = None, *, reader: Reader
) -> Restorer:
    """What restores an answer from the tokens in the masked texts of its prompt.

    `whole` takes a whole answer, `feed` and `flush` one that comes in pieces.
    """
    tokens = drive(shown_tokens(prompt, policy, reader.show, reader.hide), vault)
    return Restorer(TokenMap.of(tokens))


async def arestorer(
    prompt: Iterable[str],
    vault: Vault | AsyncVault,
    policy: PolicyChoice = None,
    *,
    reader: Reader,
) -> Restorer:
    """`restorer` for asynchronous callers."""
    tokens = await adrive(shown_tokens(prompt, policy, reader.show, reader.hide), vault)
    return Restorer(TokenMap.of(tokens))


def _stored(documents: Iterable[MaskedDocument]) -> _Stored:
    return [(one.text, one.metadata, one.id) for one in documents]


def _documents(shown: _Stored, stored: _Stored) -> list[Document]:
    """Documents of what was shown, under the ids they were stored under."""
    return [
        Document(text, dict(metadata) if isinstance(metadata, dict) else {}, id_)
        for (text, metadata, _), (_, _, id_) in zip(shown, stored, strict=True)
    ]
