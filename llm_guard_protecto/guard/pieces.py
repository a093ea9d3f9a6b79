"""The texts of a request that are masked together, and what stands in their places then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.guard.flow import Flow, Mask, ask
from llm_guard_protecto.guard.roles import is_searched, taken_back
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.policy import ROLES, Masking
from llm_guard_protecto.vault import PolicyChoice
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit, nested
from llm_guard_protecto.wire.slots import Slot, Treat

__all__ = ["Piece", "masked_together", "piece_of", "pieces_of", "texts_in"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One slot of a request and the texts to mask in it: itself, or the leaves of its JSON."""

    leaf: Leaf
    texts: Sequence[str | Item] = field(repr=False)
    inner: JsonText | None = None
    leaves: Sequence[Leaf] = ()
    label: bool = False
    searched: bool = True

    @property
    def name(self) -> Item:
        """The whole text as one name: a bare token, whatever it looks like."""
        return Item(self.leaf.value, token_name="Text Token")  # noqa: S106

    def is_label_of(self, tokens: Mapping[str | Item, str]) -> bool:
        """Whether this is a label in which something was found."""
        return self.label and tokens[self.leaf.value] != self.leaf.value

    def change(self, tokens: Mapping[str | Item, str]) -> tuple[Leaf, str]:
        """The leaf and what it says once masked."""
        if self.is_label_of(tokens):
            return self.leaf, tokens[self.name]
        if self.inner is None:
            return self.leaf, tokens[self.texts[0]]
        changes = zip(self.leaves, (tokens[text] for text in self.texts), strict=True)
        return self.leaf, edit(self.inner.text, [c for c in changes if c[0].value != c[1]])


def piece_of(slot: Slot, searched: bool = True) -> Piece:
    """What is to be masked in a slot; only values found elsewhere, unless it is `searched`."""
    leaf = slot.leaf
    if slot.treat is Treat.NAME and leaf.value:
        # A name has a small alphabet, so it becomes one bare token, whatever it looks like.
        name = Item(leaf.value, token_name="Text Token")  # noqa: S106
        return Piece(leaf, [name], searched=searched)
    if slot.treat is Treat.LABEL:
        return Piece(leaf, [leaf.value], label=True, searched=searched)
    inner = nested(leaf.value) if slot.treat is Treat.JSON else None
    if inner is None:
        return Piece(leaf, [leaf.value], searched=searched)
    return Piece(leaf, texts_in(inner), inner, _leaves_in(inner), searched=searched)


def texts_in(inner: JsonText) -> list[str]:
    """The texts to mask in JSON that stands in a string."""
    return [inside.value for inside in _leaves_in(inner)]


def _leaves_in(inner: JsonText) -> list[Leaf]:
    return [inside for inside in inner.leaves if inside.kind != "literal"]


def pieces_of(doc: JsonText, slots: Sequence[Slot], masking: Masking) -> list[Piece]:
    """What is to be masked in these slots of a body.

    Pieces of the turn before (`JsonText.earlier`) are taken over where every role is searched; else
    a piece depends on more than its slot.
    """
    every = len(masking.roles) == len(ROLES)
    pairs: list[tuple[Slot, Piece]] = []
    for pair, slot in zip(doc.earlier.get(_PIECES, ()) if every else (), slots, strict=False):
        if pair[0] is not slot:
            break
        pairs.append(pair)
    new = slots[len(pairs) :]
    pairs += [(s, piece_of(s, every or is_searched(doc, s, masking))) for s in new]
    if every:
        doc.walked[_PIECES] = pairs
    return [piece for _, piece in pairs]


_PIECES = "pieces"  # under this a body remembers them


def masked_together(
    pieces: Sequence[Piece], policy: PolicyChoice
) -> Flow[tuple[Sequence[Masked], Mapping[str | Item, str]]]:
    """Mask all texts of these pieces together; then, as names, the labels with something in them."""
    asked = tuple(dict.fromkeys(text for piece in pieces for text in piece.texts))
    answer = yield from ask(Mask(asked, policy))
    if not all(piece.searched for piece in pieces):
        searched = {text for piece in pieces if piece.searched for text in piece.texts}
        answer = taken_back(asked, answer, searched)
    masked = {text: one.token_value for text, one in zip(asked, answer, strict=True)}
    labelled = [piece for piece in pieces if piece.label]
    labels = tuple(dict.fromkeys(piece.name for piece in labelled if piece.is_label_of(masked)))
    if labels:
        names = yield from ask(Mask(labels, policy))
        masked |= {text: one.token_value for text, one in zip(labels, names, strict=True)}
        answer = (*answer, *names)
    return answer, masked
