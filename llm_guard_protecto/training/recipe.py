"""The numbers of the recipe: how long, and how many texts of what kind an epoch."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, next to the data and the code. Texts are an epoch's."""

    seed: int = 1
    epochs: int = 5
    teacher_epochs: int = 4
    synthetic: int = 13_000
    foreign: int = 6_000
    harmless: int = 6_500
    code: int = 2_000
    plain: int = 6_000  # texts without labels, of which the teacher says what is in them
    threads: int = 1
