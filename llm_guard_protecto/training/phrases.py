"""Reads the hand-written lists in `lists/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["LISTS", "phrases"]

LISTS = Path(__file__).with_name("lists")


@cache
def _sections() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    text = (LISTS / "phrases.txt").read_text(encoding="utf-8")
    for section in text.split("\n[")[1:]:
        name, body = section.split("]\n", 1)
        found[name] = tuple(body.replace("\n", "").split("|"))
    return found


def phrases(name: str) -> tuple[str, ...]:
    """The list called `name`; what stands there twice is twice as likely. KeyError if unknown."""
    return _sections()[name]
