"""Positions in a text, moved to where they belong once the text is restored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from llm_guard_protecto.guard.places import Place, Places
from llm_guard_protecto.guard.reader import Edit
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.wire.json_text import JsonText, Leaf, quote
from llm_guard_protecto.wire.offsets import Offset, Positioned
from llm_guard_protecto.wire.slots import Channel, Format, Treat

__all__ = ["moved", "moves", "place_of", "positioned", "rewritten"]

Move = tuple[Leaf, int]
"""The leaf of a number and what it says now."""


def place_of(treat: Treat) -> Place:
    """What kind of text a slot of a reply holds, for the restorer."""
    if treat in (Treat.JSON, Treat.JSON_FRAGMENT):
        return Place.JSON_FRAGMENT
    if treat is Treat.JSON_VALUE:
        return Place.JSON_VALUE
    return Place.PLAIN


def _never(channel: Channel) -> Sequence[Edit]:
    del channel
    return ()


def positioned(format_: Format) -> Positioned | None:
    """Return the format, if its replies hold positions."""
    return format_ if isinstance(format_, Positioned) else None


def moves(
    format_: Positioned | None,
    doc: JsonText,
    tokens: TokenMap,
    streamed: Callable[[Channel], Sequence[Edit]] = _never,
    places: Places | None = None,
) -> list[Move]:
    """Return the positions of `doc` that change when its texts are restored from `tokens`.

    `places` says what is restored in a text; `streamed` gives the edits of a text that came in pieces, by its channel.
    """
    offsets: list[Offset] = [] if format_ is None else format_.offsets(doc)
    known: dict[Leaf | Channel, Sequence[Edit]] = {}
    changed: list[Move] = []
    for offset in offsets:
        within = offset.within
        if within not in known:
            if isinstance(within, Leaf):
                restorer = Restorer(tokens, place_of(offset.treat), places)
                restorer.whole(within.value)
                known[within] = restorer.edits
            else:
                known[within] = streamed(within)
        position = int(offset.leaf.value) if offset.leaf.value.isdecimal() else 0
        new = moved(position, known[within], to_end=offset.edge == "end")
        if new != position:
            changed.append((offset.leaf, new))
    return changed


def moved(position: int, edits: Iterable[Edit], *, to_end: bool = False) -> int:
    """Return where `position` of a text is after these edits, which are in order.

    A position inside a replaced part moves to the start of what replaced it, or `to_end`.
    """
    grown = 0
    for start, end, new in edits:
        if position <= start:
            break
        if position < end:
            return start + grown + (len(new) if to_end else 0)
        grown += len(new) - (end - start)
    return position + grown


def rewritten(text: str, strings: Sequence[tuple[Leaf, str]], numbers: Sequence[Move]) -> str:
    """Return `text` with other strings and other numbers; like `edit`, which knows strings only."""
    ascii_only = text.isascii()
    literals = [
        (leaf, quote(value, ascii_only=ascii_only))
        for leaf, value in strings
        if leaf.value != value or leaf.kind not in ("string", "key")
    ]
    literals += [(leaf, str(number)) for leaf, number in numbers]
    parts: list[str] = []
    at = 0
    for leaf, literal in sorted(literals, key=lambda change: change[0].start):
        parts += (text[at : leaf.start], literal)
        at = leaf.end
    parts.append(text[at:])
    return "".join(parts)
