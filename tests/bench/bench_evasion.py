"""How many disguised values are found: `pytest -m bench -s tests/bench/bench_evasion.py`.

Prints two tables, each cell being values caught of `VALUES` generated ones; a cell counts when all
but one in ten of them are caught. Then what the second reading costs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from llm_guard_protecto.detect.disguise import reading
from llm_guard_protecto.detect.find import find
from tests.tricks import ENCODINGS, SENTENCES, TRICKS, caught, value_of

pytestmark = pytest.mark.bench

VALUES = 20
FIVE = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IP_ADDRESS")
BESIDES = ("IBAN_CODE", "PERSON")
PROMPT = " ".join(
    [
        "please",
        "write",
        "a",
        "short",
        "letter",
        "to",
        "our",
        "customer",
        "and",
        "say",
        "that",
        "the",
        "card",
        "was",
        "charged",
        "twice",
        "last",
        "month",
        "because",
        "of",
        "an",
        "error",
        "in",
        "the",
        "billing",
        "system,",
        "we",
        "are",
        "sorry",
        "and",
        "will",
        "refund",
        "the",
        "money.",
    ]
    * 4
)
ADVERSARIAL = ("1 ", "a.", "a ", "4---", "x at y dot ", "one ", "%40", "&#64;", "4a", "QUJDREVGR0hJ ",
               "a\u200b", "a\u0301", "\uff10", "a\u0430 ", "\u202eab", "l1", "a<b>", "4\n", "\x00a")  # fmt: skip


def cell(disguise: Callable[[str], str], entity: str, chance: random.Random) -> int:
    """How many of `VALUES` generated values are caught."""
    results = 0
    for i in range(VALUES):
        before, after = SENTENCES[entity][i % len(SENTENCES[entity])].split("{}")
        value = disguise(value_of(entity, chance))
        results += caught(before + value + after, len(before), len(before + value))
    return results


Matrix = dict[str, list[int]]
"""Name of a disguise -> values caught, of each type of `FIVE` and `BESIDES`."""


def matrix(disguises: Mapping[str, Callable[[str], str]], rows: Sequence[str]) -> Matrix:
    """What is caught in each of the disguises named."""
    return {
        name: [
            cell(disguises[name], entity, random.Random(f"{name} {entity}"))
            for entity in (*FIVE, *BESIDES)
        ]
        for name in rows
    }


def good(measured: Matrix) -> int:
    """The number of cells of the five types that count."""
    return sum(
        caught_here >= 0.9 * VALUES
        for cells in measured.values()
        for caught_here in cells[: len(FIVE)]
    )


def encodings() -> Matrix:
    """The five encodings that are counted."""
    return matrix(ENCODINGS, list(ENCODINGS)[:5])


def show(title: str, measured: Matrix) -> None:
    """Print a table."""
    print(f"\n{title:26}", *(f"{entity[:12]:>13}" for entity in (*FIVE, *BESIDES)))
    for name, cells in measured.items():
        print(f"{name:26}", *(f"{caught_here:>10}/{VALUES}" for caught_here in cells))


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The shortest of some runs."""
    took = []
    for _ in range(times):
        start = time.process_time_ns()
        work()
        took.append(time.process_time_ns() - start)
    return min(took) / 1e6


def test_the_two_tables() -> None:
    tricks, encoded = matrix(TRICKS, list(TRICKS)), encodings()
    show("19 tricks", tricks)
    show("5 encodings", encoded)
    show("more encodings", matrix(ENCODINGS, list(ENCODINGS)[5:]))
    print(f"\ntricks {good(tricks)} of {19 * 5}, encodings {good(encoded)} of 25")
    assert good(tricks) >= 88
    assert good(encoded) >= 20


def test_what_it_costs() -> None:
    find([PROMPT])
    assert reading(PROMPT) is None
    looked = min(milliseconds(lambda: [reading(PROMPT) for _ in range(100)], 20) / 100, 1e9)
    print(f"\nlooking at {len(PROMPT.split())} ordinary words: {looked * 1000:.1f} µs")
    rows = []
    for piece in ADVERSARIAL:
        text = (piece * (20_000 // len(piece) + 1))[:20_000]
        rows.append((milliseconds(lambda text=text: reading(text), 3), ascii(piece)))  # type: ignore[misc]
    for took, piece in sorted(rows, reverse=True)[:8]:
        print(f"another reading of 20,000 characters of {piece:16} {took:6.1f} ms")
