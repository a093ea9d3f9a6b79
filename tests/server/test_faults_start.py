"""A server that cannot start: it says why and what to do, with an exit code, and changes nothing."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw
import pytest

from llm_guard_protecto import LocalVault
from tests.test_canaries import KEY

START = ("serve", "--vault", "vault.db", "--port", "0")
OTHER_KEY = "7Zk1yq3m0pVwX5cRbN9sJhT2dGfLaQ8uE4oYiK6xMzA="


def missing_key(home: Path) -> dict[str, str]:
    return {"LGP_VAULT_KEY_FILE": str(home / "nowhere.key")}


def wrong_key(_: Path) -> dict[str, str]:
    return {"LGP_VAULT_KEY": OTHER_KEY}


def empty_key(_: Path) -> dict[str, str]:
    return {"LGP_VAULT_KEY": ""}


def open_to_all(home: Path) -> dict[str, str]:
    (home / "vault.db").chmod(0o644)
    return KEY


def no_vault(home: Path) -> dict[str, str]:
    (home / "vault.db").write_bytes(b"a letter to a friend, longer than a header would be" * 20)
    return KEY


def newer(home: Path) -> dict[str, str]:
    db = apsw.Connection(str(home / "vault.db"))
    db.pragma("user_version", 999)
    db.close()
    return KEY


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (missing_key, 3, "key"),
        (wrong_key, 3, "key"),
        (empty_key, 3, "key"),
        (open_to_all, 3, "chmod 600"),
        (no_vault, 1, "is not a vault"),
        (newer, 1, "upgrade"),
    ],
)
def test_a_start_that_cannot_be(outside: Any, fault: Any, code: int, said: str) -> None:
    """One line that says what to do, an exit code, and a vault that is as it was."""
    vault = outside.home / "vault.db"
    with LocalVault(vault, environ=KEY) as made:
        made.mask(["Ask Sarah Johnson"])
    environ = fault(outside.home)
    before = vault.read_bytes()
    began = time.monotonic()
    ran = outside.cli(*START, **environ)
    assert time.monotonic() - began < 20  # a process starts; it does not wait
    assert (ran.returncode, ran.stdout) == (code, b"")
    [line] = ran.stderr.decode().splitlines()
    assert said in line
    assert vault.read_bytes() == before


def test_a_vault_that_is_read_only(outside: Any) -> None:
    """As a user who may read and not write; root may everything, so root becomes somebody else."""
    nobody = 65534
    with TemporaryDirectory() as folder:
        vault = Path(folder) / "vault.db"
        LocalVault(vault, environ=KEY).close()
        vault.chmod(0o400)
        if os.geteuid() == 0:
            for place in (folder, vault):
                os.chown(place, nobody, nobody)
        code = (
            "import contextlib, importlib, os, pkgutil, resource, sys\n"
            "import typer\n"
            "from llm_guard_protecto.cli import main\n"
            "for module in pkgutil.walk_packages(typer.__path__, 'typer.'):\n"
            "    if '__main__' not in module.name:\n"
            "        with contextlib.suppress(Exception):\n"
            "            importlib.import_module(module.name)\n"
            # All that is needed, while it can still be read.
            "import llm_guard_protecto.server.running, llm_guard_protecto.server.hardening\n"
            "import llm_guard_protecto.server.logs, llm_guard_protecto.engine.store.sqlite\n"
            f"os.geteuid() or os.seteuid({nobody})\n"
            f"sys.argv[1:] = ['serve', '--vault', {str(vault)!r}, '--port', '0']\n"
            "main()"
        )
        ran = outside.run(sys.executable, "-c", code, **KEY)
    assert (ran.returncode, ran.stdout) == (1, b""), ran.stderr
    assert b"read-only" in ran.stderr, ran.stderr
    assert ran.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "--plain"),
        (("--certificate", "c.pem"), "both --certificate and --key"),
        (("--certificate", "c.pem", "--key", "k.pem"), "the certificate or its key"),
        (("--host", "203.0.113.7", "--plain"), "cannot listen on 203.0.113.7"),
    ],
)
def test_an_address_that_cannot_be_served(outside: Any, words: tuple[str, ...], said: str) -> None:
    ran = outside.cli("serve", "--vault", "memory:", "--port", "0", *words)
    assert (ran.returncode, ran.stdout) == (1, b"")
    [line] = ran.stderr.decode().splitlines()
    assert said in line
