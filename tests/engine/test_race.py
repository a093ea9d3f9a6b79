"""Many processes, one file, the same values: every process gives every value the same token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CHILDREN = Path(__file__).with_name("children.py")


def test_eight_processes_agree_on_every_token(tmp_path: Path) -> None:
    go, path = tmp_path / "go", tmp_path / "vault.db"
    processes = [
        subprocess.Popen(
            [sys.executable, CHILDREN, "race", path, go, "2000", str(seed)],
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")},
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
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        answers.append(json.loads(out))
    tokens = [answer["tokens"] for answer in answers]
    assert all(theirs == tokens[0] for theirs in tokens)
    assert len(tokens[0]) == 2000
    assert len({token.lower() for token in tokens[0]}) == 2000
    assert sum(len(token) > 4 for token in tokens[0]) > 50, "no value met another on its token"
