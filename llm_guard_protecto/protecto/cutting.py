"""Cutting a text into pieces that stay below the vault's limit, and joining what comes back.

Protecto refuses an item whose masked form is longer than 600 characters. So a long text goes out
as several items of one request, cut where a cut does least harm: between paragraphs, at the end of
a sentence, between two small words; between two words that may be one name or one number only when
there is nothing better, and inside a word only when the word itself is longer than a piece. Never
inside a grapheme and never inside a wrapped token that stands in the text.

A surrogate without its partner cannot travel as JSON, and holds nobody's data: it stays at home,
and so does a piece of white space only, which the vault would refuse as empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llm_guard_protecto.protecto.borders import Whole, is_border

__all__ = ["SIZE", "Piece", "cut", "sendable"]

SIZE = 400
"""Characters of a piece: with tokens and wrappers in it, it stays below 600 in usual prose."""

_SURROGATES = re.compile("[\ud800-\udfff]+")
_BLANK = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s*\Z")
_SHORTENED = re.compile(r"(?:\b[A-Z][a-z]{0,3}|\b[A-Za-z]|\d)\.\s*\Z")
"""A full stop that need not end a sentence: Mr., St., Inc., J., 3."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a text, at `start`. What is not `sent` is put back as it is."""

    start: int
    text: str = field(repr=False)
    sent: bool = True


def sendable(text: str) -> list[Piece]:
    """The text in pieces that a vault can be asked for, uncut but for lone surrogates."""
    return [_piece(text, start, end) for start, end in _stretches(text)]


def cut(text: str, size: int | None = SIZE) -> list[Piece]:
    """The text in pieces of about `size` characters at most; joined, they are the text.

    None cuts nothing. A piece is longer only where no cut is safe: a wrapped token, or a letter
    with hundreds of marks.
    """
    if size is None:
        return sendable(text)
    whole = Whole(text)
    pieces: list[Piece] = []
    for start, end in _stretches(text):
        at = start
        while end - at > size:
            to = _place(text, at, min(at + size, end), end, whole)
            pieces.append(_piece(text, at, to))
            at = to
        if at < end:
            pieces.append(_piece(text, at, end))
    return pieces


def _piece(text: str, start: int, end: int) -> Piece:
    part = text[start:end]
    return Piece(start, part, sent=not (part.isspace() or "\ud800" <= part[0] <= "\udfff"))


def _stretches(text: str) -> list[tuple[int, int]]:
    """The runs of surrogates and everything between them, in order."""
    found: list[tuple[int, int]] = []
    at = 0
    for match in _SURROGATES.finditer(text):
        found += [(at, match.start()), match.span()]
        at = match.end()
    return [(start, end) for start, end in (*found, (at, len(text))) if start < end]


def _place(text: str, start: int, stop: int, end: int, whole: Whole) -> int:
    """The best place to cut in the second half of `(start, stop]`; further on if there is none."""
    middle = start + (stop - start) // 2
    best, rank = 0, -1
    for match in _BLANK.finditer(text, middle, stop):
        at = match.end()
        if at <= start or at == stop < end and text[at].isspace():
            continue
        if not is_border(text, at) or whole.holds(at):
            continue
        worth = _worth(text, match.start(), at, start)
        if worth >= rank:
            best, rank = at, worth
    if rank > 0:
        return best
    if rank < 0:
        for at in range(stop, middle, -1):
            if is_border(text, at) and not whole.holds(at):
                return at
    if rank == 0:
        return best
    at = stop
    while at < end and (not is_border(text, at) or whole.holds(at)):
        at += 1
    return at


def _worth(text: str, blank: int, at: int, start: int) -> int:
    """How little a cut after the white space `text[blank:at]` harms, 0 to 5."""
    newlines = text.count("\n", blank, at)
    if newlines > 1:
        return 5
    before = text[max(start, blank - 12) : at]
    if _SENTENCE_END.search(before) and not _SHORTENED.search(before):
        return 4
    if newlines:
        return 3
    word = text[text.rfind(" ", start, blank) + 1 : blank]
    left = bool(word) and _may_belong(word[0], word[-1])
    right = at < len(text) and _may_belong(text[at], text[at])
    return 2 - left - right


def _may_belong(first: str, last: str) -> bool:
    """Whether a word that begins and ends so may be part of a name, an address or a number."""
    return not first.islower() or last.isdigit() or last in "+("
