"""Dask data frames on many machines that share one vault: the extra `dask`.

masked = mask_columns(frame, "postgresql://…", ["name", "note"])

Each process opens the vault once. Every machine needs the vault's root key where the vault looks
for it, see the page on PostgreSQL vaults; neither the key nor a vault travels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from llm_guard_protecto.bulk.cells import TokenType
from llm_guard_protecto.bulk.columns import Work, shared_vault
from llm_guard_protecto.integrations.pandas import turned_frame
from llm_guard_protecto.vault import PolicyChoice

if TYPE_CHECKING:
    import dask.dataframe
    import pandas

__all__ = ["mask_columns", "unmask_columns"]


def mask_columns(
    frame: dask.dataframe.DataFrame,
    vault: str,
    columns: Iterable[str],
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> dask.dataframe.DataFrame:
    """The frame with these columns masked, lazily and by partition.

    `vault` is the address of a vault that all workers reach. The columns have to be named: what a
    lazy frame holds is not known. All else is as for a data frame of pandas; errors come when the
    frame is computed.
    """
    return _turned(frame, vault, Work.of(columns, tokens, policy, back=False))


def unmask_columns(
    frame: dask.dataframe.DataFrame,
    vault: str,
    columns: Iterable[str],
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
) -> dask.dataframe.DataFrame:
    """The frame with the tokens in these columns turned back; all as it was masked."""
    return _turned(frame, vault, Work.of(columns, tokens, policy, back=True))


def _turned(frame: dask.dataframe.DataFrame, vault: str, work: Work) -> dask.dataframe.DataFrame:
    return frame.map_partitions(_partition, vault, work, meta=dict(frame.dtypes))


def _partition(part: pandas.DataFrame, vault: str, work: Work) -> pandas.DataFrame:
    return turned_frame(part, shared_vault(vault), work)
