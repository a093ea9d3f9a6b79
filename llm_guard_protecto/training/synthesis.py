"""Marked texts without end from the templates: prompts, mails, records, prose, code, non-names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from llm_guard_protecto.training.grammar import Marked, Piece, expand, join
from llm_guard_protecto.training.material import Material
from llm_guard_protecto.training.names import Names

__all__ = ["KINDS", "synthetic", "templates"]

TEMPLATES = Path(__file__).with_name("templates")

# How often a text is of each kind.
_SENTENCES = """chat 20 prose 12 negatives 10 talk 9 orgs 9 places 8 slang 6 news 6 passages 6 life 4
    desk 4 care 4 legal 4 contrast 3 pairs 3 twins 7
    whereabouts 9 firms 10 dispatch 5 lookalikes 4"""
_WHOLE = "blocks 10 code 4 mail 4 minutes 3 records 4 logs 2 scripts 3"  # a template is a text


def _shares(written: str) -> dict[str, int]:
    words = written.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


_SHARES = _shares(f"{_SENTENCES} {_WHOLE}")
_BLOCKS = frozenset(_shares(_WHOLE))
KINDS = tuple(_SHARES)


@cache
def templates(kind: str) -> tuple[str, ...]:
    """All templates of one kind: a line each (`\\n` for a line break), or blocks between `%%`."""
    text = (TEMPLATES / f"{kind}.txt").read_text(encoding="utf-8")
    if kind in _BLOCKS:
        return tuple(block.strip("\n") for block in text.split("\n%%\n"))
    lines = (line for line in text.splitlines() if line.strip() and line[:2] != "# ")
    return tuple(line.replace("\\n", "\n") for line in lines)


def synthetic(count: int, rng: Random, names: Names) -> Iterator[Marked]:
    """`count` texts."""
    kinds, shares = list(_SHARES), list(_SHARES.values())
    for _ in range(count):
        yield _text(rng.choices(kinds, shares)[0], rng, Material(rng, names))


def _text(kind: str, rng: Random, fill: Material) -> Marked:
    if kind in _BLOCKS:
        pieces = _one(kind, rng, fill)
        chance = rng.random()
        if chance < 0.15:
            task = rng.choice(_TASKS)
            pieces = [(task + rng.choice((":\n\n", "\n", ": ", ":\n```\n")), None), *pieces]
        elif chance < 0.3:
            pieces = [*_one("chat", rng, fill), ("\n\n", None), *pieces]
        return join(pieces)
    joint = rng.choice((" ", " ", " ", "\n", "\n\n"))
    pieces = []
    for at in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        if at:
            pieces.append((joint, None))
        chance = rng.random()
        other = "negatives" if chance < 0.2 else "chat" if chance < 0.3 else kind
        pieces += _one(other if at else kind, rng, fill)
    return join(pieces)


def _one(kind: str, rng: Random, fill: Material) -> list[Piece]:
    return expand(rng.choice(templates(kind)), rng, fill)


_TASKS = (
    "Summarize this",
    "Please fix the mistakes in this text",
    "Translate to French",
    "What is wrong here",
    "Extract the key points from the following",
    "Can you make this more formal?",
    "Convert to JSON",
    "Explain this code",
    "Reply to this message",
    "Here is the file",
)
