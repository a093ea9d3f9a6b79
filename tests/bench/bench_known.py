"""Cost of a list of a million values: `pytest -m bench -s tests/bench/bench_known.py`.

Prints and does not assert: a shared machine is no stopwatch. Runs in a process of its own, so that
its memory can be told.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.bench

NUMBER = 1_000_000

WORK = r"""
import random, resource, sys, time

number = int(sys.argv[1])
chance = random.Random(7)
parts = "ka lo mi ra ten sor vel dan quin bar tul fen os ri gal mo".split()


def word():
    return "".join(chance.choices(parts, k=chance.randint(2, 4))).capitalize()


def name():
    return f"{word()} {word()}" if chance.random() < 0.8 else f"{word()} {word()}-{word()}"


filler = "the report was sent to our office on monday and nobody has answered it so far".split()
planted = [name() for _ in range(2_000)]
text = " ".join(
    chance.choice(planted) if chance.random() < 0.02 else chance.choice(filler)
    for _ in range(180_000)
)
prompts = [text[at : at + 550] for at in range(0, 550_000, 550)]

from llm_guard_protecto.detect.listed import Listed

peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
values = (planted[i] if i < len(planted) else name() for i in range(number))
before, start = peak(), time.process_time()
listed = Listed(values)
building, after = time.process_time() - start, peak()
start = time.process_time()
for _ in range(number):
    name()
building -= time.process_time() - start
start = time.process_time()
found = len(listed.find(text))
whole = time.process_time() - start
times = []
for prompt in prompts:
    start = time.process_time_ns()
    listed.find(prompt)
    times.append(time.process_time_ns() - start)
times.sort()
print(f"{number:,} values     built in {building:.1f} s CPU (making the names taken off)")
print(f"memory               {listed.size / 1e6:.0f} MB held, {after - before:.0f} MB at the peak")
print(f"{len(text) / 1e6:.1f} MB of text       {len(text) / whole / 1e6:.1f} MB/s, {found} found")
print(f"a 100-word prompt    {times[len(times) // 2] / 1e3:.0f} us, median")
"""


def test_cost_of_a_million_values(capsys: pytest.CaptureFixture[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WORK, str(NUMBER)], capture_output=True, text=True, check=True
    )
    with capsys.disabled():
        print("\n" + ran.stdout)
