"""Cost of the toxicity scores: `pytest -m bench -s tests/bench/bench_toxicity.py`.

Prints and does not assert: a shared machine is no stopwatch.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llm_guard_protecto.detect import toxicity as module
from llm_guard_protecto.detect.toxicity import Scorer, toxicity

pytestmark = pytest.mark.bench

WEIGHTS = Path(module.__file__).parent.joinpath("weights", "toxicity.npz")
PLAIN = (
    "please write a short letter to our customer in boston and say that the card was charged twice "
    "last month because of an error in the billing system we are sorry and will refund the money"
)


def prompts(number: int, words: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(PLAIN.split(), k=words)) for _ in range(number)]


def unseen(number: int, words: int) -> list[str]:
    chance = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        " ".join("".join(chance.choices(letters, k=chance.randrange(2, 11))) for _ in range(words))
        for _ in range(number)
    ]


def median_ms(work: Callable[[str], object], texts: list[str]) -> float:
    def once(text: str) -> float:
        start = time.process_time_ns()
        work(text)
        return (time.process_time_ns() - start) / 1e6

    return statistics.median(map(once, texts))


def test_cost_of_toxicity(capsys: pytest.CaptureFixture[str]) -> None:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        start = time.process_time_ns()
        scorer = Scorer({name: stored[name] for name in stored.files})
        loading = (time.process_time_ns() - start) / 1e6
    toxicity(prompts(1, 100, 1))
    known = median_ms(lambda text: toxicity([text]), prompts(300, 100, 2))
    new = median_ms(lambda text: scorer.score([text]), unseen(60, 100))
    long = " ".join(prompts(1, 200_000, 3))
    whole = median_ms(lambda text: toxicity([text]), [long])
    code = "import time, numpy\ns = time.perf_counter()\nfrom llm_guard_protecto.detect.toxicity \
import scorer\nscorer()\nprint((time.perf_counter() - s) * 1e3)"
    cold = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    with capsys.disabled():
        print(f"\n100 known words   {known:8.3f} ms CPU, median")
        print(f"100 unseen words  {new:8.3f} ms CPU, median")
        print(f"{len(long) / 1e6:.1f} MB of prose    {whole:8.1f} ms, {len(long) / whole:.0f} KB/s")
        print(
            f"load              {loading:8.1f} ms in this process, {float(cold.stdout):.1f} ms cold"
        )
