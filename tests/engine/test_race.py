"""Many processes, one vault, the same values: every process gives every value the same token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILDREN = Path(__file__).with_name("children.py")


def race(url: str, directory: Path, values: int) -> None:
    go = directory / "go"
    processes = [
        subprocess.Popen(
            [sys.executable, CHILDREN, "race", url, go, str(values), str(seed)],
            env={**os.environ, "XDG_CONFIG_HOME": str(directory / "config")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(8)
    ]
    for process in processes:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
    go.touch()
    answers = []
    for process in processes:
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        answers.append(json.loads(out))
    tokens = [answer["tokens"] for answer in answers]
    assert all(theirs == tokens[0] for theirs in tokens)
    assert len(tokens[0]) == values
    assert len({token.lower() for token in tokens[0]}) == values
    # A token is longer than four characters when three others were taken.
    met = sum(len(token) > 4 for token in tokens[0])
    assert met > 0, "no value met another on its token"


def test_eight_processes_agree_on_every_token(tmp_path: Path) -> None:
    race(str(tmp_path / "vault.db"), tmp_path, 2000)


def test_eight_processes_agree_on_every_token_of_postgres(tmp_path: Path, postgres: str) -> None:
    race(postgres, tmp_path, 1000)


@pytest.mark.slow
def test_eight_processes_agree_on_two_thousand_tokens_of_postgres(
    tmp_path: Path, postgres: str
) -> None:
    race(postgres, tmp_path, 2000)
