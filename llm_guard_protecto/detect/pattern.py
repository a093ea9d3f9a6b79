"""What a row of a pattern table says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Check", "Fit", "Pattern", "named"]

Check = Callable[[str], bool]
"""Whether a candidate's text is right (a checksum, a range)."""

Fit = Callable[[str, int, int], tuple[int, int] | None]
"""The right borders of a candidate `text[start:end]`, or None when it is none."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row: a shape, and what makes it sure enough.

    `regex` is in the syntax of the linear-time engine (no look-around, `\\x80-\\xff` for characters
    outside ASCII); the longest match from each start is a candidate. `fit` may move its borders,
    `check` judges its text. `score` holds without a context word of `near`, `lifted` with one;
    below `rules.THRESHOLD` a candidate is dropped, so a low `score` makes context a condition.
    A word of `unless` just before a candidate rules it out.
    """

    entity: str
    regex: str
    check: Check | None = None
    near: tuple[str, ...] = ()
    score: float = 0.9
    lifted: float = 0.95
    name: str = ""
    fit: Fit | None = None
    unless: tuple[str, ...] = ()


def named(
    entity: str,
    regex: str,
    near: tuple[str, ...],
    name: str,
    *,
    check: Check | None = None,
    fit: Fit | None = None,
    lifted: float = 0.95,
    unless: tuple[str, ...] = (),
) -> Pattern:
    """A row that counts only beside one of its context words."""
    return Pattern(entity, regex, check, near, 0.2, lifted, name, fit, unless)
