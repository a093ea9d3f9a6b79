"""Environments of their own for what others make: made on first use in the user's cache folder."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import platformdirs

__all__ = ["environment"]


@cache
def environment(name: str, *rounds: Sequence[str], uv: bool = False) -> Path | str:
    """The Python of an environment with these packages; a string says why there is none.

    Each of `rounds` are the arguments of one `pip install`, in order; with `uv`, which resolves
    large frameworks in seconds where pip takes minutes, of its `pip install`.
    """
    folder = platformdirs.user_cache_path("llm-guard-protecto") / "bench" / name
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    done = folder / "installed.txt"
    wanted = "\n".join(" ".join(one) for one in rounds)
    if done.is_file() and done.read_text() == wanted:
        return python
    venv.create(folder / "venv", with_pip=True)
    pip = [str(python), "-m", "pip", "install", "-q"]
    tool = [*pip[:2], "uv", *pip[2:], "--python", pip[0]] if uv else pip
    for command in [*([[*pip, "uv"]] if uv else []), *([*tool, *one] for one in rounds)]:
        installed = subprocess.run(command, capture_output=True, check=False)
        if installed.returncode:
            return f"{name} could not be installed (no network?)"
    done.write_text(wanted)
    return python
