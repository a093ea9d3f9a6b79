"""Many cells in one call. A cell is a text that has nothing to do with its neighbours.

What becomes of a cell depends on the cell, the policy and the vault: not on the cells beside it,
nor on how many there are. So a table can be cut anywhere and masked by many machines, and what
was equal in clear is equal masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Self

from llm_guard_protecto.engine.acting import acting, current
from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.engine.whole import whole_rule
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.vault import MasksEach, PolicyChoice, Vault

__all__ = ["Cells", "Done", "TokenType", "mask_each", "token_types", "turned", "unmask_each"]


@dataclass(frozen=True, slots=True)
class TokenType:
    """How a cell that is one value from end to end is masked, without a search.

    `name` is one of Protecto's token types such as `Person Token`, `format` one of its formats
    such as `Person Name`, or None.
    """

    name: str
    format: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `Person Token` or `Person Token:Person Name`; raises `ConfigurationError`."""
        name, colon, form = text.partition(":")
        found = cls(name.strip(), form.strip() if colon else None)
        whole_rule(found.item(""))
        return found

    def item(self, value: str) -> Item:
        """A value of this type."""
        return Item(value, self.name, self.format)


@dataclass(frozen=True, slots=True)
class Cells:
    """Texts, and the type of each; None for one that is to be searched."""

    texts: Sequence[str] = field(repr=False)
    types: Sequence[TokenType | None]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of cells, in their order, how many changed, and what was found in them."""

    texts: Sequence[str] = field(repr=False)
    changed: int
    entities: Mapping[str, int]


def token_types(named: Mapping[str, str | TokenType]) -> dict[str, TokenType]:
    """The token types of columns; raises `ConfigurationError` for one that there is not."""
    found = {}
    for column, kind in named.items():
        try:
            found[column] = kind if isinstance(kind, TokenType) else TokenType.parse(kind)
        except ConfigurationError as error:
            raise ConfigurationError(f"column {column!r}: {error}") from None
    return found


def mask_each(
    vault: Vault, cells: Iterable[str | Item], policy: PolicyChoice = None
) -> Sequence[Masked]:
    """Mask each cell as if it had come alone, in order.

    A vault that can do so masks all of them in one call, with one durable write; any other is
    asked for each cell by itself. Raises what `Vault.mask` raises.
    """
    given = list(cells)
    if isinstance(vault, MasksEach):
        return vault.mask_each(given, policy)
    return [one for cell in given for one in vault.mask([cell], policy)]


def unmask_each(vault: Vault, cells: Iterable[str], policy: PolicyChoice = None) -> list[str]:
    """Each cell with every token of the vault turned back, in order."""
    return [one.value for one in vault.unmask(list(cells), policy)]


def turned(vault: Vault, cells: Cells, policy: PolicyChoice, *, back: bool) -> Done:
    """Mask cells, or turn them `back`, by their types."""
    if back:
        texts = _back(vault, cells, policy)
        entities: Counter[str] = Counter()
    else:
        pairs = zip(cells.texts, cells.types, strict=True)
        masked = mask_each(
            vault, [text if kind is None else kind.item(text) for text, kind in pairs], policy
        )
        texts = [one.token_value for one in masked]
        entities = Counter(token.pii_type for one in masked for token in one.individual_tokens)
    changed = sum(new != old for new, old in zip(texts, cells.texts, strict=True))
    return Done(texts, changed, entities)


def _back(vault: Vault, cells: Cells, policy: PolicyChoice) -> list[str]:
    """A cell of a token type may be a short number or a name: it is asked for by itself."""
    whole = [text for text, kind in zip(cells.texts, cells.types, strict=True) if kind is not None]
    if whole and not isinstance(vault, LocalVault):
        raise ConfigurationError("only an embedded vault turns columns of token types back")
    # One entry of the audit for all of them.
    with acting() if whole and current() is None else nullcontext():
        texts = unmask_each(vault, cells.texts, policy)
        if isinstance(vault, LocalVault):
            found = {text: vault.resolve(text) for text in dict.fromkeys(whole)}
            for at, kind in enumerate(cells.types):
                value = found.get(cells.texts[at]) if kind is not None else None
                if value is not None:
                    texts[at] = value
    return texts
