"""The road from prompt to reply, measured: each function gives plain figures, printed elsewhere.

What depends on what a process has loaded already, or on its memory, is measured in a new one.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from llm_guard_protecto import Guard, LocalVault
from llm_guard_protecto.detect.rules import rules
from llm_guard_protecto.detect.tagger import tagger
from llm_guard_protecto.guard import Outgoing, drive
from llm_guard_protecto.guard.restore import Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from tests.bench.material import PROMPT, chat, mixed, prose

__all__ = ["chatting", "first_mask", "importing", "masking", "restoring", "scanning", "streaming"]
__all__ += ["tagging"]

KEY = {"LGP_VAULT_KEY": "NWxR6oT1yzO8mQf3hJv0cK4bUe9sDgApLiXtZ2rYw7E="}
_CLOCK = "import time; t = time.perf_counter(); "


def scanning() -> float:
    """MB a second of the rules on 1 MB of mixed text."""
    text = mixed(1_000_000)
    return 1 / _median(lambda: rules().scan(text), 5)


def tagging() -> float:
    """Milliseconds of the tagger for a prompt of about 100 words that it has not seen."""
    prompts = [f"{PROMPT} {number}" for number in range(60)]
    tagger().tag(prompts[:1])
    return statistics.median(_timed(lambda p=p: tagger().tag([p])) for p in prompts) * 1e3  # type: ignore[misc]


def masking() -> tuple[float, float]:
    """Milliseconds to mask such a prompt: all its values known; and with a new name, durably."""
    with _vault() as vault:
        vault.mask([PROMPT])
        known = [f"{PROMPT} Reference {number}." for number in range(60)]
        new = [PROMPT.replace("Marlene", f"Marlene{chr(97 + n % 26)}{n}") for n in range(30)]
        seconds = [
            statistics.median(_timed(lambda p=p: vault.mask([p])) for p in prompts)  # type: ignore[misc]
            for prompts in (known, new)
        ]
    return seconds[0] * 1e3, seconds[1] * 1e3


def restoring() -> float:
    """MB a second of restoring a reply of 1 MB with some seventy tokens live."""
    with _vault() as vault:
        masked = vault.mask([mixed(20_000, 7)])[0]
    tokens = TokenMap.of([masked])
    reply = (masked.token_value + prose(80_000, 8)) * 10
    return len(reply) / _median(lambda: restore(reply, tokens), 5) / 1e6


def streaming() -> tuple[float, float]:
    """Microseconds a delta of four characters: restoring alone, and with its whole event."""
    with _vault() as vault:
        messages = [{"role": "user", "content": mixed(13_000, 9)}]
        opened = drive(Guard().open(_request(messages)), vault)
        reply = json.loads(opened.body)["messages"][0]["content"][:4000]
        pieces = [reply[at : at + 4] for at in range(0, len(reply), 4)]
        events = [_event(piece) for piece in pieces]

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

        alone, whole = (_median(work, 10) / len(events) * 1e6 for work in (restorer, run))
    return alone, whole


def chatting() -> tuple[float, float]:
    """Milliseconds for the first and for the fiftieth request of a chat, history included."""
    guard = Guard()
    first, last = [], []
    for seed in range(5):
        with _vault() as vault:
            seconds = [
                _timed(lambda r=r: drive(guard.open(_request(r)), vault))  # type: ignore[misc]
                for r in chat(50, seed)
            ]
        first.append(seconds[0])
        last.append(seconds[49])
    return statistics.median(first) * 1e3, statistics.median(last) * 1e3


def importing() -> float:
    """Milliseconds to import the package in a new process."""
    return _fresh(_CLOCK + "import llm_guard_protecto; print(time.perf_counter() - t)") * 1e3


def first_mask() -> tuple[float, float]:
    """Milliseconds until a new process has masked a prompt, and the MB it then takes."""
    with TemporaryDirectory() as folder:
        mask = (
            _CLOCK + "from llm_guard_protecto import LocalVault; "
            f"v = LocalVault({str(Path(folder) / 'v.db')!r}, environ={KEY!r}); "
            f"v.mask([{PROMPT!r}]); "
        )
        seconds = _fresh(mask + "print(time.perf_counter() - t)")
        peak = "from tests.bench.peak import peak_mb; print(peak_mb())"
        return seconds * 1e3, _fresh(mask + peak)


@contextmanager
def _vault() -> Iterator[LocalVault]:
    with TemporaryDirectory() as folder, LocalVault(Path(folder) / "v.db", environ=KEY) as vault:
        yield vault


def _request(messages: list[dict[str, str]]) -> Outgoing:
    body = json.dumps({"model": "m", "messages": messages}).encode()
    return Outgoing("POST", "/v1/chat/completions", "application/json", body)


def _event(piece: str) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _median(work: Callable[[], object], rounds: int) -> float:
    """Seconds of one call, the median of `rounds`, after one call that does not count."""
    work()
    return statistics.median(_timed(work) for _ in range(rounds))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _fresh(code: str) -> float:
    """The figure that `code` prints in a new process, the best of five."""
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
        for _ in range(5)
    ]
    return min(float(run.stdout) for run in runs)
