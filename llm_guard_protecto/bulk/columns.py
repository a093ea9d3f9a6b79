"""One column of a table in memory, whoever holds it: pandas, Polars, Arrow, Ray, Dask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from llm_guard_protecto.bulk.cells import Cells, TokenType, token_types, turned
from llm_guard_protecto.bulk.format import MOST_ROWS
from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.vault import PolicyChoice, Vault

__all__ = ["Work", "arrow_columns", "shared_vault", "text_type"]


@dataclass(frozen=True, slots=True)
class Work:
    """Which columns of a table are masked or turned `back`, and how.

    `columns` None means all that hold text. `types` has the token types of some.
    """

    columns: tuple[str, ...] | None
    types: Mapping[str, TokenType]
    policy: PolicyChoice
    back: bool

    @classmethod
    def of(
        cls,
        columns: Iterable[str] | None,
        tokens: Mapping[str, str | TokenType] | None,
        policy: PolicyChoice,
        *,
        back: bool,
    ) -> Work:
        """What a caller asked for. Raises `ConfigurationError` for an unknown token type."""
        if isinstance(columns, str):
            columns = (columns,)
        named = None if columns is None else tuple(columns)
        return cls(named, token_types(tokens or {}), policy, back)

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that the caller named, once or twice."""
        return (*(self.columns or ()), *self.types)

    def chosen(self, there: Sequence[str], with_text: Collection[str]) -> list[str]:
        """The columns to work on, of those that are `there`.

        Raises `ConfigurationError` for one that is not, or that holds no text.
        """
        named = self.named
        for name in named:
            if there.count(name) != 1:
                many = "no column" if name not in there else "several columns"
                raise ConfigurationError(f"the table has {many} {name!r}")
            if name not in with_text:
                raise ConfigurationError(f"column {name!r} holds no text, and only text is masked")
        everywhere = with_text if self.columns is None else ()
        return [name for name in there if name in named or name in everywhere]

    def turned(self, vault: Vault, name: str, values: Sequence[object]) -> list[str | None]:
        """The texts of one column, masked or turned back, in order; None stays None.

        Raises `ConfigurationError` for a value that is no text, with its place and without it.
        """
        texts: list[str] = []
        for at, value in enumerate(values):
            if isinstance(value, str):
                texts.append(value)
            elif value is not None:
                kind = type(value).__name__
                raise ConfigurationError(
                    f"column {name!r}: value {at} is a {kind}, and only text is masked"
                )
        kind_ = self.types.get(name)
        done: list[str] = []
        each = iter(texts)
        while some := list(islice(each, MOST_ROWS)):
            cells = Cells(some, [kind_] * len(some))
            done += turned(vault, cells, self.policy, back=self.back).texts
        new = iter(done)
        return [None if value is None else next(new) for value in values]


@lru_cache(maxsize=8)
def shared_vault(address: str) -> LocalVault:
    """The vault at an address, opened once in this process and shared by its threads.

    Raises `ConfigurationError` for a vault in memory, which no other process sees.
    """
    vault = LocalVault(address)
    if not vault.store.lasting:
        vault.close()
        raise ConfigurationError("workers need a vault that they share, not one in memory")
    return vault


def arrow_columns(table: Any, vault: Vault, work: Work) -> Any:
    """A `pyarrow.Table` with some of its columns masked or turned back."""
    import pyarrow

    texts = {field.name: text_type(field.type) for field in table.schema}
    for name in work.chosen(table.column_names, {name for name, kind in texts.items() if kind}):
        new = work.turned(vault, name, table.column(name).to_pylist())
        at = table.column_names.index(name)
        field = table.schema.field(at).with_type(texts[name])
        table = table.set_column(at, field, pyarrow.array(new, texts[name]))
    return table


def text_type(kind: Any) -> Any | None:
    """The Arrow type of a column of text, without its dictionary; None for any other type."""
    from pyarrow import types

    if types.is_dictionary(kind):  # tokens are as many as values
        kind = kind.value_type
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return kind if is_text else None
