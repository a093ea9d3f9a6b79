"""One batch of a table as plain lists: what `map` of most data libraries hands to a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llm_guard_protecto.bulk.cells import TokenType
from llm_guard_protecto.bulk.columns import Work
from llm_guard_protecto.vault import PolicyChoice, Vault

__all__ = ["mask_batch", "unmask_batch"]

Batch = Mapping[str, Sequence[Any]]


def mask_batch(
    batch: Batch,
    vault: Vault,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> dict[str, Sequence[Any]]:
    """A batch with these columns masked; by default all that hold text.

    `batch` has the values of each column by its name. It stays as it is, the same batch gives the
    same answer, and so does a batch cut in two: what becomes of a value depends on nothing beside
    it. `tokens` names the token type of columns that are one value from end to end. None stays
    None. Raises `ConfigurationError` for a column that is not there or holds something else than
    text.
    """
    return _turned(batch, vault, Work.of(columns, tokens, policy, back=False))


def unmask_batch(
    batch: Batch,
    vault: Vault,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> dict[str, Sequence[Any]]:
    """A batch with the tokens in these columns turned back; all as it was masked."""
    return _turned(batch, vault, Work.of(columns, tokens, policy, back=True))


def _turned(batch: Batch, vault: Vault, work: Work) -> dict[str, Sequence[Any]]:
    with_text = {
        name
        for name, values in batch.items()
        if name in work.named or any(isinstance(value, str) for value in values)
    }
    chosen = work.chosen(list(batch), with_text)
    return {**batch, **{name: work.turned(vault, name, batch[name]) for name in chosen}}
