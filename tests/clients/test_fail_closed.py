"""Fail closed with the real vault. (`forms_fail_closed` has the rest, for every SDK.)

Whatever breaks, the server hears not one byte, and the SDK raises an error of its own, once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import openai
import pytest

from llm_guard_protecto import LocalVault, Span, VaultRefused, protect
from llm_guard_protecto.vault import Vault
from tests.clients.bench import MAIL, PROMPT, Bench, ask, echo, now, outcome
from tests.clients.forms_fail_closed import refused

ROOT = Path(__file__).parents[2]
KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user of their own: no file of this machine is touched."""
    return {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


def key(seed: str) -> str:
    """A root key, as `openssl rand -base64 32` would print one."""
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()


def nothing() -> None:
    """Break nothing."""


def refusal_of(
    vault: Vault, kind: str, before: Callable[[], None] = nothing
) -> openai.APIStatusError:
    """Protect a client, let `before` break something, and ask."""

    async def run() -> openai.APIStatusError:
        bench = Bench(kind, "httpx2")
        with bench.server:
            client = protect(bench.bare(max_retries=2), vault)
            before()
            error = await refused(bench, ask, client=client)
            await bench.close()
        return error

    return asyncio.run(run())


@KINDS
def test_a_detector_that_raises(kind: str) -> None:
    def detector(texts: Sequence[str]) -> list[list[Span]]:
        raise ValueError(f"cannot read {texts}")

    with LocalVault("memory:", detector=detector) as vault:
        error = refusal_of(vault, kind)
    assert (error.status_code, error.code) == (503, "detection_failed")


@KINDS
def test_a_detector_that_hangs(kind: str) -> None:
    released = threading.Event()

    def detector(texts: Sequence[str]) -> list[list[Span]]:
        released.wait(30)
        return [[] for _ in texts]

    with LocalVault("memory:", detector=detector, deadline=0.1) as vault:
        error = refusal_of(vault, kind)
        released.set()
    assert (error.status_code, error.code) == (503, "detection_failed")


@KINDS
def test_a_vault_that_was_closed(kind: str) -> None:
    vault = LocalVault("memory:")
    assert refusal_of(vault, kind, before=vault.close).status_code in (500, 502, 503)


@KINDS
def test_a_vault_that_someone_else_has_locked(
    kind: str, file: Path, environ: dict[str, str]
) -> None:
    other = apsw.Connection(":memory:")

    def lock() -> None:
        nonlocal other
        other = apsw.Connection(str(file))
        other.execute("BEGIN IMMEDIATE")

    with LocalVault(file, environ=environ) as vault:
        error = refusal_of(vault, kind, before=lock)
        other.close()
    assert (error.status_code, error.code) == (503, "vault_unavailable")


# A process of its own: the limit holds for every file a process writes, its test report included.
FULL_DISK = """
import resource, signal, sys
from llm_guard_protecto import LocalVault
from tests.clients.test_fail_closed import refusal_of

def no_more_room():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

with LocalVault(sys.argv[1]) as vault:
    print(refusal_of(vault, sys.argv[2], before=no_more_room).code)
"""


@KINDS
def test_a_disk_that_is_full(kind: str, file: Path, environ: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, file, kind],
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() in ("vault_error", "vault_unavailable"), done.stderr


def test_a_wrong_key_is_refused_before_there_is_a_client(
    file: Path, environ: dict[str, str]
) -> None:
    first = environ | {"LGP_VAULT_KEY": key("a")}
    with LocalVault(file, environ=first) as vault:
        vault.mask([f"write to {MAIL}"])
    with pytest.raises(VaultRefused):
        LocalVault(file, environ=environ | {"LGP_VAULT_KEY": key("b")})


@KINDS
def test_after_a_refusal_all_is_well_again(kind: str, file: Path, environ: dict[str, str]) -> None:
    """The lock goes, and the very same client works."""

    async def run() -> None:
        bench = Bench(kind, "httpx2")
        with bench.server, LocalVault(file, environ=environ) as vault:
            client = protect(bench.bare(), vault)
            locking = apsw.Connection(str(file))
            locking.execute("BEGIN IMMEDIATE")
            assert isinstance(await outcome(ask, client), openai.InternalServerError)
            assert bench.server.accepted == 0
            locking.execute("ROLLBACK")
            locking.close()
            bench.script = echo
            assert (await now(ask(client))).choices[0].message.content == PROMPT
            await bench.close()

    asyncio.run(run())
