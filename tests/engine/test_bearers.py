"""Tokens and namespaces as the engine keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.bearers import PERMISSIONS, TOKEN, Bearers
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store.sql import migrations
from llm_guard_protecto.engine.store.sqlite_file import APPLICATION_ID
from llm_guard_protecto.errors import ConfigurationError, VaultError

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


@pytest.fixture
def namespaces(path: Path) -> Iterator[Namespaces]:
    with LocalVault(path, environ=KEY) as vault:
        yield Namespaces(vault)


@pytest.fixture
def bearers(namespaces: Namespaces) -> Bearers:
    return Bearers(namespaces)


def test_a_token_can_be_told_from_other_text(bearers: Bearers) -> None:
    token = bearers.create("acme", "alice", PERMISSIONS)
    assert re.fullmatch(r"lgp_user_[0-9A-Za-z]{49}", token)
    assert TOKEN.fullmatch(token)
    assert bearers.create(None, "root").startswith("lgp_root_")
    assert bearers.create("acme", "alice", PERMISSIONS) != token


def test_any_slip_in_a_token_is_refused(bearers: Bearers) -> None:
    token = bearers.create("acme", "alice", ["mask"])
    assert bearers.caller(token) is not None
    for at in range(len(token)):
        other = "a" if token[at] != "a" else "b"
        assert bearers.caller(token[:at] + other + token[at + 1 :]) is None
    for wrong in ("", token + " ", token[:-1], token.upper(), token + "\0", "\ud800"):
        assert bearers.caller(wrong) is None


def test_a_token_says_who_and_what(bearers: Bearers) -> None:
    caller = bearers.caller(bearers.create("acme", "alice", ["mask", "unmask", "mask"]))
    assert caller is not None
    assert (caller.namespace, caller.owner) == ("acme", "alice")
    assert caller.permissions == {"mask", "unmask"}
    assert not caller.master
    root = bearers.caller(bearers.create(None, "root"))
    assert root is not None
    assert root.master
    assert not root.permissions


def test_the_file_holds_a_digest_and_no_token(bearers: Bearers, path: Path) -> None:
    token = bearers.create("acme", "alice", ["mask"])
    on_disk = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert sha256(token.encode()).digest() in on_disk
    assert token.encode() not in on_disk
    assert token[9:].encode() not in on_disk
    assert token not in repr(bearers.held(token))


def test_another_process_revokes_too(bearers: Bearers, path: Path) -> None:
    token = bearers.create("acme", "alice", ["mask"])
    held = bearers.held(token)
    assert held is not None
    with LocalVault(path, environ=KEY) as other:
        there = Bearers(Namespaces(other))
        assert there.caller(token) is not None
        assert there.revoke(held.digest)
        assert not there.revoke(held.digest)
    assert bearers.caller(token) is None


def test_what_no_token_can_be(bearers: Bearers, namespaces: Namespaces) -> None:
    for namespace, permissions, days in [
        ("acme", [], ()),
        ("acme", ["read"], ()),
        ("acme", ["mask"], (5, 4)),
        ("", ["mask"], ()),
        ("x" * 201, ["mask"], ()),
        (" acme", ["mask"], ()),
        ("a\0b", ["mask"], ()),
    ]:
        with pytest.raises(ConfigurationError):
            bearers.create(namespace, "alice", permissions, *days)
    assert namespaces.names() == ["default"]


def test_a_namespace_is_made_once_and_shares_no_token(namespaces: Namespaces) -> None:
    assert namespaces.get("a") is None
    assert namespaces.create("a")
    assert not namespaces.create("a")
    assert namespaces.create("b")
    assert namespaces.names() == ["default", "a", "b"]
    a, b = namespaces.get("a"), namespaces.get("b")
    assert a is not None
    assert b is not None
    assert namespaces.get("a") is a
    text = "Sarah Johnson, sarah.johnson@example.com"
    [here], [there] = a.mask([text]), b.mask([text])
    runs = [set(re.findall(r"\w{5,}", one.token_value)) - {"EMAIL"} for one in (here, there)]
    assert runs[0]
    assert not runs[0] & runs[1]
    assert b.unmask([here.token_value])[0].value == here.token_value
    assert a.unmask([here.token_value])[0].value == text
    a.close()  # what is borrowed cannot close the file
    assert b.unmask([there.token_value])[0].value == text


def test_what_is_deleted_is_gone_for_those_who_had_it_open(namespaces: Namespaces) -> None:
    namespaces.create("a")
    a = namespaces.get("a")
    assert a is not None
    old = a.keyring.namespace
    a.mask(["Sarah Johnson"])
    assert namespaces.delete("a")
    assert not namespaces.delete("a")
    assert namespaces.get("a") is None
    with pytest.raises(VaultError):
        a.mask(["Wilhelmina Featherstonehaugh lives here"])
    assert namespaces.create("a")
    again = namespaces.get("a")
    assert again is not None
    assert again.keyring.namespace != old
    assert again.keyring.root_id == a.keyring.root_id


def test_another_process_that_deleted_and_made_a_namespace_is_noticed(
    namespaces: Namespaces, path: Path
) -> None:
    namespaces.create("a")
    before = namespaces.get("a")
    with LocalVault(path, environ=KEY) as other:
        there = Namespaces(other)
        assert there.delete("a")
        assert there.create("a")
    after = namespaces.get("a")
    assert after is not None
    assert after is not before
    assert after.mask(["Sarah Johnson"])


def test_a_vault_of_before_there_was_a_server_is_brought_up_to_date(path: Path) -> None:
    with LocalVault(path, environ=KEY) as vault:
        [masked] = vault.mask(["Sarah Johnson"])
    as_schema(path, 2)
    with LocalVault(path, environ=KEY) as vault:
        assert vault.unmask([masked.token_value])[0].value == "Sarah Johnson"
        bearers = Bearers(Namespaces(vault))
        assert bearers.caller(bearers.create("default", "alice", ["mask"]))


def as_schema(path: Path, version: int) -> None:
    """Put a vault file back to what an earlier version of this program would have written."""
    old = path.with_name("old.db")
    with closing(apsw.Connection(str(old))) as db:
        for script in migrations()[:version]:
            db.execute(script)
        db.execute("ATTACH ? AS new", (str(path),))
        for (table,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
        ).fetchall():
            if not str(table).startswith("sqlite_"):
                found = db.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()
                columns = ", ".join(str(name) for (name,) in found)
                db.execute(
                    f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}"
                )
        db.execute("DETACH new")
        db.pragma("application_id", APPLICATION_ID)
        db.pragma("user_version", version)
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    old.chmod(0o600)
    old.rename(path)
