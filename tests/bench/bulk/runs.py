"""One run of `mask-file` in a process of its own: its time, its memory, and its death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Ran", "run"]

_EVERY = 0.2
"""Seconds between two looks at the processes."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run went: `peak_mb` is the most that all its processes held together.

    What several of them share counts for each, so it is rather too much than too little.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    rows: int


def run(
    words: Sequence[str], environ: Mapping[str, str], note: Path, kill_at: int | None = None
) -> Ran:
    """Run the command to its end, or kill it when its `note` tells of so many rows."""
    started, peak, cpu = time.monotonic(), 0.0, 0.0
    process = subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", *words],
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    rows = 0
    while process.poll() is None:
        family = _family(process.pid)
        peak = max(peak, sum(map(_resident, family)))
        cpu = max(cpu, sum(map(_cpu, family)))
        rows = _noted(note) or rows
        if kill_at is not None and rows >= kill_at:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(_EVERY)
    out, error = process.communicate()
    seconds = time.monotonic() - started
    if kill_at is None:
        if process.returncode:
            raise SystemExit(error.decode())
        rows = json.loads(out)["rows"]
    elif process.returncode != -signal.SIGKILL:
        raise SystemExit("the run ended before it could be killed; take more rows")
    return Ran(seconds, cpu, peak, rows)


def _noted(note: Path) -> int:
    try:
        return int(json.loads(note.read_bytes())["place"]["rows"])
    except (OSError, ValueError):
        return 0


def _family(parent: int) -> list[int]:
    """A process and all that it started."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return [parent]
    return [parent, *(one for child in children for one in _family(int(child)))]


def _resident(process: int) -> float:
    """MB that a process holds now."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def _cpu(process: int) -> float:
    """Seconds of processor time that a process has had."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
