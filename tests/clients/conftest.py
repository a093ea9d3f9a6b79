"""The scripted server, and the older SDK's results for every form."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from tests.clients.openai2 import ROOT, NoOldSdk, openai2_python


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a proxy or a key of this machine."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith(("OPENAI_", "AZURE_OPENAI_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def openai2_report() -> dict[str, Any]:
    """What `sdk_matrix` printed under openai 2.x: `{"openai": VERSION, "results": {...}}`."""
    try:
        python = openai2_python()
    except NoOldSdk as why:
        if os.environ.get("CI"):
            pytest.fail(str(why))
        pytest.skip(str(why))
    running = subprocess.run(
        [python, "-W", "error::ResourceWarning", "-m", "tests.clients.sdk_matrix"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::ResourceWarning"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert running.returncode == 0, running.stderr[-3000:]
    assert "ResourceWarning" not in running.stderr, running.stderr[-3000:]
    report: dict[str, Any] = json.loads(running.stdout)
    return report
