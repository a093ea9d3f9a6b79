"""Columns of a Polars data frame: the extra `polars`.

masked = mask_columns(frame, vault, ["name", "note"])

Every cell is masked by itself, and equal cells become equal: a join, a group or a count on masked
columns is that on raw ones (not under a policy that anonymizes). A lazy frame takes it as
`lazy.map_batches(lambda frame: mask_columns(frame, vault))`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from llm_guard_protecto.bulk.cells import TokenType
from llm_guard_protecto.bulk.columns import Work
from llm_guard_protecto.vault import PolicyChoice, Vault

if TYPE_CHECKING:
    import polars

__all__ = ["mask_columns", "unmask_columns"]


def mask_columns(
    frame: polars.DataFrame,
    vault: Vault,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> polars.DataFrame:
    """A frame with these columns masked; by default all that hold text.

    `tokens` names the token type of columns that are one value from end to end, such as
    `{"name": "Person Token"}`: they are not searched. Nulls stay nulls; a column of categories
    becomes one of strings. Raises `ConfigurationError` for a column that is not there or holds
    something else than text.
    """
    return _turned(frame, vault, Work.of(columns, tokens, policy, back=False))


def unmask_columns(
    frame: polars.DataFrame,
    vault: Vault,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> polars.DataFrame:
    """A frame with the tokens in these columns turned back; all as it was masked."""
    return _turned(frame, vault, Work.of(columns, tokens, policy, back=True))


def _turned(frame: polars.DataFrame, vault: Vault, work: Work) -> polars.DataFrame:
    import polars

    kinds = (polars.String, polars.Categorical, polars.Enum)
    texts = {name for name, kind in frame.schema.items() if kind in kinds}
    return frame.with_columns(
        polars.Series(name, work.turned(vault, name, frame[name].to_list()), polars.String)
        for name in work.chosen(frame.columns, texts)
    )
