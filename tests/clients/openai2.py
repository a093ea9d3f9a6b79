"""An interpreter that has the older OpenAI SDK, the one that speaks `httpx`.

Made once, in the user's cache folder, and found again by what it was asked to hold. A variable
names another one: `LGP_OPENAI2_PYTHON=/path/to/python` (it needs `openai<3` and our dependencies).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import tomllib
import venv
from pathlib import Path

import platformdirs

__all__ = ["NoOldSdk", "openai2_python"]

ROOT = Path(__file__).parents[2]


class NoOldSdk(Exception):
    """There is none, and it cannot be installed here; says why."""


def openai2_python() -> Path:
    """Return the interpreter, making its environment first if need be (a minute or more)."""
    if given := os.environ.get("LGP_OPENAI2_PYTHON"):
        return Path(given)
    wanted = _requirements()
    named = hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()[:12]
    folder = platformdirs.user_cache_path("llm-guard-protecto") / f"openai2-{named}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    finished = folder / "finished"
    with _alone(folder.with_suffix(".lock")):
        if not finished.exists():
            _make(folder, python, wanted)
            finished.touch()
    return python


def _requirements() -> list[str]:
    """Our own dependencies with the older SDK in place of the newest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    others = [name for name in project["dependencies"] if not name.startswith("openai")]
    return [*others, "openai[realtime]>=2,<3", "email-validator>=2"]


def _make(folder: Path, python: Path, wanted: list[str]) -> None:
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installing = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    if installing.returncode:
        said = installing.stderr.strip().splitlines()[-3:]
        raise NoOldSdk(
            "openai<3 could not be installed to test against (is there a network?): "
            + " / ".join(said)
        )


class _alone:  # noqa: N801 - reads as a phrase where it is used
    """One process at a time: the others wait for the lock file to go."""

    def __init__(self, lock: Path) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                self._lock.open("x").close()
            except FileExistsError:
                if time.time() - self._lock.stat().st_mtime > 600:  # its owner was killed
                    self._lock.unlink(missing_ok=True)
                time.sleep(0.5)
            else:
                return

    def __exit__(self, *_: object) -> None:
        self._lock.unlink(missing_ok=True)
