"""What the gateway adds, measured: `python -m tests.bench.gateway.load`.

Caller, gateway and provider are processes of one machine and share its cores. The provider
(`tests.bench.gateway.upstream`) answers at once, and is called directly in the same run, one call
each in turn, so that what is added is the difference of two medians under the same load. LiteLLM's
proxy with its Presidio guardrail stands beside it, unless `--alone`. `--soak MINUTES` asks for half of the most that is answered, plain and streamed, and watches the memory.
Ends with 1 when an answer was wrong or the soak grew.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.bench.callers import Ask, Load, call, put
from tests.bench.gateway.litellm_proxy import KEY, beside
from tests.bench.gateway.streams import in_turn, streamed
from tests.bench.server import Served, serving
from tests.bench.soak import State

__all__ = ["main"]

PATH = "/v1/chat/completions"
FILLING = 2_500
"""New prompts after which what is remembered of texts is full, so that a soak begins there."""

PACE = {"seed": 10, "n": 5}
"""A stream of ten events 5 ms apart: when the first has come, the next is not there yet."""

KNOWN = 50
"""Prompts that are asked for again and again, as a chat's history is."""

FIRST = ("Sarah", "Miguel", "Wilhelmina", "Yuki", "Amara", "Oskar", "Priya", "Noah")
LAST = ("Johnson", "Alvarez", "Berger", "Tanaka", "Okafor", "Lindqvist", "Sharma", "Whitfield")
_FILLER = (
    "The order was packed on time, but the parcel came back twice because nobody opened the door. "
    "Please write a short and friendly letter that says what happened, offers another date, and "
    "asks whether the neighbours may take it. Do not promise a refund before the shop has agreed. "
)


@dataclass(frozen=True, slots=True)
class Bench:
    """The gateway and the provider behind it, as processes."""

    served: Served
    provider: tuple[str, int]

    @property
    def gateway(self) -> tuple[str, int]:
        """Where the gateway listens."""
        return self.served.host, self.served.port

    def raw(self, number: int, **more: object) -> bytes:
        """A call with the prompt of that number, as it goes over the wire."""
        return raw(self.served.token, number, **more)


def raw(token: str, number: int, **more: object) -> bytes:
    """A call with the prompt of that number, as it goes over the wire."""
    message = {"role": "user", "content": prompt(number)}
    return put(PATH, token, {"model": "gpt", "messages": [message], **more}, "POST")


def prompt(number: int) -> str:
    """Some 2 kB about an invented person; every number has another one."""
    first, last = FIRST[number % 8], LAST[number // 8 % 8]
    phone = f"(555) {200 + number % 700}-{number % 10_000:04}"
    text = f"{first} {last} ({first.lower()}{number}@example.org, {phone}) wrote about {number}. "
    return (text + _FILLER * 7)[:1900] + f" Sign it for {first} {last}, {phone}."


@contextmanager
def running(processes: int = 1) -> Iterator[Bench]:
    """Start both; the gateway as so many processes at one port."""
    command = [sys.executable, "-m", "tests.bench.gateway.upstream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as provider:
        assert provider.stdout is not None
        try:
            port = int(provider.stdout.readline())
            with TemporaryDirectory() as folder:
                file = Path(folder) / "gateway.toml"
                file.write_text(f'[upstreams.openai]\nurl = "http://127.0.0.1:{port}/v1"\n')
                with serving("--gateway", str(file), processes=processes) as served:
                    yield Bench(served, ("127.0.0.1", port))
        finally:
            provider.terminate()


def _row(name: str, direct: Sequence[float], through: Sequence[float], goal: str) -> list[str]:
    """The cells for two medians and what lies between them."""
    one, other = statistics.median(direct) * 1e3, statistics.median(through) * 1e3
    return [name, f"{one:.2f} ms", f"{other:.2f} ms", f"{other - one:.2f} ms", goal]


def measured(bench: Bench, calls: int, seconds: float) -> tuple[Table, int]:
    """The table, and how many answers were wrong."""
    load = "/".join(f"{one:.1f}" for one in os.getloadavg())
    made = Table(title=f"The gateway, measured (load average {load})", title_justify="left")
    for heading in ("what", "direct", "gateway", "added", "goal"):
        made.add_column(heading, justify="left" if heading == "what" else "right")
    both = (bench.provider, bench.gateway)
    known, fresh = itertools.cycle(range(KNOWN)), itertools.count(1_000)
    in_turn(both, (bench.raw(number) for number in known), KNOWN)  # now they are known
    wrong = 0
    for name, numbers, goal in (("seen before", known, "<= 3 ms"), ("new each time", fresh, "")):
        direct, through = in_turn(both, (bench.raw(number) for number in numbers), calls)
        made.add_row(*_row(f"median latency, 2 kB, {name}", direct.whole, through.whole, goal))
        asked = (bench.raw(number, stream=True, **PACE) for number in numbers)
        first, later = in_turn(both, asked, calls)
        made.add_row(*_row(f"median first text, 2 kB, {name}", first.first, later.first, goal))
        wrong += through.wrong + later.wrong
    rates = [_rate(bench, one, seconds) for one in both]
    with running(processes=2) as two:
        _rate(two, two.gateway, 2)  # now each knows the prompts
        rates.append(_rate(two, two.gateway, seconds))
    wrong += sum(sum(one.wrong.values()) for one in rates)
    direct_rate, one_rate, two_rate = (f"{one.rate:,.0f} /s" for one in rates)
    made.add_row("requests, 8 callers, seen before", direct_rate, one_rate, "", "")
    made.add_row("the same, two processes (--reuse-port)", "", two_rate, "", ">= 300 /s")
    raws = [bench.raw(number, stream=True, seed=50, n=40) for number in range(KNOWN)]
    hundred = [streamed(one, itertools.cycle(raws), callers=100, each=1) for one in both]
    wrong += hundred[1].wrong
    for name, which in (("longest wait", "longest"), ("whole", "whole")):
        waits = [f"{max(getattr(one, which)) * 1e3:.0f} ms" for one in hundred]
        made.add_row(f"100 streams, 50 x 40 ms: {name}", *waits, "", "")
    ended = [f"{len(one.whole)} of 100" for one in hundred]
    made.add_row("100 streams: that ended well", *ended, "", "100")
    return made, wrong


def _rate(bench: Bench, address: tuple[str, int], seconds: float) -> Load:
    asks = itertools.cycle([Ask(bench.raw(number)) for number in range(KNOWN)])
    return call(address, asks, callers=8, seconds=seconds)


def others(provider: tuple[str, int], calls: int, seconds: float) -> Table:
    """LiteLLM's proxy with Presidio before the same provider, by the same callers."""
    made = Table(title="LiteLLM's proxy with Presidio, the same calls", title_justify="left")
    for heading in ("what", "measured"):
        made.add_column(heading)
    with beside(provider) as where:
        if isinstance(where, str):
            made.add_row("not measured", where)
            return made
        known = itertools.cycle(range(KNOWN))
        in_turn([where], (raw(KEY, number) for number in known), 5)
        [plain] = in_turn([where], (raw(KEY, number) for number in known), calls)
        made.add_row("median latency, 2 kB", f"{statistics.median(plain.whole) * 1e3:.1f} ms")
        asked = (raw(KEY, number, stream=True, **PACE) for number in known)
        [first] = in_turn([where], asked, calls)
        made.add_row("median first text, 2 kB", f"{statistics.median(first.first) * 1e3:.1f} ms")
        asks = itertools.cycle([Ask(raw(KEY, number)) for number in range(KNOWN)])
        load = call(where, asks, callers=8, seconds=seconds)
        made.add_row("requests, 8 callers", f"{load.rate:,.1f} /s")
        wrong = plain.wrong + first.wrong + sum(load.wrong.values())
        made.add_row("wrong answers", str(wrong))
    return made


def soaked(bench: Bench, minutes: float) -> tuple[Table, bool]:
    """The table of a soak, and whether all went well."""
    asks = [Ask(bench.raw(number)) for number in range(KNOWN)]
    most = call(bench.gateway, itertools.cycle(asks), callers=8, seconds=10).rate
    numbers = itertools.count(100_000)

    def mix() -> Iterator[Ask]:
        for number in itertools.count():
            yield asks[number % KNOWN] if number % 10 else Ask(bench.raw(next(numbers)))

    loads, wrong, filled = list[Load](), 0, 0
    fresh = (Ask(bench.raw(number)) for number in numbers)
    while filled < FILLING:
        filled += len(call(bench.gateway, fresh, callers=8, seconds=5).latencies)
    states = [State.of(bench.served)]
    for _ in range(2):
        half, load = minutes * 30, Load()
        rounds = max(1, round(half / 15))
        for _ in range(rounds):
            one = call(bench.gateway, mix(), callers=8, seconds=half / rounds, rate=most / 2)
            load.latencies += one.latencies
            load.wrong += one.wrong
            raws = (bench.raw(number % KNOWN, stream=True) for number in itertools.count())
            wrong += streamed(bench.gateway, raws, callers=20, each=5).wrong
        load.latencies.sort()
        loads.append(load)
        states.append(State.of(bench.served))
    made = Table(title=f"{minutes:g} minutes at {most / 2:,.0f} requests/s", title_justify="left")
    for heading in ("what", "start", "middle", "end"):
        made.add_column(heading, justify="left" if heading == "what" else "right")
    made.add_row("resident memory, MB", *(f"{one.memory:.1f}" for one in states))
    made.add_row("descriptors", *(str(one.descriptors) for one in states))
    made.add_row("threads", *(str(one.threads) for one in states))
    made.add_row("99 % within, ms", "", *(f"{one.quantile(0.99) * 1e3:.1f}" for one in loads))
    wrong += sum(sum(one.wrong.values()) for one in loads)
    made.add_row("wrong answers", "", "", f"{wrong} of {sum(len(x.latencies) for x in loads):,}")
    return made, not wrong and states[-1].memory <= 1.05 * states[0].memory


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when an answer was wrong or the soak grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway.load")
    parser.add_argument("--calls", type=int, default=400, help="calls for each median")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds for each rate")
    parser.add_argument("--alone", action="store_true", help="without LiteLLM's proxy")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="only the soak")
    given = parser.parse_args(words)
    console = Console(width=110)
    with running() as bench:
        if given.soak:
            made, well = soaked(bench, given.soak)
        else:
            made, wrong = measured(bench, given.calls, given.seconds)
            well = not wrong
        console.print(made)
        if not (given.soak or given.alone):
            console.print(others(bench.provider, max(20, given.calls // 10), given.seconds))
    return int(not well)


if __name__ == "__main__":
    sys.exit(main())
