"""Reads word lists in sections: `[name]`, then words divided by bars, on as many lines as needed."""

from __future__ import annotations

from functools import cache

from llm_guard_protecto.training.phrases import LISTS

__all__ = ["wordlists"]


@cache
def wordlists(file: str) -> dict[str, tuple[str, ...]]:
    """The sections of `lists/<file>.txt`. What stands there twice is twice as likely."""
    found: dict[str, tuple[str, ...]] = {}
    text = (LISTS / f"{file}.txt").read_text(encoding="utf-8")
    for section in text.split("\n[")[1:]:
        name, body = section.split("]\n", 1)
        words = (word.strip() for line in body.splitlines() for word in line.split("|"))
        found[name] = tuple(word for word in words if word)
    return found
