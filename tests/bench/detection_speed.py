"""What detection costs: a prompt, a long document, the worst input, and starting up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.bench.detection_engines import decided, one_thread
from tests.bench.detection_sets import Row
from tests.bench.hostile import hostile
from tests.bench.material import mixed

__all__ = ["document", "hundreds", "start", "worst"]

_START = """
import json, time
began = time.process_time()
from llm_guard_protecto.detect.find import find
find(["Anna Example lives in Milldale, anna@example.com."])
took = time.process_time() - began
from tests.bench.peak import peak_mb
print(json.dumps([took, peak_mb()]))
"""


def hundreds(rows: Sequence[Row], count: int) -> list[Row]:
    """Prompts of exactly 100 words, cut from the texts of `rows`."""
    words = " ".join(row["text"] for row in rows).split()
    prompts = [" ".join(words[at : at + 100]) for at in range(0, len(words) - 99, 100)][:count]
    return [{"id": str(n), "text": text, "spans": []} for n, text in enumerate(prompts)]


def document() -> float:
    """KB a second, by processor time, on a document of 1 MB; the better of two."""
    text = mixed(1_000_000)
    return len(text) / 1024 / min(_seconds(text) for _ in range(2))


def _seconds(text: str) -> float:
    began = time.process_time()
    decided(text)
    return time.process_time() - began


def worst() -> tuple[str, float]:
    """The slowest kind of hostile text of 20 kB, and its milliseconds (the better of two)."""
    decided("Warm up.")
    took = {name: min(_seconds(text) for _ in range(2)) * 1000 for name, text in hostile().items()}
    slowest = max(took, key=lambda name: took[name])
    return slowest, took[slowest]


def start() -> tuple[float, float]:
    """Seconds of processor time until a new process has found its first name, and its peak in MB."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", _START], capture_output=True, check=True, env=one_thread()
            ).stdout
        )
        for _ in range(4)
    ]
    return min(run[0] for run in runs), min(run[1] for run in runs)
