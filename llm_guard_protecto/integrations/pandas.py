"""Columns of a pandas data frame: the extra `pandas`.

masked = mask_columns(frame, vault, ["name", "note"])

Every cell is masked by itself, and equal cells become equal: a join, a group or a count on masked
columns is that on raw ones (not under a policy that anonymizes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from llm_guard_protecto.bulk.cells import TokenType
from llm_guard_protecto.bulk.columns import Work
from llm_guard_protecto.vault import PolicyChoice, Vault

if TYPE_CHECKING:
    import pandas

__all__ = ["mask_columns", "turned_frame", "unmask_columns"]


def mask_columns(
    frame: pandas.DataFrame,
    vault: Vault,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> pandas.DataFrame:
    """A copy of `frame` with these columns masked; by default all that hold text.

    `tokens` names the token type of columns that are one value from end to end, such as
    `{"name": "Person Token"}`: they are not searched. Missing values stay missing. Raises
    `ConfigurationError` for a column that is not there or holds something else than text.
    """
    return turned_frame(frame, vault, Work.of(columns, tokens, policy, back=False))


def unmask_columns(
    frame: pandas.DataFrame,
    vault: Vault,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> pandas.DataFrame:
    """A copy of `frame` with the tokens in these columns turned back; all as it was masked."""
    return turned_frame(frame, vault, Work.of(columns, tokens, policy, back=True))


def turned_frame(frame: pandas.DataFrame, vault: Vault, work: Work) -> pandas.DataFrame:
    """The frame that `work` asks for."""
    import pandas

    there = list(frame.columns)
    texts = {name for name in there if there.count(name) == 1 and _has_text(frame[name])}
    new = frame.copy()
    for name in work.chosen(there, texts):
        column = frame[name]
        there_at = column.notna().to_numpy(dtype=bool)
        values = column.to_numpy(dtype=object, copy=True)
        values[there_at] = work.turned(vault, name, list(values[there_at]))
        kind = column.dtype
        if isinstance(kind, pandas.CategoricalDtype):
            kind = kind.categories.dtype
        new[name] = pandas.Series(values, index=frame.index, dtype=kind, name=name)
    return new


def _has_text(column: pandas.Series) -> bool:
    """Whether a column may hold text; of plain objects every one is looked at when masked."""
    import pandas

    kind = column.dtype
    if isinstance(kind, pandas.CategoricalDtype):
        kind = kind.categories.dtype
    return bool(
        isinstance(kind, pandas.StringDtype)
        or (kind == object and any(isinstance(value, str) for value in column.array))
        or pandas.api.types.is_string_dtype(kind)
        and kind != object
    )
