"""An interpreter that has Protecto's own SDK, unmodified, from PyPI.

It pins an old `requests`, so it needs an environment of its own: made once, in the user's cache
folder, and found again by what it was asked to hold.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import platformdirs

__all__ = ["REQUIREMENT", "sdk_python"]

REQUIREMENT = "protecto-ai==1.0.2"


def sdk_python() -> Path:
    """Return the interpreter, making its environment first if need be (some seconds).

    Raises `RuntimeError` with pip's words when it cannot be made.
    """
    named = hashlib.sha256(f"{sys.version} {REQUIREMENT}".encode()).hexdigest()[:12]
    folder = platformdirs.user_cache_path("llm-guard-protecto") / f"protecto-sdk-{named}"
    inside = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="protecto-sdk-") as new:
            made = Path(new) / "venv"
            _make(made, made / inside)
            try:
                made.rename(folder)  # whole or not at all, whoever else makes one
            except OSError:
                if not folder.exists():
                    raise
                shutil.rmtree(made)
    return folder / inside


def _make(folder: Path, python: Path) -> None:
    venv.create(folder, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ran = subprocess.run([*pip, REQUIREMENT], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"{REQUIREMENT} could not be installed: {ran.stderr[-2000:]}")
