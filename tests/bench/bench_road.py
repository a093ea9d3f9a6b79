"""The road from prompt to reply, measured. Run with `pytest -m bench -s tests/bench`.

Prints one table: what was measured, on which input, the figure, and the goal it is held against.
Nothing here is asserted: a busy machine is not a bug.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from llm_guard_protecto import Guard, LocalVault
from llm_guard_protecto.detect.rules import rules
from llm_guard_protecto.detect.tagger import tagger
from llm_guard_protecto.guard import Outgoing, drive
from llm_guard_protecto.guard.restore import Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from tests.bench.material import PROMPT, chat, mixed, prose

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    table = Table(title="The road, measured", title_justify="left")
    for column in ("what", "input", "measured", "goal"):
        table.add_column(column, justify="left" if column in ("what", "input") else "right")
    yield table
    Console(width=110).print(table)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[LocalVault]:
    key = {"LGP_VAULT_KEY": "NWxR6oT1yzO8mQf3hJv0cK4bUe9sDgApLiXtZ2rYw7E="}
    with LocalVault(tmp_path / "vault.db", environ=key) as vault:
        yield vault


def median(work: Callable[[], object], rounds: int = 30) -> float:
    """Seconds of one call, the median of `rounds`, after one call that does not count."""
    work()
    return statistics.median(_timed(work) for _ in range(rounds))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fresh(code: str) -> float:
    """Seconds that `code` says it took in a new process, the best of five."""
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
        for _ in range(5)
    ]
    return min(float(run.stdout) for run in runs)


def test_rules(table: Table) -> None:
    text = mixed(1_000_000)
    seconds = median(lambda: rules().scan(text), 5)
    table.add_row("rules", "1 MB mixed text", f"{1 / seconds:.1f} MB/s", ">= 10 MB/s")


def test_tagger(table: Table) -> None:
    prompts = [f"{PROMPT} {number}" for number in range(60)]
    tagger().tag(prompts[:1])
    seconds = [_timed(lambda p=prompt: tagger().tag([p])) for prompt in prompts]  # type: ignore[misc]
    table.add_row("tagger", "100 words", f"{statistics.median(seconds) * 1e3:.2f} ms", "")


def test_mask(table: Table, vault: LocalVault) -> None:
    vault.mask([PROMPT])
    new = [f"{PROMPT} Reference {number}." for number in range(60)]
    seconds = [_timed(lambda p=prompt: vault.mask([p])) for prompt in new]  # type: ignore[misc]
    table.add_row(
        "mask, whole", "100 words, values known", f"{statistics.median(seconds) * 1e3:.2f} ms",
        "<= 5 ms",
    )  # fmt: skip
    unseen = [PROMPT.replace("Marlene", f"Marlene{chr(97 + n % 26)}{n}") for n in range(30)]
    seconds = [_timed(lambda p=prompt: vault.mask([p])) for prompt in unseen]  # type: ignore[misc]
    table.add_row(
        "mask, whole", "100 words, new name, durable", f"{statistics.median(seconds) * 1e3:.2f} ms",
        "",
    )  # fmt: skip


def test_restore(table: Table, vault: LocalVault) -> None:
    masked = vault.mask([mixed(20_000, 7)])[0]
    tokens = TokenMap.of([masked])
    reply = (masked.token_value + prose(80_000, 8)) * 10
    seconds = median(lambda: restore(reply, tokens), 5)
    speed = len(reply) / seconds / 1e6
    table.add_row(
        "restore", f"1 MB reply, {len(masked.individual_tokens)} tokens live", f"{speed:.0f} MB/s",
        ">= 30 MB/s",
    )  # fmt: skip


GUARD = Guard()


def exchange(vault: LocalVault, messages: list[dict[str, str]]) -> object:
    body = json.dumps({"model": "m", "messages": messages}).encode()
    request = Outgoing("POST", "/v1/chat/completions", "application/json", body)
    return drive(GUARD.open(request), vault)


def test_stream(table: Table, vault: LocalVault) -> None:
    text = mixed(13_000, 9)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    opened = drive(
        Guard().open(Outgoing("POST", "/v1/chat/completions", "application/json", body)), vault
    )
    reply = json.loads(opened.body)["messages"][0]["content"][:4000]
    pieces = [reply[at : at + 4] for at in range(0, len(reply), 4)]
    events = [
        b"data: "
        + json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}],
            }
        ).encode()
        + b"\n\n"
        for piece in pieces
    ]

    def run() -> None:
        stream = opened.stream("text/event-stream")
        for event in events:
            stream.feed(event)
        stream.flush()

    def restorer() -> None:
        pushed = Restorer(opened.tokens)
        for piece in pieces:
            pushed.feed(piece)
        pushed.flush()

    seconds = median(restorer, 10) / len(events)
    live = f"4-character deltas, {opened.tokens.issued} tokens live"
    table.add_row("stream, restoring", live, f"{seconds * 1e6:.1f} µs", "<= 20 µs")
    seconds = median(run, 10) / len(events)
    table.add_row(
        "stream, whole event",
        "4-character deltas, tokens live",
        f"{seconds * 1e6:.1f} µs",
        "<= 20 µs",
    )


def test_chat(table: Table, tmp_path: Path) -> None:
    key = {"LGP_VAULT_KEY": "NWxR6oT1yzO8mQf3hJv0cK4bUe9sDgApLiXtZ2rYw7E="}
    first, last = [], []
    for seed in range(5):
        with LocalVault(tmp_path / f"{seed}.db", environ=key) as vault:
            seconds = [_timed(lambda r=r: exchange(vault, r)) for r in chat(50, seed)]  # type: ignore[misc]
        first.append(seconds[0])
        last.append(seconds[49])
    one, fifty = statistics.median(first) * 1e3, statistics.median(last) * 1e3
    table.add_row("turn 1 of a chat", "whole request", f"{one:.2f} ms", "")
    table.add_row(
        "turn 50 of a chat",
        "30 kB of history",
        f"{fifty:.2f} ms = {fifty / one:.2f} x turn 1",
        "<= 1.5 x",
    )


def test_fresh_process(table: Table, tmp_path: Path) -> None:
    clock = "import time; t = time.perf_counter(); "
    seconds = fresh(clock + "import llm_guard_protecto; print(time.perf_counter() - t)")
    table.add_row(
        "import llm_guard_protecto", "new process", f"{seconds * 1e3:.0f} ms", "<= 200 ms"
    )
    mask = (
        clock + "from llm_guard_protecto import LocalVault; "
        f"v = LocalVault({str(tmp_path / 'v.db')!r}, environ={{'LGP_VAULT_KEY': "
        "'NWxR6oT1yzO8mQf3hJv0cK4bUe9sDgApLiXtZ2rYw7E='}); "
        f"v.mask([{PROMPT!r}]); "
    )
    seconds = fresh(mask + "print(time.perf_counter() - t)")
    table.add_row(
        "first mask", "new process, import included", f"{seconds * 1e3:.0f} ms", "<= 600 ms"
    )
    size = fresh(
        mask + "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    table.add_row("resident memory", "after the first mask", f"{size:.0f} MB", "<= 150 MB")
