"""Where the root key comes from, and what happens when it is missing, wrong or badly kept.

The first source that is set up wins; two that disagree are an error:

1. `LGP_VAULT_KEY`: 32 random bytes in base64
2. `LGP_VAULT_KEY_FILE`: a file that holds the same, readable by its owner only
3. a key file of the vault's own in the user's configuration directory, made with a new vault

A vault remembers its own id, the id of its root key and a check value; never the key. A new key
file is on disk, name and all, before the vault refers to it. A vault that refers to a key never
gets another one. Everything wrong is `VaultRefused`, raised before anything is written.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import platformdirs

from llm_guard_protecto.engine.private_files import (
    hold,
    let_go,
    make_directory,
    sync_directory,
)
from llm_guard_protecto.engine.store import Store, open_store
from llm_guard_protecto.errors import ConfigurationError, VaultRefused, VaultUnavailable

__all__ = ["KEY_FILE_VARIABLE", "KEY_VARIABLE", "RootKey", "configured", "open_vault", "unlock"]

KEY_VARIABLE = "LGP_VAULT_KEY"
KEY_FILE_VARIABLE = "LGP_VAULT_KEY_FILE"

_PROGRAM = "llm-guard-protecto"
_META = "root"
_LOCK_SECONDS = 10.0
_HOW_TO = "make one with: openssl rand -base64 32"
_SAMPLES = frozenset({sha256(b"llm-guard-protecto sample key").digest(), bytes(range(32))})

log = logging.getLogger("llm_guard_protecto")


@dataclass(frozen=True, slots=True)
class RootKey:
    """The 32 bytes that wrap every other key, and where they came from.

    `created` is True for the run that made the key: the moment to tell the user to back it up.
    """

    secret: bytes = field(repr=False)
    source: str
    created: bool = False

    def __post_init__(self) -> None:
        """Raise VaultRefused for a key that is no secret."""
        if len(self.secret) != 32:
            raise VaultRefused(f"the key in {self.source} has not 32 bytes; {_HOW_TO}")
        # Random bytes are all printable once in 10**13 keys, and have fewer than 16 values never.
        typed = all(0x20 <= byte < 0x7F for byte in self.secret)
        if typed or len(set(self.secret)) < 16 or self.secret in _SAMPLES:
            raise VaultRefused(f"the key in {self.source} is a sample, not a secret; {_HOW_TO}")

    @property
    def id(self) -> str:
        """The public name of the key: 8 hexadecimal digits."""
        return hmac.digest(self.secret, b"lgp1 key id", "sha256")[:4].hex()

    @property
    def check(self) -> str:
        """The public value that tells the right key from a wrong one: 16 hexadecimal digits."""
        return hmac.digest(self.secret, b"lgp1 key check", "sha256")[:8].hex()


@dataclass(frozen=True, slots=True)
class _Lock:
    """What a vault says about the key that opens it."""

    vault: str
    key: str
    check: str

    def to_bytes(self) -> bytes:
        return json.dumps({"vault": self.vault, "key": self.key, "check": self.check}).encode()

    @classmethod
    def of(cls, store: Store) -> _Lock | None:
        found = store.meta(_META)
        if found is None:
            return None
        try:
            said = json.loads(found)
            return cls(str(said["vault"]), str(said["key"]), str(said["check"]))
        except (ValueError, KeyError, TypeError):
            raise VaultRefused(f"{store.location} does not say which key opens it") from None


def open_vault(
    url: str,
    environ: Mapping[str, str] = os.environ,
    config_dir: Path | None = None,
    chance: Callable[[int], bytes] = os.urandom,
) -> tuple[Store, RootKey]:
    """Open the store at `url` with its root key; the first run makes both.

    A badly set up key is refused before the store is touched. `config_dir` defaults to the
    user's configuration directory of this program (under `XDG_CONFIG_HOME` when `environ` has it);
    `chance` gives random bytes. Raises what `configured`, `open_store` and `unlock` raise, and
    leaves nothing open then.
    """
    given = configured(environ)
    if config_dir is None and (home := environ.get("XDG_CONFIG_HOME")):
        config_dir = Path(home) / _PROGRAM
    store = open_store(url)
    try:
        return store, unlock(store, given, config_dir, chance)
    except BaseException:
        store.close()
        raise


def configured(environ: Mapping[str, str] = os.environ) -> RootKey | None:
    """The key that the environment gives, or None when it gives none.

    A variable that is set and empty is refused: it is a deployment that lost its secret.
    """
    found = []
    if (text := environ.get(KEY_VARIABLE)) is not None:
        found.append(_decoded(text, KEY_VARIABLE))
    if (path := environ.get(KEY_FILE_VARIABLE)) is not None:
        if not path.strip():
            raise VaultRefused(f"{KEY_FILE_VARIABLE} is set but empty")
        key = _read(Path(path), f"{path} ({KEY_FILE_VARIABLE})")
        if key is None:
            raise VaultRefused(f"{KEY_FILE_VARIABLE} names {path}, which is not there")
        found.append(key)
    if len(found) == 2 and not hmac.compare_digest(found[0].secret, found[1].secret):
        raise VaultRefused(
            f"{KEY_VARIABLE} (key {found[0].id}) and {KEY_FILE_VARIABLE} (key {found[1].id}) "
            "disagree; set one of them, or both to the same key"
        )
    return found[0] if found else None


def unlock(
    store: Store,
    given: RootKey | None = None,
    config_dir: Path | None = None,
    chance: Callable[[int], bytes] = os.urandom,
) -> RootKey:
    """The root key of an open store: `given`, or the vault's own key file, or a new one.

    A store that has no key yet is bound to the one returned. Raises `VaultRefused` for a missing
    or wrong key and changes nothing then.
    """
    lock = _Lock.of(store)
    if given is not None:
        return _fitting(store, lock or _bind(store, given, chance(8).hex()), given)
    if not store.lasting:
        return _fresh(store, chance)
    directory = _key_directory(store, config_dir)
    if lock is None:
        with _one_at_a_time(directory):
            lock = _Lock.of(store)  # somebody may have been first
            if lock is None:
                vault = chance(8).hex()
                key = _create(directory / f"{vault}.key", chance)
                return _fitting(store, _bind(store, key, vault), key)
    path = directory / f"{lock.vault}.key"
    found = _read(path, str(path))
    if found is None:
        raise VaultRefused(
            f"{store.location} needs key {lock.key}, which was not found; looked at "
            f"{KEY_VARIABLE} (not set), {KEY_FILE_VARIABLE} (not set) and {path} (not there)"
        )
    return _fitting(store, lock, found)


def _fitting(store: Store, lock: _Lock, key: RootKey) -> RootKey:
    if not hmac.compare_digest(lock.check, key.check):
        raise VaultRefused(
            f"{store.location} needs key {lock.key}, but {key.source} holds key {key.id}"
        )
    return key


def _bind(store: Store, key: RootKey, vault: str) -> _Lock:
    store.set_meta(_META, _Lock(vault, key.id, key.check).to_bytes())
    stands = _Lock.of(store)
    if stands is None:
        raise VaultUnavailable(f"{store.location} did not keep the name of its key")
    return stands


def _fresh(store: Store, chance: Callable[[int], bytes]) -> RootKey:
    if store.meta(_META) is not None:
        raise VaultRefused(f"{store.location} is already open under another key")
    key = RootKey(chance(32), store.location, created=True)
    return _fitting(store, _bind(store, key, chance(8).hex()), key)


def _decoded(text: str, source: str) -> RootKey:
    if not text.strip():
        raise VaultRefused(f"the key in {source} is empty; {_HOW_TO}")
    try:
        secret = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        secret = None
    if secret is None:  # raised here, where no error that holds the text hangs on
        raise VaultRefused(f"the key in {source} is not base64; {_HOW_TO}")
    return RootKey(secret, source)


def _read(path: Path, source: str) -> RootKey | None:
    """The key in a file, None when there is no file. Looks at the mode of what it opened."""
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultRefused(f"the key file {path} cannot be read: {error.strerror}") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise VaultRefused(f"the key file {path} is not a file")
        if os.name != "nt" and mode & 0o077:
            raise VaultRefused(f"others may use the key file {path}; run: chmod 600 {path}")
        content = os.read(handle, 4096)
    finally:
        os.close(handle)
    return _decoded(content.decode("ascii", "replace"), source)


def _create(path: Path, chance: Callable[[int], bytes]) -> RootKey:
    """Write a new key file; both the content and the name are on disk on return."""
    key = RootKey(chance(32), str(path), created=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(base64.b64encode(key.secret) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
    except OSError as error:
        raise VaultUnavailable(f"cannot write the key file {path}: {error.strerror}") from None
    log.info("created key %s in %s: back it up, nothing can replace it", key.id, path)
    return key


def _key_directory(store: Store, config_dir: Path | None) -> Path:
    config = config_dir or platformdirs.user_config_path(_PROGRAM, appauthor=False)
    directory = config / "keys"
    if Path(store.location).resolve().parent == directory.resolve():
        raise ConfigurationError(
            f"{store.location} is in the directory of its keys; a vault and its key live apart"
        )
    return directory


@contextmanager
def _one_at_a_time(directory: Path) -> Iterator[None]:
    """Make the key directory and hold it against other processes and threads."""
    try:
        make_directory(directory)
        deadline = time.monotonic() + _LOCK_SECONDS
        while (held := hold(directory / "lock")) is None:
            if time.monotonic() > deadline:
                raise VaultUnavailable(f"another process has been making a key in {directory}")
            time.sleep(0.01)
    except OSError as error:
        raise VaultUnavailable(f"cannot make keys in {directory}: {error.strerror}") from None
    try:
        yield
    finally:
        let_go(held)
