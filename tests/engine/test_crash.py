"""kill -9 at any moment: what was acknowledged is there and right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHILDREN = Path(__file__).with_name("children.py")


def crash(path: Path, rounds: int, seed: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, CHILDREN, "crash", path, str(rounds), str(seed)],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def check(said: dict[str, Any], rounds: int) -> None:
    assert (said["lost"], said["wrong"], said["sick"]) == ([], [], [])
    assert said["acked"] >= rounds, "too little was written to prove anything"
    assert said["rows"] >= said["acked"]


def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    check(crash(tmp_path / "vault.db", 100, 1), 100)


@pytest.mark.slow
def test_five_thousand_kills_lose_nothing(tmp_path: Path) -> None:
    for seed in range(50):
        check(crash(tmp_path / f"{seed}.db", 100, seed), 100)
