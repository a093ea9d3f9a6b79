"""A server under mixed load for a long time: `python -m tests.bench.soak --minutes 10`.

Finds the most that the server answers of this mix, then asks for half of it. Before that more
values are masked than the vault remembers, with more words than the tagger does, so that what is
remembered cannot grow any more. Printed is what the process holds before all that, at the start, in
the middle and at the end, and how long callers waited.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.table import Table

from llm_guard_protecto.engine.book import REMEMBERED
from tests.bench.callers import Ask, Load, call, put
from tests.bench.server import MASK, Served, serving

__all__ = ["State", "main", "mix"]

POOL = 20_000
"""Texts that are asked for again and again."""

WARM = 180
"""Seconds at full load before the start: every text has been asked for by itself by then, and every
thread has opened its connection to the store."""

CALLERS = 16
FIRST = ("Sarah", "Miguel", "Wilhelmina", "Yuki", "Amara", "Oskar", "Priya", "Noah")
LAST = ("Johnson", "Alvarez", "Berger", "Tanaka", "Okafor", "Lindqvist", "Sharma", "Whitfield")


@dataclass(frozen=True, slots=True)
class State:
    """What the process of the server holds, as its own metrics tell."""

    memory: float
    descriptors: int
    threads: int

    @classmethod
    def of(cls, served: Served) -> State:
        """Now. `memory` is in MB."""
        lines = httpx.get(f"{served.url}/metrics").text.splitlines()
        said = dict(line.rsplit(" ", 1) for line in lines if line.startswith("process_"))
        return cls(
            float(said["process_resident_memory_bytes"]) / 1e6,
            int(float(said["process_open_fds"])),
            int(float(said["process_threads"])),
        )


def text(number: int) -> str:
    """A short text with an invented person in it, one of `POOL`."""
    first, last = FIRST[number % 8], LAST[number // 8 % 8]
    return f"Ask {first} {last} about order {number}"


def mix(served: Served, seed: int) -> Iterator[Ask]:
    """Nine in ten ask for a known text or one of its tokens; the rest is everything else."""
    chance = random.Random(seed)
    tokens: deque[str] = deque(maxlen=500)
    jobs: deque[str] = deque(maxlen=50)
    fresh = itertools.count()
    headers = served.token

    def masked(body: bytes) -> None:
        tokens.append(json.loads(body)["data"][0]["token_value"])

    def queued(body: bytes) -> None:
        jobs.append(json.loads(body)["data"][0]["tracking_id"])

    while True:
        draw = chance.random()
        known = {"mask": [{"value": text(chance.randrange(POOL))}]}
        if draw < 0.80:
            keep = masked if draw < 0.05 else None
            yield Ask(put(MASK, headers, known), then=keep)
        elif draw < 0.90 and tokens:
            asked = {"unmask": [{"token_value": chance.choice(tokens)}]}
            yield Ask(put("/api/vault/unmask", headers, asked))
        elif draw < 0.92:
            name = "".join(chance.choices("abdeiklmnorstu", k=7)).title()
            new = {"mask": [{"value": f"Ask {name} Whitfield about {seed}-{next(fresh)}"}]}
            yield Ask(put(MASK, headers, new))
        elif draw < 0.93:
            yield Ask(put(f"{MASK}/async", headers, known), then=queued)
        elif draw < 0.95 and jobs:
            asked = {"status": [{"tracking_id": chance.choice(jobs)}]}
            yield Ask(put("/api/vault/async-status", headers, asked))
        elif draw < 0.97:
            yield Ask(put(MASK, "nobody", known), status=401)
        elif draw < 0.99:
            yield Ask(put(MASK, headers, {"mask": []}), status=400)
        else:
            yield Ask(put("/metrics" if draw < 0.995 else "/readyz", headers, None, "GET"))


def _fill(served: Served) -> None:
    """Mask new names until more are gone than are remembered, then every text of the pool."""
    chance = random.Random(0)
    new = [
        f"Ask {''.join(chance.choices('abdeiklmnorstu', k=7)).title()} about {number}"
        for number in range(REMEMBERED + 10_000)
    ]
    headers = {"Authorization": f"Bearer {served.token}"}
    with httpx.Client(base_url=served.url, timeout=120, headers=headers) as client:
        texts = [*new, *map(text, range(POOL))]
        for start in range(0, len(texts), 500):
            items = [{"value": one} for one in texts[start : start + 500]]
            assert client.put(MASK, json={"mask": items}).status_code == 200


def main(words: list[str] | None = None) -> int:
    """Run; 1 when an answer was wrong or what the process holds has grown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=None, help="requests a second, not half")
    asked = parser.parse_args(words)
    console = Console(width=100)
    with serving() as served:
        address = (served.host, served.port)
        states, loads = [State.of(served)], list[Load]()
        _fill(served)
        most = call(address, mix(served, 1), callers=CALLERS, seconds=WARM)
        rate = asked.rate or most.rate / 2
        states.append(State.of(served))
        half = asked.minutes * 30
        for seed in (2, 3):
            loads.append(call(address, mix(served, seed), callers=CALLERS, seconds=half, rate=rate))
            states.append(State.of(served))
    table = Table(
        title=f"{asked.minutes:g} minutes at {rate:,.0f} requests/s", title_justify="left"
    )
    for heading in ("what", "empty", "start", "middle", "end"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("resident memory, MB", *(f"{state.memory:.1f}" for state in states))
    table.add_row("descriptors", *(str(state.descriptors) for state in states))
    table.add_row("threads", *(str(state.threads) for state in states))
    for share in (0.5, 0.99):
        waits = (f"{load.quantile(share) * 1e3:.2f}" for load in loads)
        table.add_row(f"{share:.0%} within, ms, to then", "", "", *waits)
    wrong = loads[0].wrong + loads[1].wrong
    answers = sum(len(load.latencies) for load in loads)
    table.add_row("wrong answers", "", "", "", f"{sum(wrong.values())} of {answers:,}")
    console.print(table)
    console.print(f"the most of this mix: {most.rate:,.0f} requests/s", dict(wrong) or "")
    grown = states[-1].memory / states[1].memory - 1
    console.print(
        f"memory {grown:+.1%}, descriptors {states[-1].descriptors - states[1].descriptors:+d}"
    )
    return int(bool(wrong) or grown > 0.05 or states[-1].descriptors > states[1].descriptors)


if __name__ == "__main__":
    sys.exit(main())
