"""Where the root key comes from, and what happens when it is missing, wrong or badly kept.

The first source that is set up wins; two that disagree are an error:

1. `LGP_VAULT_KEY`: 32 random bytes in base64
2. `LGP_VAULT_KEY_FILE`: a file that holds the same, readable by its owner only
3. what `LGP_VAULT_KEY_SOURCE` names: `kms:NAME`, a key management service that an installed
   package offers, or `keyring`, the keyring of the operating system
4. a key file of the vault's own in the user's configuration directory, made with a new vault

While a given key is being replaced, the new one stands in `LGP_VAULT_NEW_KEY` or
`LGP_VAULT_NEW_KEY_FILE` beside the old one, and whichever fits the vault is used.

A vault remembers its own id, the id of its root key and a check value; never the key. A new key
file is on disk, name and all, before the vault refers to it. A vault that refers to a key never
gets another one. Everything wrong is `VaultRefused`, raised before anything is written.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from llm_guard_protecto.engine.keyplaces import (
    FilePlace,
    KeyPlace,
    KeyringPlace,
    read_key_file,
)
from llm_guard_protecto.engine.kms import KeyWrapper, KmsPlace, wrapper_named
from llm_guard_protecto.engine.private_files import hold, let_go, make_directory
from llm_guard_protecto.engine.rootkey import META, Lock, RootKey, decoded, new_key
from llm_guard_protecto.engine.store import Store, open_store
from llm_guard_protecto.errors import ConfigurationError, VaultRefused, VaultUnavailable

__all__ = [
    "KEY_FILE_VARIABLE",
    "KEY_VARIABLE",
    "NEW_KEY_FILE_VARIABLE",
    "NEW_KEY_VARIABLE",
    "SOURCE_VARIABLE",
    "KeySource",
    "RootKey",
    "configured",
    "lock_of",
    "open_vault",
    "unlock",
]

KEY_VARIABLE = "LGP_VAULT_KEY"
KEY_FILE_VARIABLE = "LGP_VAULT_KEY_FILE"
NEW_KEY_VARIABLE = "LGP_VAULT_NEW_KEY"
NEW_KEY_FILE_VARIABLE = "LGP_VAULT_NEW_KEY_FILE"
SOURCE_VARIABLE = "LGP_VAULT_KEY_SOURCE"

_PROGRAM = "llm-guard-protecto"
_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class KeySource:
    """Everything that says where root keys come from. Reads nothing before it is asked.

    `environ` holds the variables. `config_dir` defaults to the user's configuration directory of
    this program (under `XDG_CONFIG_HOME` when `environ` has it). `kms` is a key management service
    that is used whatever the environment names. `chance` gives random bytes.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    config_dir: Path | None = None
    kms: KeyWrapper | None = field(default=None, repr=False)
    chance: Callable[[int], bytes] = os.urandom

    def given(self) -> RootKey | None:
        """The key that the environment gives; see `configured`."""
        return configured(self.environ)

    def new(self) -> RootKey | None:
        """The key that the environment gives for later; see `configured`."""
        return configured(self.environ, NEW_KEY_VARIABLE, NEW_KEY_FILE_VARIABLE)

    def named(self) -> KeyPlace | None:
        """The place that the caller or the environment names; None when they name none.

        Raises `ConfigurationError` for a name that is no source.
        """
        if self.kms is not None:
            return KmsPlace(self.kms, type(self.kms).__name__)
        name = self.environ.get(SOURCE_VARIABLE)
        if name in {None, "file"}:
            return None
        if name == "keyring":
            return KeyringPlace()
        kind, _, service = str(name).partition(":")
        if kind == "kms" and service:
            return KmsPlace(wrapper_named(service), f"the KMS {service}")
        raise ConfigurationError(f"{SOURCE_VARIABLE} is file, keyring or kms:NAME")

    def place(self, store: Store) -> KeyPlace:
        """Where the vault's own key is kept: as named, or files in the configuration directory."""
        return self.named() or FilePlace(self.directory(store))

    def directory(self, store: Store) -> Path:
        """Where key files are. Raises `ConfigurationError` when the vault itself is there."""
        config = self.config_dir
        if config is None and (home := self.environ.get("XDG_CONFIG_HOME")):
            config = Path(home) / _PROGRAM
        directory = (config or platformdirs.user_config_path(_PROGRAM, appauthor=False)) / "keys"
        if Path(store.location).resolve().parent == directory.resolve():
            raise ConfigurationError(
                f"{store.location} is in the directory of its keys; a vault and its key live apart"
            )
        return directory

    @contextmanager
    def alone(self, store: Store) -> Iterator[None]:
        """Make the key directory and hold it against other processes and threads.

        Raises `VaultUnavailable` when it cannot be made or others hold it too long.
        """
        directory = self.directory(store)
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

    def unlock(self, store: Store) -> RootKey:
        """The root key of an open store: given, from the vault's own place, or a new one.

        A store that has no key yet is bound to the one returned. Raises `VaultRefused` for a
        missing or wrong key, and for two that disagree, and changes nothing then.
        """
        given, new, named = self.given(), self.new(), self.named()
        lock = Lock.of(store)
        if given is not None:
            if lock is None:
                lock = _bind(store, given, self.chance(8).hex(), None)
            key = _fitting(store, lock, [given, *([new] if new else [])])
            own = named.find(lock.vault, lock.wrapped) if named else []
            if own and not any(lock.fits(one) for one in own):
                raise VaultRefused(
                    f"{given.source} (key {given.id}) and {named.where(lock.vault) if named else ''}"
                    f" (key {own[0].id}) disagree; set one of them, or both to the same key"
                )
            return key
        if not store.lasting:
            return _fresh(store, self.chance)
        place = self.place(store)
        if lock is None:
            with self.alone(store):
                lock = Lock.of(store)  # somebody may have been first
                if lock is None:
                    vault = self.chance(8).hex()
                    key, wrapped = place.create(vault, self.chance)
                    return _fitting(store, _bind(store, key, vault, wrapped), [key])
        found = [*place.find(lock.vault, lock.wrapped), *([new] if new else [])]
        if not found:
            raise VaultRefused(
                f"{store.location} needs key {lock.key}, which was not found; looked at "
                f"{KEY_VARIABLE} (not set), {KEY_FILE_VARIABLE} (not set) and "
                f"{place.where(lock.vault)} (not there)"
                + ("; its key is wrapped by a KMS" if lock.wrapped else "")
            )
        return _fitting(store, lock, found)


def open_vault(
    url: str,
    environ: Mapping[str, str] = os.environ,
    config_dir: Path | None = None,
    chance: Callable[[int], bytes] = os.urandom,
    kms: KeyWrapper | None = None,
    patience: float = 5.0,
) -> tuple[Store, RootKey]:
    """Open the store at `url` with its root key; the first run makes both.

    A badly set up key is refused before the store is touched. The rest is as `KeySource` says.
    Raises what `configured`, `open_store` and `unlock` raise, and leaves nothing open then.
    """
    source = KeySource(environ, config_dir, kms, chance)
    source.given(), source.new(), source.named()
    store = open_store(url, patience)
    try:
        return store, source.unlock(store)
    except BaseException:
        store.close()
        raise


def configured(
    environ: Mapping[str, str] = os.environ,
    variable: str = KEY_VARIABLE,
    file_variable: str = KEY_FILE_VARIABLE,
) -> RootKey | None:
    """The key that the environment gives, or None when it gives none.

    A variable that is set and empty is refused: it is a deployment that lost its secret. Raises
    `VaultRefused` for that, for what is no key, and for two that disagree.
    """
    found = []
    if (text := environ.get(variable)) is not None:
        found.append(decoded(text, variable))
    if (path := environ.get(file_variable)) is not None:
        if not path.strip():
            raise VaultRefused(f"{file_variable} is set but empty")
        key = read_key_file(Path(path), f"{path} ({file_variable})")
        if key is None:
            raise VaultRefused(f"{file_variable} names {path}, which is not there")
        found.append(key)
    if len(found) == 2 and not hmac.compare_digest(found[0].secret, found[1].secret):
        raise VaultRefused(
            f"{variable} (key {found[0].id}) and {file_variable} (key {found[1].id}) "
            "disagree; set one of them, or both to the same key"
        )
    return found[0] if found else None


def unlock(
    store: Store,
    given: RootKey | None = None,
    config_dir: Path | None = None,
    chance: Callable[[int], bytes] = os.urandom,
) -> RootKey:
    """Like `KeySource.unlock`, with the key that the environment would give."""
    if given is None:
        return KeySource({}, config_dir, None, chance).unlock(store)
    return _fitting(store, Lock.of(store) or _bind(store, given, chance(8).hex(), None), [given])


def lock_of(store: Store, root: RootKey) -> bytes | None:
    """What the vault says of its key now, None when it says nothing.

    Raises `VaultRefused` when `root` is not that key any more.
    """
    found = store.meta(META)
    if found is None:
        return None
    _fitting(store, Lock.read(found, store.location), [root])
    return found


def _fitting(store: Store, lock: Lock, keys: Sequence[RootKey]) -> RootKey:
    for key in keys:
        if lock.fits(key):
            return key
    raise VaultRefused(
        f"{store.location} needs key {lock.key}, but {keys[0].source} holds key {keys[0].id}"
    )


def _bind(store: Store, key: RootKey, vault: str, wrapped: str | None) -> Lock:
    store.set_meta(META, Lock(vault, key.id, key.check, wrapped).to_bytes())
    stands = Lock.of(store)
    if stands is None:
        raise VaultUnavailable(f"{store.location} did not keep the name of its key")
    return stands


def _fresh(store: Store, chance: Callable[[int], bytes]) -> RootKey:
    if store.meta(META) is not None:
        raise VaultRefused(f"{store.location} is already open under another key")
    key = new_key(chance, store.location)
    return _fitting(store, _bind(store, key, chance(8).hex(), None), [key])
