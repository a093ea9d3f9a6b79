"""Templates to marked texts.

A template is plain text with `{slot}` places and `[[one|another]]` choices, which nest. A slot is
filled by `material.Material`; a digit after its name (`{full1}`, `{first1}`) keeps one identity
through the text. What a slot yields is a list of `(text, entity or None)` pieces, so that labels
need never be counted by hand and cannot disagree with the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

__all__ = ["Fill", "Marked", "Piece", "expand", "join", "mark", "unmark"]

Piece = tuple[str, str | None]
Fill = Callable[[str], Sequence[Piece]]


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and what is in it: `spans` of `(start, end, entity)`, disjoint, in order.

    The entity `?` marks a place that is to teach nothing, neither way.
    """

    text: str = field(repr=False)
    spans: tuple[tuple[int, int, str], ...]


_TOKEN = re.compile(r"\{([a-z]+\d?)\}|(\[\[|\||\]\])|([^\[\]{|]+|[\[\]{])")


def expand(template: str, rng: Random, fill: Fill) -> list[Piece]:
    """One random expansion of `template`. Raises ValueError for brackets that do not match."""
    pieces: list[Piece] = []
    _walk(_tree(template), rng, fill, pieces)
    return pieces


# A sequence of: literal text, ("slot", name), or a list of alternatives (each a sequence).
_Tree = list["str | tuple[str, str] | list[_Tree]"]


@cache
def _tree(template: str) -> _Tree:
    return _parse(template, 0, depth=0)[0]


def _parse(template: str, at: int, depth: int) -> tuple[_Tree, int]:
    sequence: _Tree = []
    while at < len(template):
        match = _TOKEN.match(template, at)
        if match is None:
            raise ValueError(f"cannot read a template at {at}")
        slot, bracket, literal = match.groups()
        if bracket in ("|", "]]") and depth:
            return sequence, at
        at = match.end()
        if slot:
            sequence.append(("slot", slot))
        elif bracket == "[[":
            options: list[_Tree] = []
            while True:
                option, at = _parse(template, at, depth + 1)
                options.append(option)
                if at >= len(template):
                    raise ValueError("a bracket is not closed in a template")
                if template.startswith("]]", at):
                    at += 2
                    break
                at += 1
            sequence.append(options)
        elif bracket == "]]":
            raise ValueError("a bracket too many in a template")
        else:
            sequence.append(literal or bracket)
    return sequence, at


def _walk(tree: _Tree, rng: Random, fill: Fill, pieces: list[Piece]) -> None:
    for node in tree:
        if isinstance(node, str):
            pieces.append((node, None))
        elif isinstance(node, tuple):
            pieces.extend(fill(node[1]))
        else:
            _walk(rng.choice(node), rng, fill, pieces)


def join(pieces: Iterable[Piece]) -> Marked:
    """Pieces in a row as one marked text."""
    at = 0
    texts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    for text, entity in pieces:
        if entity and text:
            spans.append((at, at + len(text), entity))
        texts.append(text)
        at += len(text)
    return Marked("".join(texts), tuple(spans))


_MARK = re.compile(r"⟦([A-Z_]+):(.*?)⟧", re.DOTALL)


def unmark(marked: str) -> Marked:
    """Read `Dear ⟦PERSON:Ada Moss⟧, ...`."""
    pieces: list[Piece] = []
    at = 0
    for match in _MARK.finditer(marked):
        pieces += [(marked[at : match.start()], None), (match[2], match[1])]
        at = match.end()
    pieces.append((marked[at:], None))
    return join(pieces)


def mark(found: Marked) -> str:
    """The inverse of `unmark`."""
    parts: list[str] = []
    at = 0
    for start, end, entity in found.spans:
        parts += [found.text[at:start], f"⟦{entity}:{found.text[start:end]}⟧"]
        at = end
    parts.append(found.text[at:])
    return "".join(parts)
