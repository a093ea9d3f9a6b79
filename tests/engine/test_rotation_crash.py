"""Rotations that are killed at any moment, while others mask: nothing lost, nobody disagrees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.verify import verify
from tests.engine.rotating import masked

PROGRAM = Path(__file__).with_name("rotating.py")


def killed_rotations(url: str, home: Path, rounds: int, values: int) -> dict[str, Any]:
    """Fill a vault, then rotate and kill; the vault must have everything afterwards."""
    environ = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    environ.pop("LGP_VAULT_KEY", None)
    with LocalVault(url, environ=environ, audit=False) as vault:
        everything = [f"value {n}" for n in range(values)]
        tokens = masked(vault, everything[: values // 2])
    done = subprocess.run(
        [sys.executable, PROGRAM, url, home / "ledger", str(rounds), "7", str(values)],
        env={**environ, "PYTHONPATH": str(PROGRAM.parents[2])},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    check(url, environ, home, dict(zip(everything, tokens, strict=False)))
    return said


def check(url: str, environ: Mapping[str, str], home: Path, first: dict[str, str]) -> None:
    """Every token that anybody was ever given is that of its value, for all of them."""
    given = dict(first)
    lines = 0
    for ledger in home.glob("ledger.*"):
        for line in ledger.read_text("utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                value, token = line[:-1].split("\t")
                assert given.setdefault(value, token) == token, "two tokens for one value"
                lines += 1
    assert lines > 1000, "too little was masked to prove anything"
    with LocalVault(url, environ=environ, audit=False) as vault:
        values = list(given)
        for at in range(0, len(values), 500):
            some = values[at : at + 500]
            assert masked(vault, some) == [given[value] for value in some]
            restored = vault.unmask([given[value] for value in some])
            assert [one.value for one in restored] == some
        found = verify(vault.store, vault.root)
        assert found.good, found
        # A masker may have been killed between its answer and its ledger.
        assert found.tokens >= len({token.lower() for token in given.values()})
        versions = [key.version for key in found.keys["default"] if key.role == "data"]
        assert max(versions) > 3, "no rotation got far enough to prove anything"


def test_twenty_killed_rotations_lose_nothing(tmp_path: Path) -> None:
    said = killed_rotations(str(tmp_path / "vault.db"), tmp_path, 20, 800)
    assert said == {"killed": 20, "first": [0] * 4, "resumed": [0] * 4, "ends": []}


@pytest.mark.slow
def test_twenty_killed_rotations_on_postgres_lose_nothing(postgres: str, tmp_path: Path) -> None:
    said = killed_rotations(postgres, tmp_path, 20, 800)
    assert said == {"killed": 20, "first": [0] * 4, "resumed": [0] * 4, "ends": []}


@pytest.mark.slow
def test_two_hundred_killed_rotations_lose_nothing(tmp_path: Path) -> None:
    said = killed_rotations(str(tmp_path / "vault.db"), tmp_path, 200, 20_000)
    assert said == {"killed": 200, "first": [0] * 4, "resumed": [0] * 4, "ends": []}
