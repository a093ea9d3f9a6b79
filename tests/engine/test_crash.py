"""kill -9 at any moment: what was acknowledged is there and right."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto.engine.store import Row
from llm_guard_protecto.engine.store.sqlite import SqliteStore

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


def test_a_file_that_is_whole_only_with_its_log_opens(tmp_path: Path) -> None:
    """What a kill in the middle of a checkpoint leaves: pages in the log, not all in the file."""
    tmp_path.chmod(0o700)
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    rows = [Row(n.to_bytes(16, "big"), 0, "k", f"t{n}x", 0, 1, b"x" * 64, 1) for n in range(300)]
    with SqliteStore(first) as store:
        store.add(store.namespace("default"), rows)
        for end in ("", "-wal"):
            shutil.copy(f"{first}{end}", f"{second}{end}")
    log, page = Path(f"{second}-wal").read_bytes(), 4096
    frames = [log[at : at + 24 + page] for at in range(32, len(log), 24 + page)]
    firsts = [frame[24:] for frame in frames if frame[:4] == (1).to_bytes(4, "big")]
    second.write_bytes(firsts[-1] + second.read_bytes()[page:])
    assert int.from_bytes(firsts[-1][28:32], "big") > second.stat().st_size // page
    with SqliteStore(second) as store:
        tokens = [row.token for row in rows]
        assert len(store.by_token(store.namespace("default"), tokens)) == len(rows)
