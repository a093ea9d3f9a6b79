"""The module-level client of the OpenAI SDK, of both families, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.openai2 import ROOT, NoOldSdk, openai2_python


def check(python: Path | str) -> None:
    ran = subprocess.run(
        [python, "-m", "tests.clients.module_level"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]


def test_the_newest() -> None:
    check(sys.executable)


def test_the_older() -> None:
    try:
        python = openai2_python()
    except NoOldSdk as why:
        pytest.skip(str(why))
    check(python)
