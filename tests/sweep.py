"""The canary sweep: after the whole suite, no clear value in any log or vault file.

Every record any library logs, at any level, goes to a file of this run, with its traceback. When
the last test has ended, that file, and every vault, write-ahead log and temporary database that
the tests left behind, are searched for the values the tests masked. One hit fails the run.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.clients.leaks import leaked

__all__ = ["CANARIES", "pytest_sessionfinish", "pytest_sessionstart"]

CANARIES = (
    "sarah.johnson@example.com",
    "Sarah Johnson",
    "(555) 987-6543",
    "4111 1111 1111 1111",
    "456 Elm Avenue",
    "DE89 3704 0044 0532 0130 00",
    "+44 7943 582088",
    "Øystein Brandvold",
)
"""Values of invented people that the tests mask again and again."""

_LOG = pytest.StashKey[Path]()
_NOT_OURS = {"hypothesis", "asyncio", "faker", "markdown_it"}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Write everything that is logged, whoever logs it, to one file."""
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    path = Path(factory.getbasetemp()) / "everything.log"
    handler = logging.FileHandler(path, encoding="utf-8", errors="surrogatepass")
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in _NOT_OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    session.config.stash[_LOG] = path


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search what was logged and what the vaults left on disk."""
    path = session.config.stash.get(_LOG, None)
    if path is None or hasattr(session.config, "workerinput"):
        return
    files = [path, *(p for p in path.parent.rglob("*") if _is_a_vault(p))]
    found = {
        file.relative_to(path.parent): hits
        for file in files
        if (hits := leaked(file.read_bytes(), CANARIES))
    }
    size = path.stat().st_size
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(
            f"\ncanary sweep: {size} bytes of logs and {len(files) - 1} vault files"
        )
    if found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if reporter is not None:
            for file, hits in found.items():
                reporter.write_line(f"canary sweep: {len(hits)} clear values in {file}", red=True)


def _is_a_vault(path: Path) -> bool:
    """A SQLite file of any name, with what belongs to it, and key files."""
    name = path.name
    return path.is_file() and (
        ".db" in name or name.endswith(("-wal", "-shm", "-journal", ".key", ".sqlite"))
    )
