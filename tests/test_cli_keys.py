"""`keys` and `erase` from outside: what they print, what they promise, how they end."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import apsw
import pytest
from typer.testing import CliRunner

from llm_guard_protecto.cli import app
from llm_guard_protecto.cli.show_keys import show_keys, show_verified
from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.verify import verify
from tests.engine.rotating import masked

NAMES = ["Imogen Hartley", "Oisín Byrne"]


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """A fresh user, whose vault holds two names in two namespaces."""
    monkeypatch.chdir(tmp_path)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "LLM_GUARD_VAULT": "vault.db"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with LocalVault(environ=environ) as vault:
        masked(vault, NAMES)
        masked(vault.in_namespace("other"), NAMES[:1])
    return environ


def run(*words: str, stdin: str = "", code: int = 0) -> str:
    done = CliRunner().invoke(app, words, input=stdin)
    assert done.exit_code == code, done.output
    return done.output


def told(*words: str, stdin: str = "", code: int = 0) -> object:
    return json.loads(run(*words, "--json", stdin=stdin, code=code))


def tokens(environ: Mapping[str, str], namespace: str = "default") -> list[str]:
    with LocalVault(environ=environ) as vault:
        return masked(vault.in_namespace(namespace), NAMES)


def test_every_rotation_leaves_every_token(environ: Mapping[str, str]) -> None:
    before = tokens(environ), tokens(environ, "other")
    assert "keys wrapped anew" in run("keys", "rotate", "--root")
    assert run("keys", "rotate", "--data", "--rewrap") == (
        "default: data key 2 is in use, 2 written anew\nother: data key 2 is in use, 2 written anew\n"
    )
    assert "values sealed before open by older ones" in run("keys", "rotate", "--data")
    assert "index key 2 is in use" in run("keys", "rotate", "--index", "--namespace", "other")
    assert "token key 2 is in use\n" in run("keys", "rotate", "--token")
    assert (tokens(environ), tokens(environ, "other")) == before
    assert "data  version 3  state primary" in run("keys", "status", "--namespace", "other")
    states = told("keys", "status")
    assert isinstance(states, dict)
    assert {(key["role"], key["version"], key["state"]) for key in states["keys"]} >= {
        ("data", 1, "retired"),
        ("data", 2, "active"),
        ("data", 3, "primary"),
        ("index", 1, "primary"),
        ("token", 2, "primary"),
    }


def test_rotations_speak_json(environ: Mapping[str, str]) -> None:
    root = told("keys", "rotate", "--root")
    assert isinstance(root, dict)
    assert root["rewrapped"] >= 6
    assert root["kept"].endswith(".retired")
    data = told("keys", "rotate", "--index", "--namespace", "default")
    assert data == [
        {"namespace": "default", "role": "index", "version": 2, "rewritten": 2, "damaged": 0,
         "open": False}
    ]  # fmt: skip


def test_a_given_key_is_replaced_as_the_message_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    old, new = (b64encode(sha256(word).digest()).decode() for word in (b"old", b"new"))
    monkeypatch.setenv("LGP_VAULT_KEY", old)
    monkeypatch.setenv("LLM_GUARD_VAULT", "vault.db")
    run("keys", "status")
    refused = run("keys", "rotate", "--root", code=1)
    assert "LGP_VAULT_NEW_KEY" in refused
    monkeypatch.setenv("LGP_VAULT_NEW_KEY", new)
    assert "next: set LGP_VAULT_KEY" in run("keys", "rotate", "--root")
    monkeypatch.setenv("LGP_VAULT_KEY", new)
    monkeypatch.delenv("LGP_VAULT_NEW_KEY")
    run("keys", "status")
    monkeypatch.setenv("LGP_VAULT_KEY", old)
    assert "needs key" in run("keys", "status", code=3)


@pytest.mark.parametrize(
    "words",
    [["keys", "rotate"], ["keys", "rotate", "--root", "--data"], ["keys", "rotate", "--root", "--rewrap"],
     ["keys", "rotate", "--root", "--namespace", "other"], ["erase"],
     ["erase", "--value", "-", "--expired"], ["erase", "--value", "Imogen"],
     ["erase", "--before", "yesterday"]],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(environ: Mapping[str, str], words: list[str]) -> None:
    said = run(*words, code=2)
    assert "(see --help)" in said


@pytest.mark.parametrize(
    "words", [["keys", "rotate", "--data", "--namespace"], ["erase", "--expired", "--in"],
              ["keys", "status", "--namespace"], ["erase", "--namespace"]]
)  # fmt: skip
def test_a_namespace_that_is_not_there_is_not_made(
    environ: Mapping[str, str], words: list[str]
) -> None:
    assert "no namespace 'nobody'" in run(*words, "nobody", code=1)
    with LocalVault(environ=environ) as vault:
        assert set(vault.store.tenants.names()) == {"default", "other"}


def test_a_backup_opens_with_the_key_and_holds_none(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    before = tokens(environ)
    said = run("keys", "backup", "copy.db")
    assert "not in it" in said
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("copy.db?*"))
    for secret in (tmp_path / "config").rglob("*.key"):
        assert secret.read_bytes().strip() not in (tmp_path / "copy.db").read_bytes()
    with LocalVault("copy.db", environ=environ) as copy:
        assert [one.value for one in copy.unmask(before)] == NAMES
    assert "is there already" in run("keys", "backup", "copy.db", code=1)
    facts = told("keys", "backup", "again.db")
    assert isinstance(facts, dict)
    assert (facts["tokens"], facts["namespaces"], facts["success"]) == (3, 2, True)
    assert facts["holds_root_key"] is False


def test_verify_names_what_does_not_open_and_no_value(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    assert "damaged    0\n" in run("keys", "verify")
    db = apsw.Connection(str(tmp_path / "vault.db"))
    [(token,)] = db.execute("SELECT token FROM tokens WHERE namespace = 1 LIMIT 1").fetchall()
    db.execute(
        "UPDATE tokens SET sealed = zeroblob(45) WHERE token = ? AND namespace = 1", (token,)
    )
    db.close()
    said = run("keys", "verify", code=1)
    assert f"default: token {token} does not open\n" in said
    assert "Imogen" not in said
    facts = told("keys", "verify", code=1)
    assert isinstance(facts, dict)
    assert facts["success"] is False
    assert [(one["namespace"], one["name"]) for one in facts["damaged"]] == [("default", token)]
    assert f"token {token} does not open" in run("keys", "backup", "copy.db", code=1)


def test_erase_counts_then_erases(environ: Mapping[str, str]) -> None:
    before = tokens(environ)
    said = run("erase", "--value", "-", "--dry-run", stdin="Imogen Hartley\n")
    assert said == "would be erased: 1 tokens, 0 kept texts, 0 jobs\n"
    assert run("erase", "--value", "-", stdin="Imogen Hartley\r\n") == (
        "erased: 1 tokens, 0 kept texts, 0 jobs\n"
    )
    with LocalVault(environ=environ) as vault:
        assert vault.resolve(before[0]) is None
        assert vault.resolve(before[1]) == NAMES[1]
    other = told("erase", "--value", "-", "--in", "other", stdin="Imogen Hartley")
    assert other == {"tokens": 1, "texts": 0, "jobs": 0, "namespaces": 0, "dry_run": False}
    assert told("erase", "--subject", "nobody") == {**other, "tokens": 0}
    assert told("erase", "--expired") == {**other, "tokens": 0}
    assert told("erase", "--before", "2001-01-01", "--dry-run")["tokens"] == 0  # type: ignore[index]
    assert run("erase", "--namespace", "other").endswith("1 namespace\n")
    assert told("erase", "--before", "2999-01-01") == {**other, "tokens": 1}


def test_people_see_tables(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with LocalVault(environ=environ) as vault:
        show_keys(vault.keys_status())
        show_verified(verify(vault.store, vault.root))
    shown = capsys.readouterr().out
    assert "primary" in shown
    assert "everything opens" in shown
    assert "Imogen" not in shown


def limited(environ: Mapping[str, str], size: int, *words: str, stdin: str = "") -> tuple[int, str]:
    """Run a command in a process whose files may not grow beyond `size` bytes."""
    done = subprocess.run(
        [sys.executable, "-m", "llm_guard_protecto", *words],
        input=stdin,
        env={**os.environ, **environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_full_disk_stops_a_rotation_and_an_erasure_which_go_on_when_there_is_room(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    values = [f"value {n}" for n in range(3000)]
    with LocalVault(environ=environ) as vault:
        before = masked(vault, values)
    room = (tmp_path / "vault.db").stat().st_size + 2**16
    code, said = limited(environ, room, "keys", "rotate", "--index")
    assert code == 1, said
    assert "vault.db" in said
    code, said = limited(environ, room // 2, "erase", "--value", "-", stdin="value 7")
    assert code == 1, said
    with LocalVault(environ=environ) as vault:
        assert masked(vault, values[8:]) == before[8:]
        assert verify(vault.store, vault.root).good
    assert "index key 2 is in use" in run("keys", "rotate", "--index")
    run("erase", "--value", "-", stdin="value 7")
    with LocalVault(environ=environ) as vault:
        assert [one.value for one in vault.unmask(before[8:20])] == values[8:20]
        assert vault.resolve(before[7]) is None
        assert verify(vault.store, vault.root).good
