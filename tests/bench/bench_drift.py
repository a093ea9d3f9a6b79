"""What comes back of tokens that a model has bent, form by form, and whether anyone is confused.

Run with `pytest -m bench -s tests/bench/bench_drift.py`. `DRIFT_TRIALS` sets the number of trials
against wrong people (a million unless it says otherwise).
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench.drift_engines import ENGINES, engine_tokens, restored
from tests.guard.drift import FORMS, PROMISED, Form, Token
from tests.guard.neighbours import Crowd, crowd, wrong

pytestmark = pytest.mark.bench

TOKENS = 1000
"""How many tokens each form is tried on."""
MAP = 50
"""How many people one request masked."""


def _reply(form: Form, token: Token) -> str | None:
    bent = form.bend(token)
    return None if bent is None else f"Dear {bent}" + ("" if form.stays else ", hello.")


def _good(form: Form, value: Token, sent: str, got: str) -> bool:
    want = sent if form.stays else f"Dear {form.want(value)}, hello."
    return got == want


def _crowds(chance: random.Random) -> list[Crowd]:
    return [crowd(MAP, chance, close=False) for _ in range(2 * TOKENS // MAP)]


def _scores(engine: str, crowds: list[Crowd]) -> dict[str, tuple[int, int]] | str:
    """By form: how many tokens were restored, of how many (at most `TOKENS`)."""
    good: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for one in crowds:
        asked = [
            (form, value, sent)
            for form in FORMS
            for token, (_, value) in zip(engine_tokens(engine, one), one.people, strict=True)
            if (sent := _reply(form, token)) is not None
        ]
        answers = restored(engine, one, [sent for _, _, sent in asked])
        if isinstance(answers, str):
            return answers
        for (form, value, sent), got in zip(asked, answers, strict=True):
            if tried[form.name] < TOKENS:
                tried[form.name] += 1
                good[form.name] += _good(form, value, sent, got)
    return {name: (good[name], tried[name]) for name in tried}


def test_drift() -> None:
    crowds = _crowds(random.Random(1))
    scores = {engine: _scores(engine, crowds) for engine in ENGINES}
    table = Table(title=f"Restored, % of {TOKENS:,} tokens", title_justify="left")
    for column in ("Changes", "Form", *ENGINES):
        table.add_column(column, justify="left" if column in ("Changes", "Form") else "right")
    for form in FORMS:
        table.add_row(form.group, form.name, *(_cell(scores[e], [form]) for e in ENGINES))
    table.add_section()
    promised = [form for form in FORMS if form.group in PROMISED]
    for name, forms in (("case, space, wrapper, escape", promised), ("all", list(FORMS))):
        table.add_row(name, f"{len(forms)} forms", *(_cell(scores[e], forms) for e in ENGINES))
    console = Console(width=120)
    console.print(table)
    for score in scores.values():
        if isinstance(score, str):
            console.print(score)


def _cell(score: dict[str, tuple[int, int]] | str, forms: list[Form]) -> str:
    if isinstance(score, str):
        return "-"
    rows = [score[form.name] for form in forms if form.name in score]
    if not rows:
        return "n/a"
    return f"{100 * sum(good for good, _ in rows) / sum(tried for _, tried in rows):.1f}"


def test_wrong_people() -> None:
    chance = random.Random(2)
    count = int(os.environ.get("DRIFT_TRIALS", "1000000"))
    bad: list[tuple[str, str]] = []
    for _ in range(0, count, 4000):
        bad += wrong(crowd(40, chance), crowd(40, chance), min(4000, count), chance)
    print(f"\nwrong people in {count:,} trials: {len(bad)}")
    for sent, got in bad[:10]:
        print(f"  {sent!r} became {got!r}")
