"""Root keys and keyrings: every row of the table of wrong states, races, and what never shows."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import RootKey, configured, open_vault
from llm_guard_protecto.engine.seal import Sealer, joined
from llm_guard_protecto.engine.store import KeyRow, Row, Store, open_store
from llm_guard_protecto.errors import (
    ConfigurationError,
    Unreadable,
    VaultRefused,
    VaultUnavailable,
)

ONE = bytes.fromhex("5f3c1e9ab27d48c60db1e47a9236f85c81d7034be6a92f5c7014cb83fd6e25a9")
TWO = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef00fedcba987654321")
CHILDREN = Path(__file__).with_name("children.py")


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def content(directory: Path) -> dict[str, bytes]:
    """Every file under a directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


class Place:
    """An empty machine: a data directory, a configuration directory, an environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "data" / "vault.db"
        self.config = root / "config"
        self.environ: dict[str, str] = {}

    def open(self, **environ: str) -> tuple[Store, RootKey]:
        return open_vault(f"sqlite:///{self.database}", {**self.environ, **environ}, self.config)

    def start(self, **environ: str) -> RootKey:
        """Open, use and close the vault."""
        store, root = self.open(**environ)
        with store:
            Keyring.open(store, "default", root, 20_500)
        return root

    def key_file(self) -> Path:
        (path,) = (self.config / "keys").glob("*.key")
        return path

    def key_in_file(self, key: bytes, mode: int = 0o600) -> str:
        path = self.root / "secret"
        path.write_text(text(key) + "\n")
        path.chmod(mode)
        return str(path)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# The table of spec/security.md, section 6, row by row.


def test_no_database_no_key_makes_both(place: Place) -> None:
    root = place.start()
    assert root.created
    assert place.database.exists()
    path = place.key_file()
    assert root.source == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert base64.b64decode(path.read_text().strip(), validate=True) == root.secret
    assert path.parent != place.database.parent
    again = place.start()
    assert (again.secret, again.created) == (root.secret, False)


def test_a_start_that_died_between_key_and_database_is_made_good(place: Place) -> None:
    open_store(str(place.database)).close()
    root = place.start()
    assert place.start().secret == root.secret


def test_no_database_key_given_uses_it(place: Place) -> None:
    assert place.start(LGP_VAULT_KEY=text(ONE)).secret == ONE
    assert not place.config.exists(), "a configured key needs no key file"
    assert place.start(LGP_VAULT_KEY_FILE=place.key_in_file(ONE)).secret == ONE


def test_database_without_key_stops_and_changes_nothing(place: Place) -> None:
    root = place.start()
    path = place.key_file()
    path.unlink()
    before = content(place.root)
    with pytest.raises(VaultRefused) as caught:
        place.start()
    said = str(caught.value)
    assert root.id in said
    assert str(place.database) in said
    for looked_at in ("LGP_VAULT_KEY", "LGP_VAULT_KEY_FILE", str(path)):
        assert looked_at in said
    assert content(place.root) == before


def test_database_without_configured_key_stops_and_changes_nothing(place: Place) -> None:
    root = place.start(LGP_VAULT_KEY=text(ONE))
    before = content(place.root)
    with pytest.raises(VaultRefused, match=root.id):
        place.start()
    assert content(place.root) == before
    assert not list(place.config.rglob("*.key"))


@pytest.mark.parametrize("source", ["variable", "file", "own file"])
def test_wrong_key_stops_before_any_write(place: Place, source: str) -> None:
    root = place.start() if source == "own file" else place.start(LGP_VAULT_KEY=text(ONE))
    environ = {}
    if source == "variable":
        environ = {"LGP_VAULT_KEY": text(TWO)}
    elif source == "file":
        environ = {"LGP_VAULT_KEY_FILE": place.key_in_file(TWO)}
    else:
        place.key_file().write_text(text(TWO))
    before = content(place.root)
    with pytest.raises(VaultRefused) as caught:
        place.start(**environ)
    assert root.id in str(caught.value)
    assert RootKey(TWO, "").id in str(caught.value)
    assert content(place.root) == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o601])
def test_a_key_file_others_may_use_is_refused_with_the_line_to_run(place: Place, mode: int) -> None:
    named = place.key_in_file(ONE, mode)
    with pytest.raises(VaultRefused, match=f"chmod 600 {named}"):
        place.start(LGP_VAULT_KEY_FILE=named)
    assert not place.database.exists()
    place.start()
    place.key_file().chmod(mode)
    with pytest.raises(VaultRefused, match=f"chmod 600 {place.key_file()}"):
        place.start()


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_key_is_refused(place: Place, empty: str) -> None:
    path = place.root / "secret"
    path.write_text(empty)
    path.chmod(0o600)
    for environ in (
        {"LGP_VAULT_KEY": empty},
        {"LGP_VAULT_KEY_FILE": empty},
        {"LGP_VAULT_KEY_FILE": str(path)},
    ):
        with pytest.raises(VaultRefused, match="empty"):
            place.start(**environ)
    assert not place.database.exists()


@pytest.mark.parametrize(
    "sample",
    [
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        b"0123456789abcdef0123456789abcdef",
        b"change me, this is 32 bytes long",
        bytes.fromhex("deadbeef" * 8),
    ],
)
def test_sample_keys_are_refused_by_value(place: Place, sample: bytes) -> None:
    with pytest.raises(VaultRefused, match="sample"):
        place.start(LGP_VAULT_KEY=text(sample))
    with pytest.raises(VaultRefused, match="sample"):
        place.start(LGP_VAULT_KEY_FILE=place.key_in_file(sample))
    assert not place.database.exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("not base64!", "not base64"),
        (ONE.hex(), "32 bytes"),
        (text(ONE[:31]), "32 bytes"),
        (text(ONE) + text(ONE)[:4], "not base64|32 bytes"),
        ("schlüssel", "not base64"),
        ("\ud800", "not base64"),
    ],
)
def test_a_malformed_key_is_refused_and_not_shown(place: Place, given: str, why: str) -> None:
    with pytest.raises(VaultRefused, match=why) as caught:
        place.start(LGP_VAULT_KEY=given)
    assert given not in str(caught.value)
    assert "openssl rand -base64 32" in str(caught.value)
    assert caught.value.__context__ is None, "the context would hold the key's text"


def test_two_sources_that_disagree_are_an_error(place: Place) -> None:
    with pytest.raises(VaultRefused, match="disagree") as caught:
        place.start(LGP_VAULT_KEY=text(ONE), LGP_VAULT_KEY_FILE=place.key_in_file(TWO))
    assert RootKey(ONE, "").id in str(caught.value)
    assert not place.database.exists()
    both = place.start(LGP_VAULT_KEY=text(ONE), LGP_VAULT_KEY_FILE=place.key_in_file(ONE))
    assert both.secret == ONE


def test_a_key_file_that_is_not_there_or_not_a_file(place: Place) -> None:
    with pytest.raises(VaultRefused, match="not there"):
        place.start(LGP_VAULT_KEY_FILE=str(place.root / "nothing"))
    with pytest.raises(VaultRefused, match="not a file"):
        place.start(LGP_VAULT_KEY_FILE=str(place.root))
    os.mkfifo(place.root / "pipe")
    with pytest.raises(VaultRefused, match="not a file"):
        place.start(LGP_VAULT_KEY_FILE=str(place.root / "pipe"))
    assert not place.database.exists()


def test_a_vault_may_move_and_keeps_its_key(place: Place) -> None:
    root = place.start()
    moved = place.root / "elsewhere" / "other.db"
    moved.parent.mkdir()
    place.database.rename(moved)
    store, found = open_vault(str(moved), {}, place.config)
    store.close()
    assert found.secret == root.secret


def test_two_vaults_have_two_key_files(place: Place) -> None:
    root = place.start()
    store, other = open_vault(str(place.root / "second.db"), {}, place.config)
    store.close()
    assert other.secret != root.secret
    assert len(list((place.config / "keys").glob("*.key"))) == 2


def test_the_key_is_never_made_beside_the_database(place: Place) -> None:
    database = place.config / "keys" / "vault.db"
    with pytest.raises(ConfigurationError, match="apart"):
        open_vault(str(database), {}, place.config)
    assert not list(place.config.rglob("*.key"))


def test_no_place_for_a_key_file(place: Place) -> None:
    place.config.write_text("a file where a directory should be")
    with pytest.raises(VaultUnavailable, match="cannot make keys"):
        place.start()
    place.config.unlink()
    assert place.start().created, "the empty database left behind does no harm"


def test_the_configuration_directory_comes_from_the_environment_given(place: Place) -> None:
    store, root = open_vault(str(place.database), {"XDG_CONFIG_HOME": str(place.config)})
    store.close()
    assert Path(root.source).parent == place.config / "llm-guard-protecto" / "keys"


def test_a_vault_in_memory_writes_no_key(place: Place) -> None:
    keys = set()
    for environ in ({}, {}, {"LGP_VAULT_KEY": text(ONE)}):
        store, root = open_vault("memory:", environ, place.config)
        with store:
            keys.add(root.secret)
    assert len(keys) == 3
    assert ONE in keys
    assert not place.config.exists()


@pytest.mark.parametrize("said", [b"{}", b"not json", b"[]", b"\xff"])
def test_a_vault_that_does_not_say_its_key_gets_no_new_one(place: Place, said: bytes) -> None:
    with open_store(str(place.database)) as store:
        store.set_meta("root", said)
    with pytest.raises(VaultRefused, match="which key"):
        place.start()
    assert not place.config.exists()


@pytest.mark.parametrize("given", [True, False])
def test_many_processes_starting_at_once_get_one_key(place: Place, given: bool) -> None:
    environ = {**os.environ, "XDG_CONFIG_HOME": str(place.config)}
    if given:
        environ["LGP_VAULT_KEY"] = text(ONE)
    go = place.root / "go"
    children = [
        subprocess.Popen(
            [sys.executable, CHILDREN, "start", place.database, go],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for child in children:
        assert child.stderr is not None
        assert child.stderr.readline() == "ready\n"
    go.touch()
    answers = [json.loads(child.communicate(timeout=60)[0]) for child in children]
    assert all(answer == answers[0] for answer in answers)
    assert len(list(place.config.rglob("*.key"))) == (0 if given else 1)


def test_the_key_shows_nowhere(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    root = place.start()
    for shown in (repr(root), str(root), caplog.text):
        assert text(root.secret) not in shown
        assert repr(root.secret) not in shown
        assert root.secret.hex() not in shown
    assert root.id in caplog.text, "the user is told the id of the key to back up"


def test_ids_and_checks_never_change() -> None:
    assert (RootKey(ONE, "").id, RootKey(ONE, "").check) == ("095c6ed6", "85dc85ee4993a99e")


# Keyrings.


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as opened:
        yield opened


ROOT = RootKey(ONE, "test")


def sealed_row(keyring: Keyring, value: str, token: str = "Kq7Vn") -> Row:
    index = keyring.index.of("safe", value)
    version, sealed = keyring.seal(value, kind="safe", index=index, alias=0, token=token)
    return Row(index, 0, "safe", token, 0, version, sealed, 20_500)


def test_a_keyring_is_made_once(store: Store) -> None:
    one = Keyring.open(store, "default", ROOT, 20_500)
    two = Keyring.open(store, "default", ROOT, 20_777)
    assert one.tokens.digest("safe", "Imogen", 0) == two.tokens.digest("safe", "Imogen", 0)
    assert one.index.of("safe", "Imogen") == two.index.of("safe", "Imogen")
    assert two.value(sealed_row(one, "Imogen")) == "Imogen"
    assert one.status({}) == two.status({})


def test_namespaces_have_keys_of_their_own(store: Store) -> None:
    one = Keyring.open(store, "one", ROOT, 20_500)
    two = Keyring.open(store, "two", ROOT, 20_500)
    assert one.tokens.digest("safe", "Imogen", 0) != two.tokens.digest("safe", "Imogen", 0)
    assert one.index.of("safe", "Imogen") != two.index.of("safe", "Imogen")
    with pytest.raises(Unreadable):
        two.value(sealed_row(one, "Imogen"))


@pytest.mark.parametrize("value", ["Imogen", "", "\0", "\ud83d", "x" * 100_000])
def test_any_value_comes_back_from_its_row(store: Store, value: str) -> None:
    keyring = Keyring.open(store, "default", ROOT, 20_500)
    assert keyring.value(sealed_row(keyring, value)) == value


@pytest.mark.parametrize(
    "change",
    [
        {"index": bytes(16)},
        {"alias": 1},
        {"kind": "digits"},
        {"token": "kq7Vn"},
        {"key_version": 2},
        {"sealed": b""},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_value_opens_in_its_own_row_only(store: Store, change: dict[str, Any]) -> None:
    keyring = Keyring.open(store, "default", ROOT, 20_500)
    with pytest.raises(Unreadable):
        keyring.value(replace(sealed_row(keyring, "Imogen"), **change))


def test_status_is_plain_and_tells_no_key(store: Store) -> None:
    given: list[bytes] = []

    def chance(size: int) -> bytes:
        given.append(os.urandom(size))
        return given[-1]

    keyring = Keyring.open(store, "default", ROOT, 20_500, chance)
    status = keyring.status({1: 17})
    assert [(key.role, key.version, key.state, key.day) for key in status] == [
        ("data", 1, "primary", 20_500),
        ("index", 1, "primary", 20_500),
        ("token", 1, "primary", 20_500),
    ]
    assert [key.uses for key in status] == [17, None, None]
    assert len({key.id for key in status}) == 3
    shown = json.dumps([asdict(key) for key in status]) + repr(keyring) + repr(status)
    assert len(given) == 3
    for key in (*given, ONE):
        assert key.hex() not in shown
        assert text(key) not in shown
        assert repr(key) not in shown


def with_keys(store: Store, **states: Mapping[int, str]) -> Keyring:
    """The keyring of a namespace whose roles have the versions and states given."""
    rows = [
        KeyRow(role, version, state, wrapped(role, version), 20_500)
        for role in ("token", "index", "data")
        for version, state in states.get(role, {1: "primary"}).items()
    ]
    store.add_keys(store.namespace("default"), rows)
    return Keyring.open(store, "default", ROOT, 20_500)


def wrapped(role: str, version: int) -> bytes:
    """A key of its own for each role and version, wrapped as the first release does."""
    key = hashlib.sha256(f"{role} {version}".encode()).digest()
    return Sealer(ROOT.secret).seal_bytes(key, joined("lgp1 key", "default", role, version))


def test_the_primary_works_and_older_versions_are_read(store: Store) -> None:
    old = sealed_row(with_keys(store), "Imogen")
    with open_store("memory:") as rotated:
        keyring = with_keys(rotated, data={1: "retired", 2: "primary", 3: "active"})
        new = sealed_row(keyring, "Oisín")
        assert (old.key_version, new.key_version) == (1, 2)
        assert keyring.value(old) == "Imogen"
        assert keyring.value(new) == "Oisín"


def test_all_living_indexes_are_looked_up_primary_first(store: Store) -> None:
    keyring = with_keys(
        store, index={1: "destroyed", 2: "retired", 3: "active", 4: "primary", 5: "active"}
    )
    assert [index.version for index in keyring.indexes] == [4, 5, 3, 2]
    assert keyring.index.version == 4
    status = {key.version: key for key in keyring.status({}) if key.role == "index"}
    assert status[1].id is None
    assert status[1].state == "destroyed"


def test_the_value_of_a_destroyed_key_is_gone(store: Store) -> None:
    keyring = with_keys(store, data={1: "destroyed", 2: "primary"})
    with pytest.raises(Unreadable):
        keyring.value(replace(sealed_row(keyring, "Imogen"), key_version=1))


@pytest.mark.parametrize("role", ["token", "index", "data"])
def test_a_namespace_without_a_key_for_new_work_is_refused(store: Store, role: str) -> None:
    with pytest.raises(VaultRefused, match=f"no {role} key"):
        with_keys(store, **{role: {1: "retired"}})


def test_wrapped_keys_open_only_where_they_belong(store: Store) -> None:
    Keyring.open(store, "default", ROOT, 20_500)
    keys = store.keys(1)
    swapped = [replace(key, wrapped=keys[n - 1].wrapped) for n, key in enumerate(keys)]
    bent = [replace(key, wrapped=key.wrapped[:-1] + b"\0\0") for key in keys]
    for name, rows in (("default", swapped), ("other", keys), ("default", bent)):
        with open_store("memory:") as second:
            second.add_keys(second.namespace(name), rows)
            with pytest.raises(VaultRefused, match="does not open"):
                Keyring.open(second, name, ROOT, 20_500)
    with pytest.raises(VaultRefused, match="does not open"):
        Keyring.open(store, "default", RootKey(TWO, "test"), 20_500)


def test_the_environment_is_read_only_where_it_is_given() -> None:
    assert configured({}) is None
    found = configured({"LGP_VAULT_KEY": text(ONE)})
    assert found is not None
    assert (found.secret, found.source) == (ONE, "LGP_VAULT_KEY")
