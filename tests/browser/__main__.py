"""`python -m tests.browser [pytest options]`: installs what is missing, then runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.bench.environment import environment
from tests.browser.chromium import found

ROOT = Path(__file__).parents[2]
DRIVERS = ("playwright==1.65.2", "axe-playwright-python==0.1.8")


def _chromium() -> None:
    """Have a Chromium on the machine; Debian's package where there is none."""
    if found() is None:
        if shutil.which("apt-get") is None:
            sys.exit("there is no Chromium here: install one, or name it in LGP_CHROMIUM")
        root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*root, "apt-get", "install", "-y", "-q", "chromium"], check=True)


def main() -> int:
    """Run the tests; the exit code of pytest."""
    _chromium()
    python: Path | str = Path(sys.executable)
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None:
        python = environment("browser", ("-e", f"{ROOT}[dev]"), DRIVERS)
        if isinstance(python, str):
            sys.exit(python)
    words = [python, "-m", "pytest", "-m", "browser", "tests/browser", *sys.argv[1:]]
    return subprocess.run(words, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
