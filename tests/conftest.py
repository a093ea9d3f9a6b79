"""What the tests from outside share: a program in a process of its own, as a fresh user, offline."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import llm_guard_protecto
from llm_guard_protecto.engine.store import Store, open_store
from tests.postgres import Server, running_server
from tests.sweep import pytest_sessionfinish, pytest_sessionstart, pytest_testnodedown

__all__ = ["pytest_sessionfinish", "pytest_sessionstart", "pytest_testnodedown"]

ROOT = Path(llm_guard_protecto.__file__).parents[1]

# Loaded by every Python process below: a connection that leaves this machine is an error.
_OFFLINE = """
import sys

def offline(event, args):
    host = None
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    if host not in (None, "localhost", "127.0.0.1", "::1"):
        raise OSError(f"offline: {event} {host}")

sys.addaudithook(offline)
"""

STORES = ("memory", "sqlite", "postgres")
"""Every kind of store: what the fixtures `store` and `store_url` go through."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The PostgreSQL of this run; it starts with the first test that asks for it."""
    with running_server() as server:
        yield server


@pytest.fixture
def empty_postgres(postgres_server: Server) -> str:
    """The URL of a new PostgreSQL database, with nothing in it."""
    return postgres_server.fresh()


@pytest.fixture(scope="session")
def _wiped() -> list[str]:
    """Databases that hold the tables of a vault and no rows."""
    return []


@pytest.fixture
def postgres(postgres_server: Server, _wiped: list[str]) -> Iterator[str]:
    """The URL of a PostgreSQL vault without a row, this test's own until it ends."""
    if not _wiped:
        _wiped.append(postgres_server.fresh())
        open_store(_wiped[0]).close()
    url = _wiped.pop()
    yield url
    postgres_server.wipe(url)
    _wiped.append(url)


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind in turn."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres"))
    return {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path / 'vault.db'}"}[request.param]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store of each kind in turn."""
    with open_store(store_url) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Outside:
    """A fresh user: an empty home, which is also the working folder, and no settings."""

    home: Path
    environ: Mapping[str, str]

    def run(
        self, *command: str | Path, stdin: bytes = b"", **environ: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end; `environ` is added to the user's environment."""
        return subprocess.run(
            command,
            input=stdin,
            cwd=self.home,
            env={**self.environ, **environ},
            capture_output=True,
            timeout=120,
            check=False,
        )

    def cli(
        self, *words: str, stdin: bytes = b"", **environ: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one command of ours."""
        return self.run(sys.executable, "-m", "llm_guard_protecto", *words, stdin=stdin, **environ)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled rules are kept: they take seconds to compile, so once for all users."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def outside(tmp_path: Path, cache: Path) -> Outside:
    offline = tmp_path / "offline"
    offline.mkdir()
    (offline / "sitecustomize.py").write_text(_OFFLINE)
    home = tmp_path / "home"
    home.mkdir()
    inherited = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "TMPDIR", "PYTHONDONTWRITEBYTECODE")
        if name in os.environ
    }
    return Outside(
        home,
        {
            **inherited,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CACHE_HOME": str(cache),
            "PYTHONPATH": f"{offline}{os.pathsep}{ROOT}",
            "PYTHONWARNINGS": "error",
            "COLUMNS": "80",
            "LANG": "C.UTF-8",
        },
    )
