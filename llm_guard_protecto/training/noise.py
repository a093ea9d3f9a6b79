"""Makes clean text look typed, scanned or shouted; the marked places move along."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from llm_guard_protecto.training.grammar import Marked, Piece, join

__all__ = ["rough", "to_pieces"]

_SCANNED = {
    "l": "1",
    "o": "0",
    "O": "0",
    "i": "l",
    "S": "5",
    "m": "rn",
    "e": "c",
    "B": "8",
    "I": "l",
}


def to_pieces(found: Marked) -> list[Piece]:
    """The pieces `join` would make `found` from."""
    pieces: list[Piece] = []
    at = 0
    for start, end, entity in found.spans:
        pieces += [(found.text[at:start], None), (found.text[start:end], entity)]
        at = end
    pieces.append((found.text[at:], None))
    return pieces


def rough(found: Marked, rng: Random) -> Marked:
    """`found`, mostly as it is, else in another case or with noise."""
    change = _draw(rng)
    if change is None:
        return found
    return join((change(text), entity) for text, entity in to_pieces(found))


def _draw(rng: Random) -> Callable[[str], str] | None:
    chance = rng.random()
    if chance < 0.20:
        return str.lower
    if chance < 0.24:
        return str.upper
    if chance < 0.27:
        return lambda text: "".join(c for c in text if c not in ",.!?;") or " "
    if chance < 0.29:
        return lambda text: "".join(_SCANNED.get(c, c) if rng.random() < 0.04 else c for c in text)
    if chance < 0.31:
        return lambda text: _slipped(text, rng)
    if chance < 0.32:
        return str.title
    if chance < 0.33:
        return lambda text: text.replace(" ", "  ")
    if chance < 0.34:
        return lambda text: text.replace("'", "’").replace('"', "”")
    return None


def _slipped(text: str, rng: Random) -> str:
    """Letters now and then dropped, doubled or swapped."""
    letters = list(text)
    for at in range(len(letters) - 1):
        if rng.random() < 0.02 and letters[at].isalpha() and letters[at + 1].isalpha():
            slip = rng.randrange(3)
            if slip == 0:
                letters[at] = ""
            elif slip == 1:
                letters[at] *= 2
            else:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters) or text
