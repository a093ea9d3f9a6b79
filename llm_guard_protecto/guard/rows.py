"""Everything that stands in one wrapper: a row of known runs, perhaps with ordinary words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from llm_guard_protecto.guard.bent import escape_like
from llm_guard_protecto.guard.islands import WORD, fragments
from llm_guard_protecto.guard.runs import Piece, Runs
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.guard.wrapping import NATURAL, Lead, before_blank, past_blank

__all__ = ["Edit", "row", "unwrapped"]


class Edit(NamedTuple):
    """Replace `start:end` (absolute positions) by `text`."""

    start: int
    end: int
    text: str


def row(text: str, piece: Piece, close: int, tokens: TokenMap, runs: Runs) -> list[Piece] | None:
    """Every run from `piece` to the closing wrapper at `close`, or None when one is not ours."""
    if piece.text is None:
        return None
    found = [piece]
    at = piece.end
    for start, end in _words(text, at, close):
        if start < at:
            continue
        digit = next((n for n in range(start, end) if text[n].isdigit()), start)
        part = runs.piece(text, digit, start, end, at, True)
        if part is not None and part.end <= close:
            if part.text is None:
                return None
            found.append(part)
            at = part.end
        elif not NATURAL.fullmatch(text, start, end):
            return None
    if any(part.weak for part in found) and not _weak_row(text, found, close, tokens):
        return None
    return found


def _words(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the letters and digits stand, look-alikes among them."""
    if text.isascii():
        return [word.span() for word in WORD.finditer(text, start, end)]
    return [part[:2] for part in fragments(text, start, end) if part is not None]


def _weak_row(text: str, found: Sequence[Piece], close: int, tokens: TokenMap) -> bool:
    """Weak runs in a wrapper: the whole of one token, or a single run of it, and no more."""
    keys = tuple(part.key for part in found)
    if len(found) == 1:
        return found[0].form is not None or not WORD.search(text, found[0].end, close)
    return any(form.runs == keys for form in tokens.by_first.get(keys[0], ()))


def unwrapped(text: str, lead: Lead, found: Sequence[Piece], close: int, last: int) -> list[Edit]:
    """What turns a row of runs in a wrapper, closed by `close:last`, into their values."""
    values = [Edit(p.start, p.end, escape_like(lead.text, p.text or "")) for p in found]
    return [
        Edit(lead.start, past_blank(text, lead.end, found[0].start), ""),
        *values,
        Edit(max(before_blank(text, close), found[-1].end), last, ""),
    ]
