"""Another root key, from every source of keys; and the sources themselves."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.keyplaces import FilePlace
from llm_guard_protecto.engine.root_rotation import _now, _rewrap, rotate_root
from llm_guard_protecto.engine.rotation import begin
from llm_guard_protecto.errors import ConfigurationError, VaultRefused, VaultUnavailable
from tests.engine.rotating import masked

VALUES = ["Imogen Hartley", "Oisín Byrne", "\ud83d"]


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def home(tmp_path: Path) -> Mapping[str, str]:
    """An environment of a user with a home of their own."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def opened(tmp_path: Path, environ: Mapping[str, str], **named: object) -> LocalVault:
    return LocalVault(tmp_path / "vault.db", environ=environ, audit=False, **named)  # type: ignore[arg-type]


def filled(tmp_path: Path, environ: Mapping[str, str], **named: object) -> list[str]:
    with opened(tmp_path, environ, **named) as vault:
        other = vault.in_namespace("other")
        return [*masked(vault, VALUES), *masked(other, VALUES)]


def check(tmp_path: Path, environ: Mapping[str, str], tokens: list[str], **named: object) -> str:
    """Every token is that of its value; the id of the key that opened the vault."""
    with opened(tmp_path, environ, **named) as vault:
        for one, mine in ((vault, tokens[:3]), (vault.in_namespace("other"), tokens[3:])):
            assert masked(one, VALUES) == mine
            assert [text.value for text in one.unmask(mine)] == VALUES
        return vault.root.id


def names(tmp_path: Path) -> list[str]:
    directory = tmp_path / "config" / "llm-guard-protecto" / "keys"
    return sorted(path.name.split(".", 1)[1] for path in directory.glob("*.*"))


def test_a_key_file_of_the_vault_s_own(tmp_path: Path, home: Mapping[str, str]) -> None:
    tokens = filled(tmp_path, home)
    before = check(tmp_path, home, tokens)
    with opened(tmp_path, home) as vault, opened(tmp_path, home) as other:
        done = rotate_root(vault)
        assert (done.old, done.rewrapped, done.resumed) == (before, 6, False)
        assert done.kept is not None
        assert stat.S_IMODE(Path(done.kept).stat().st_mode) == 0o600
        assert masked(other, VALUES) == tokens[:3]
        begin(vault.store, "default", vault.root, "data", 1)  # makes the other one read its keys
        assert masked(other, [*VALUES, "new"])[:3] == tokens[:3]
        assert other.root.id == done.new
    assert names(tmp_path) == [f"{before}.retired", "key"]
    assert check(tmp_path, home, tokens) == done.new != before
    with opened(tmp_path, home) as vault:
        assert rotate_root(vault).old == done.new
    assert len(names(tmp_path)) == 3
    check(tmp_path, home, tokens)


def stopped(vault: LocalVault, at: str) -> None:
    """A rotation that ends behind one of its steps."""
    place, store = vault.source.place(vault.store), vault.store
    root, stands, lock = _now(store, vault.source)
    new, wrapped = place.stage(lock.vault, os.urandom)
    if at != "staged":
        after = replace(lock, key=new.id, check=new.check, wrapped=wrapped)
        assert _rewrap(store, stands, after, root, new) == 6
    if at == "linked":
        file = Path(place.where(lock.vault))
        os.link(file, file.with_name(f"{file.stem}.{root.id}.retired"))


@pytest.mark.parametrize("at", ["staged", "committed", "linked"])
def test_it_may_stop_anywhere_and_goes_on(tmp_path: Path, home: Mapping[str, str], at: str) -> None:
    """The crash test kills at random; here each of the three places in between is met for sure."""
    tokens = filled(tmp_path, home)
    before = check(tmp_path, home, tokens)
    with opened(tmp_path, home) as vault:
        stopped(vault, at)
    now = check(tmp_path, home, tokens)
    assert (now == before) == (at == "staged")
    with opened(tmp_path, home) as vault:
        done = rotate_root(vault)
    assert done.resumed == (at != "staged")
    assert done.old == before
    assert names(tmp_path) == [f"{before}.retired", "key"]
    assert check(tmp_path, home, tokens) == done.new


def test_a_new_key_file_that_was_not_finished_is_made_again(
    tmp_path: Path, home: Mapping[str, str]
) -> None:
    tokens = filled(tmp_path, home)
    directory = tmp_path / "config" / "llm-guard-protecto" / "keys"
    [file] = directory.glob("*.key")
    waiting = file.with_suffix(".next")
    for part in (b"", b"c2hvcnQ", key().encode()[:43]):
        waiting.write_bytes(part)
        waiting.chmod(0o600)
        check(tmp_path, home, tokens)
        assert len(FilePlace(directory).stage(file.stem, os.urandom)[0].secret) == 32


@pytest.mark.parametrize("kind", ["variable", "file"])
def test_a_given_key_is_replaced_by_another_given_one(
    tmp_path: Path, home: Mapping[str, str], kind: str
) -> None:
    old, new = {"LGP_VAULT_KEY": key()}, {"LGP_VAULT_NEW_KEY": key()}
    later = {"LGP_VAULT_KEY": new["LGP_VAULT_NEW_KEY"]}
    if kind == "file":
        for name, said in (("old", old["LGP_VAULT_KEY"]), ("new", later["LGP_VAULT_KEY"])):
            (tmp_path / name).write_text(said)
            (tmp_path / name).chmod(0o600)
        old = {"LGP_VAULT_KEY_FILE": str(tmp_path / "old")}
        new = {"LGP_VAULT_NEW_KEY_FILE": str(tmp_path / "new")}
        later = {"LGP_VAULT_KEY_FILE": str(tmp_path / "new")}
    tokens = filled(tmp_path, old)
    with (
        opened(tmp_path, old) as vault,
        pytest.raises(ConfigurationError, match="LGP_VAULT_NEW_KEY_FILE"),
    ):
        rotate_root(vault)
    before = check(tmp_path, {**old, **new}, tokens)
    with opened(tmp_path, {**old, **new}) as vault:
        done = rotate_root(vault)
        assert (done.old, done.resumed, done.kept) == (before, False, None)
        assert "LGP_VAULT_KEY" in done.next_step
        assert rotate_root(vault).resumed
    assert check(tmp_path, {**old, **new}, tokens) == done.new
    assert check(tmp_path, later, tokens) == done.new
    with pytest.raises(VaultRefused, match=f"needs key {done.new}, but .* holds key {before}"):
        opened(tmp_path, old)


def test_the_vault_s_own_key_is_replaced_by_a_given_one(
    tmp_path: Path, home: Mapping[str, str]
) -> None:
    tokens = filled(tmp_path, home)
    given = key()
    with opened(tmp_path, {**home, "LGP_VAULT_NEW_KEY": given}) as vault:
        done = rotate_root(vault)
    assert check(tmp_path, {"LGP_VAULT_KEY": given}, tokens) == done.new
    with pytest.raises(VaultRefused, match="needs key"):
        opened(tmp_path, home)


def test_a_process_that_has_the_old_key_only_works_on_until_there_are_new_keys(
    tmp_path: Path,
) -> None:
    old, new = {"LGP_VAULT_KEY": key()}, key()
    tokens = filled(tmp_path, old)
    with (
        opened(tmp_path, old) as left,
        opened(tmp_path, {**old, "LGP_VAULT_NEW_KEY": new}) as vault,
    ):
        rotate_root(vault)
        vault.erase(value="nothing of the kind")
        vault.put_policy(vault.policy("default"))  # ends the generation
        assert masked(left, [*VALUES, "new"])[:3] == tokens[:3]
        with pytest.raises(VaultRefused):
            left.in_namespace("made by an old key")
        begin(vault.store, "default", vault.root, "data", 1)
        with pytest.raises(VaultRefused, match="needs key"):
            masked(left, VALUES)
        assert masked(vault, VALUES) == tokens[:3]
    check(tmp_path, {"LGP_VAULT_KEY": new}, tokens)


# The keyring of the operating system


class Ring(KeyringBackend):
    """A keyring in memory: a real backend of the package, which picks one for each system."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("the ring is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, mine = keyring.get_keyring(), Ring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_the_keyring_of_the_system(tmp_path: Path, home: Mapping[str, str], ring: Ring) -> None:
    environ = {**home, "LGP_VAULT_KEY_SOURCE": "keyring"}
    tokens = filled(tmp_path, environ)
    assert len(ring.kept) == 1
    assert names(tmp_path) == []
    before = check(tmp_path, environ, tokens)
    with opened(tmp_path, environ) as vault:
        done = rotate_root(vault)
    assert done.old == before
    assert done.kept is not None
    assert f"{before}.retired" in done.kept
    assert len(ring.kept) == 2
    assert check(tmp_path, environ, tokens) == done.new
    ring.locked = True
    with pytest.raises(VaultUnavailable, match="KeyringLocked") as caught:
        opened(tmp_path, environ)
    assert "ring is locked" not in str(caught.value)
    ring.locked = False
    ring.kept.clear()
    with pytest.raises(VaultRefused, match=f"needs key {done.new}.*OS keyring"):
        opened(tmp_path, environ)
    with pytest.raises(VaultRefused, match="needs key"):
        opened(tmp_path, home)
    assert ring.kept == {}


def test_a_rotation_in_the_keyring_may_stop_and_goes_on(
    tmp_path: Path, home: Mapping[str, str], ring: Ring
) -> None:
    environ = {**home, "LGP_VAULT_KEY_SOURCE": "keyring"}
    tokens = filled(tmp_path, environ)
    before = check(tmp_path, environ, tokens)
    with opened(tmp_path, environ) as vault:
        stopped(vault, "committed")
    assert check(tmp_path, environ, tokens) != before
    with opened(tmp_path, environ) as vault:
        assert rotate_root(vault).resumed
    assert check(tmp_path, environ, tokens) != before
    assert len(ring.kept) == 2


# A key management service


class Kms:
    """Wraps by turning the bytes round; its own key is that it exists."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.down = False

    def wrap(self, key: bytes) -> bytes:
        self.calls.append("wrap")
        return b"wrapped" + bytes(255 - byte for byte in key)

    def unwrap(self, wrapped: bytes) -> bytes:
        self.calls.append("unwrap")
        if self.down:
            raise ConnectionError(f"no answer about {wrapped!r}")
        return bytes(255 - byte for byte in wrapped.removeprefix(b"wrapped"))


def test_a_key_management_service(tmp_path: Path, home: Mapping[str, str]) -> None:
    kms = Kms()
    tokens = filled(tmp_path, home, kms=kms)
    assert names(tmp_path) == []
    before = check(tmp_path, home, tokens, kms=kms)
    with opened(tmp_path, home, kms=kms) as vault:
        done = rotate_root(vault)
    assert (done.old, done.rewrapped) == (before, 6)
    assert check(tmp_path, home, tokens, kms=kms) == done.new != before
    with pytest.raises(VaultRefused, match="wrapped by a KMS"):
        opened(tmp_path, home)
    kms.down = True
    with pytest.raises(VaultUnavailable, match="ConnectionError") as caught:
        opened(tmp_path, home, kms=kms)
    assert "wrapped" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", None, b"x" * 31])
def test_a_service_that_answers_nonsense_is_refused(
    tmp_path: Path, home: Mapping[str, str], answer: object
) -> None:
    class Broken(Kms):
        def unwrap(self, wrapped: bytes) -> bytes:
            return answer  # type: ignore[return-value]

    with pytest.raises(VaultUnavailable):
        opened(tmp_path, home, kms=Broken())
    assert check_nothing_was_bound(tmp_path)


def check_nothing_was_bound(tmp_path: Path) -> bool:
    with LocalVault(tmp_path / "vault.db", environ={"LGP_VAULT_KEY": key()}, audit=False):
        return True


def test_a_service_is_found_by_the_name_a_package_gave_it(
    tmp_path: Path, home: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "examplekms-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: examplekms\nVersion: 1\n")
    (package / "entry_points.txt").write_text(
        "[llm_guard_protecto.kms]\n"
        "example = tests.engine.test_root_rotation:Kms\nbroken = nothing.here:Kms\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    environ = {**home, "LGP_VAULT_KEY_SOURCE": "kms:example"}
    tokens = filled(tmp_path, environ)
    check(tmp_path, environ, tokens)
    for name, why in (("kms:none", "installed: .*example"), ("kms:broken", "ModuleNotFoundError")):
        with pytest.raises(ConfigurationError, match=why):
            opened(tmp_path, {**home, "LGP_VAULT_KEY_SOURCE": name})


@pytest.mark.parametrize("name", ["", "kms", "kms:", "vault", "KEYRING"])
def test_another_source_is_refused(tmp_path: Path, home: Mapping[str, str], name: str) -> None:
    with pytest.raises(ConfigurationError, match="file, keyring or kms:NAME"):
        opened(tmp_path, {**home, "LGP_VAULT_KEY_SOURCE": name})
    assert not (tmp_path / "vault.db").exists()


def test_a_given_key_and_a_place_that_disagree_are_an_error(
    tmp_path: Path, home: Mapping[str, str], ring: Ring
) -> None:
    environ = {**home, "LGP_VAULT_KEY_SOURCE": "keyring"}
    given = {**environ, "LGP_VAULT_KEY": key()}
    tokens = filled(tmp_path, given)
    check(tmp_path, given, tokens)
    with opened(tmp_path, given) as vault:
        [vault_id] = [vault.store.meta("root") or b""]
    name = vault_id.decode().split('"vault": "')[1].split('"')[0]
    ring.set_password("llm-guard-protecto", name, key())
    with pytest.raises(VaultRefused, match="disagree"):
        opened(tmp_path, given)
    ring.set_password("llm-guard-protecto", name, given["LGP_VAULT_KEY"])
    check(tmp_path, given, tokens)
    check(tmp_path, environ, tokens)


def test_two_new_keys_that_disagree_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "new").write_text(key())
    (tmp_path / "new").chmod(0o600)
    environ = {
        "LGP_VAULT_KEY": key(),
        "LGP_VAULT_NEW_KEY": key(),
        "LGP_VAULT_NEW_KEY_FILE": str(tmp_path / "new"),
    }
    with pytest.raises(VaultRefused, match="LGP_VAULT_NEW_KEY .* disagree"):
        opened(tmp_path, environ)


def test_a_vault_whose_key_is_lost_is_left_alone_and_a_new_one_is_made_beside_it(
    tmp_path: Path, home: Mapping[str, str]
) -> None:
    tokens = filled(tmp_path, home)
    directory = tmp_path / "config" / "llm-guard-protecto" / "keys"
    for path in directory.glob("*.key"):
        path.unlink()
    before = (tmp_path / "vault.db").read_bytes()
    with pytest.raises(VaultRefused, match="needs key"):
        opened(tmp_path, home)
    assert (tmp_path / "vault.db").read_bytes() == before
    with LocalVault(tmp_path / "new.db", environ=home, audit=False) as vault:
        assert masked(vault, VALUES) != tokens[:3]
        assert vault.resolve(tokens[0]) is None
    assert (tmp_path / "vault.db").read_bytes() == before


def test_a_vault_in_memory_keeps_its_key() -> None:
    with LocalVault("memory:") as vault, pytest.raises(ConfigurationError, match="memory"):
        rotate_root(vault)
