"""Ray Data on many machines that share one vault: the extra `ray`.

masked = mask_columns(dataset, "postgresql://…", ["name", "note"], workers=4)

Each worker opens the vault once. Every machine needs the vault's root key where the vault looks
for it, see the page on PostgreSQL vaults; neither the key nor a vault travels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.bulk.cells import TokenType
from llm_guard_protecto.bulk.columns import Work, arrow_columns, shared_vault
from llm_guard_protecto.bulk.format import MOST_ROWS
from llm_guard_protecto.vault import PolicyChoice

if TYPE_CHECKING:
    import ray.data

__all__ = ["Worker", "mask_columns", "unmask_columns"]


class Worker:
    """What runs in each actor: a vault, and the work to do on every batch."""

    def __init__(self, vault: str, work: Work) -> None:
        """Open the vault at this address."""
        self._vault, self._work = shared_vault(vault), work

    def __call__(self, batch: Any) -> Any:
        """A `pyarrow.Table` with its columns masked or turned back."""
        return arrow_columns(batch, self._vault, self._work)


def mask_columns(
    dataset: ray.data.Dataset,
    vault: str,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
    workers: int = 2,
) -> ray.data.Dataset:
    """The dataset with these columns masked, lazily; by default all that hold text.

    `vault` is the address of a vault that all `workers` reach. All else is as for a data frame of
    pandas; errors come when the dataset is read.
    """
    return _turned(dataset, vault, Work.of(columns, tokens, policy, back=False), workers)


def unmask_columns(
    dataset: ray.data.Dataset,
    vault: str,
    columns: Iterable[str] | None = None,
    *,
    policy: PolicyChoice = None,
    tokens: Mapping[str, str | TokenType] | None = None,
    workers: int = 2,
) -> ray.data.Dataset:
    """The dataset with the tokens in these columns turned back; all as it was masked."""
    return _turned(dataset, vault, Work.of(columns, tokens, policy, back=True), workers)


def _turned(dataset: ray.data.Dataset, vault: str, work: Work, workers: int) -> ray.data.Dataset:
    import ray.data

    return dataset.map_batches(
        Worker,
        batch_format="pyarrow",
        batch_size=MOST_ROWS,
        compute=ray.data.ActorPoolStrategy(size=workers),
        fn_constructor_args=(vault, work),
    )
