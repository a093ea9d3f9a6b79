"""A document: a text, what is known about it, and both of them masked.

Metadata is masked like text: every string in it is searched under its field's name, since `phone`
says what a bare number is. What is no string is searched as it prints, and becomes a masked text
where something is found. Names of fields stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.guard.flow import Flow, Mask, ask
from llm_guard_protecto.models import Masked
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["Document", "MaskedDocument", "Metadata", "masked_document"]

Metadata = Mapping[str, Any]
"""Fields of a document: strings, numbers, dates, lists and mappings of these."""

_PLAIN = (bool, type(None))
"""Types that can hold no value of anybody."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text in clear, and what is known about it. `id` is the collection's own name for it."""

    text: str = field(repr=False)
    metadata: Metadata = field(default_factory=dict, repr=False)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class MaskedDocument:
    """A masked text with masked metadata: what may be embedded, indexed and sent.

    `masked` is the vault's whole answer for the text, for a `Splitter`; it holds the clear values,
    so keep `text` and `metadata`, not this.
    """

    text: str
    metadata: Metadata = field(default_factory=dict)
    id: str | None = None
    masked: Masked | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One value of the metadata and how it is asked for: after the name of its field."""

    value: Any = field(repr=False)
    label: str

    @property
    def text(self) -> str:
        return str(self.value)

    @property
    def labelled(self) -> str:
        return self.label + self.text


def masked_document(
    document: Document | str, policy: PolicyChoice, keep: Collection[str] = ()
) -> Flow[MaskedDocument]:
    """Mask a document and all its metadata in one question to the vault.

    Fields named in `keep`, at any depth, stay as they are. Raises `ConfigurationError` for metadata
    that cannot be searched, and whatever the vault raises.
    """
    if isinstance(document, str):
        document = Document(document)
    leaves: list[_Leaf] = []
    _turned(document.metadata, "", frozenset(keep), leaves.append)
    asked = dict.fromkeys([document.text, *(one.labelled for one in leaves)])
    answer = yield from ask(Mask(tuple(asked), policy))
    found = dict(zip(asked, answer, strict=True))
    again = tuple(
        dict.fromkeys(one.text for one in leaves if _said(one, found[one.labelled]) is None)
    )
    if again:  # a token goes over the border of name and value
        found |= zip(again, (yield from ask(Mask(again, policy))), strict=True)

    def say(leaf: _Leaf) -> Any:
        said = _said(leaf, found[leaf.labelled])
        said = found[leaf.text].token_value if said is None else said
        return leaf.value if said == leaf.text else said

    whole = found[document.text]
    metadata = _turned(document.metadata, "", frozenset(keep), say)
    return MaskedDocument(whole.token_value, metadata, document.id, whole)


def _said(leaf: _Leaf, masked: Masked) -> str | None:
    """The masked value of a leaf without the name before it; None where they cannot be parted."""
    cut = len(leaf.label)
    if any(token.start_pos < cut for token in masked.individual_tokens):
        return None
    return masked.token_value[cut:]


def _turned(value: Any, label: str, keep: frozenset[str], turn: Callable[[_Leaf], Any]) -> Any:
    """The same structure with every value that may be somebody's turned."""
    if isinstance(value, Mapping):
        return dict(_fields(value, keep, turn))
    if isinstance(value, (list, tuple, set, frozenset)):
        turned = [_turned(inner, label, keep, turn) for inner in value]
        return turned if isinstance(value, list) else type(value)(turned)
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise ConfigurationError(f"the metadata field {label[:-2]!r} holds bytes: decode them")
    return value if isinstance(value, _PLAIN) else turn(_Leaf(value, label))


def _fields(
    value: Mapping[Any, Any], keep: frozenset[str], turn: Callable[[_Leaf], Any]
) -> Iterator[tuple[Any, Any]]:
    for name, inner in value.items():
        yield name, inner if name in keep else _turned(inner, f"{name}: ", keep, turn)
