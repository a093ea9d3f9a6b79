"""Node packages of their own for what others make: fetched on first use into the cache folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import platformdirs

__all__ = ["packages", "program"]

_HERE = Path(__file__).parent / "programs"


@cache
def packages(name: str, wanted: Sequence[str]) -> Path | str:
    """The folder in which these packages are installed; a string says why there is none."""
    folder = platformdirs.user_cache_path("llm-guard-protecto") / "bench" / name
    done = folder / "installed.txt"
    if done.is_file() and done.read_text() == " ".join(wanted):
        return folder
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    command = [npm, "install", "--no-audit", "--no-fund", *wanted]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
        return f"{name} could not be installed (no network?)"
    done.write_text(" ".join(wanted))
    return folder


def program(folder: Path, name: str) -> list[str]:
    """The command that runs a program of ours with these packages: node looks beside the file."""
    return ["node", str(shutil.copy(_HERE / name, folder / name))]
