"""What stands in the places of a body once they are masked, and what of it a later body takes over.

The next turn of a chat has the same pieces at its beginning, and mostly they are masked as they
were. Then their text was written already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.guard.maps import begins_with
from llm_guard_protecto.guard.pieces import Piece
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit, quote

__all__ = ["edited"]


@dataclass(frozen=True, slots=True)
class _Edits:
    """A body that was written. `ends` are the lengths of `text` up to the end of each piece.

    `ascii` says whether the body had come in ASCII.
    """

    pieces: Sequence[Piece]
    answer: Sequence[Masked] = field(repr=False)
    ends: Sequence[int]
    text: str = field(repr=False)
    ascii: bool

    def taken(self, pieces: Sequence[Piece], answer: Sequence[Masked]) -> int:
        """How many of these pieces are the first ones of this body, masked as they were here."""
        same = 0
        for old, new in zip(self.pieces, pieces, strict=False):
            if old is not new or new.label:  # a label depends on more than its own answer
                break
            same += 1
        # Texts are asked for in the order of their pieces, each once.
        asked = len({text for piece in pieces[:same] for text in piece.texts})
        return same if begins_with(answer, self.answer[:asked]) else 0


def edited(
    doc: JsonText,
    pieces: Sequence[Piece],
    answer: Sequence[Masked],
    masked: Mapping[str | Item, str],
) -> str:
    """The text of a body with these pieces of it masked; itself when nothing changes.

    `answer` is what the vault said of the texts of all pieces, and `masked` the same by text.
    """
    ascii_only = doc.text.isascii()
    before: _Edits | None = doc.earlier.get(_EDITS)
    start = 0
    if before is not None and before.ascii == ascii_only:
        start = before.taken(pieces, answer)
    parts: list[str] = []
    ends: list[int] = []
    at = length = 0
    if start and before is not None:
        # A leaf that was taken over stands where it stood, behind the same text.
        at, length = pieces[start - 1].leaf.end, before.ends[start - 1]
        parts, ends = [before.text[:length]], list(before.ends[:start])
    for piece in pieces[start:]:
        leaf, said = piece.change(masked)
        if leaf.start < at:  # not in the order of the text
            return edit(doc.text, [c for c in (p.change(masked) for p in pieces) if _differs(*c)])
        literal = doc.text[leaf.start : leaf.end]
        if _differs(leaf, said):
            literal = quote(said, ascii_only=ascii_only)
        parts += (doc.text[at : leaf.start], literal)
        length += leaf.start - at + len(literal)
        at = leaf.end
        ends.append(length)
    parts.append(doc.text[at:])
    text = "".join(parts)
    doc.walked[_EDITS] = _Edits(pieces, answer, ends, text, ascii_only)
    return doc.text if text == doc.text else text


def _differs(leaf: Leaf, said: str) -> bool:
    return said != leaf.value


_EDITS = "edits"  # under this a body remembers them
