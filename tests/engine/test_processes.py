"""One vault file and many processes: one value one token, and no acknowledged token lost."""

from __future__ import annotations

import base64
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from llm_guard_protecto import LocalVault

KEY = base64.b64encode(os.urandom(32)).decode()

# Masks the same new values as its siblings, in an order of its own, and says what it got.
RACER = """
import json, random, sys
from llm_guard_protecto import Item, LocalVault
path, seed = sys.argv[1], int(sys.argv[2])
values = [f"value {n}" for n in range(2000)]
random.Random(seed).shuffle(values)
tokens = {}
with LocalVault(path) as vault:
    print("ready", flush=True)
    sys.stdin.readline()
    for at in range(0, len(values), 20):
        items = [Item(value, token_name="Text Token") for value in values[at : at + 20]]
        tokens |= {masked.value: masked.token_value for masked in vault.mask(items)}
print(json.dumps(sorted(tokens.items())))
"""

# Masks new values for ever and says each one that was answered.
WRITER = """
import itertools, sys
from llm_guard_protecto import Item, LocalVault
path, start = sys.argv[1], sys.argv[2]
with LocalVault(path) as vault:
    for n in itertools.count():
        value = f"{start} {n}"
        token = vault.mask([Item(value, token_name="Text Token")])[0].token_value
        sys.stdout.write(f"{value}={token}\\n")
        sys.stdout.flush()
"""


@pytest.fixture
def environ() -> dict[str, str]:
    return {**os.environ, "LGP_VAULT_KEY": KEY}


def start(code: str, *words: object, environ: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_eight_processes_agree_on_every_token(tmp_path: Path, environ: dict[str, str]) -> None:
    path = tmp_path / "vault.db"
    racers = [start(RACER, path, seed, environ=environ) for seed in range(8)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    answers = [racer.communicate("go\n", timeout=120)[0] for racer in racers]
    assert all(racer.returncode == 0 for racer in racers)
    assert len(set(answers)) == 1
    with LocalVault(path, environ=environ) as vault:
        (uses,) = {key["uses"] for key in vault.keys_status()["keys"] if key["role"] == "data"}  # type: ignore[attr-defined]
        assert uses == 2000


def test_no_acknowledged_token_is_lost_to_a_kill(tmp_path: Path, environ: dict[str, str]) -> None:
    """The whole vault under kill -9; the store alone is killed 100 times in test_crash.py."""
    path = tmp_path / "vault.db"
    chance = random.Random(7)
    told: dict[str, str] = {}
    for number in range(12):
        writer = start(WRITER, path, f"round {number}", environ=environ)
        assert writer.stdout is not None
        for _ in range(chance.randrange(1, 60)):
            line = writer.stdout.readline()
            value, _, token = line.rstrip("\n").partition("=")
            told[value] = token
        os.kill(writer.pid, signal.SIGKILL)
        for line in writer.communicate(timeout=20)[0].splitlines(keepends=True):
            value, _, token = line.partition("=")
            if token.endswith("\n"):  # a line cut by the kill was not told
                told[value] = token.rstrip("\n")
    with LocalVault(path, environ=environ) as vault:
        values = vault.unmask(list(told.values()))
        assert [unmasked.value for unmasked in values] == list(told)
    connection = apsw.Connection(str(path))
    assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
    connection.close()
