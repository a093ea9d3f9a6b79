"""Where a vault keeps its own root key when nobody gives it: a file or the OS keyring.

A key management service is a place too, see `kms`.

Each place can hold two keys for a vault: the one in use, and the one that a rotation is about to
put there. Whichever fits the vault is the right one, so a rotation may stop anywhere. A key that
was replaced is kept beside the new one: older backups of the vault need it.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from llm_guard_protecto.engine.private_files import sync_directory
from llm_guard_protecto.engine.rootkey import RootKey, decoded, encoded, new_key
from llm_guard_protecto.errors import ConfigurationError, VaultRefused, VaultUnavailable

__all__ = [
    "FilePlace",
    "KeyPlace",
    "KeyringPlace",
    "read_key_file",
]

log = logging.getLogger("llm_guard_protecto")

_SERVICE = "llm-guard-protecto"

Chance = Callable[[int], bytes]
"""Gives so many random bytes."""


class KeyPlace(Protocol):
    """Keeps the root keys of vaults by the vault's own id.

    Raises `VaultRefused` for a key that is damaged or not kept safely, `VaultUnavailable` when the
    place cannot be used now.
    """

    def where(self, vault: str) -> str:
        """Where the key of a vault is, for messages."""
        ...

    def find(self, vault: str, wrapped: str | None) -> list[RootKey]:
        """The key in use and one that waits to be, in this order; none where there is none.

        `wrapped` is what the vault itself keeps for a key management service.
        """
        ...

    def create(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """Make the first key of a vault, durably; and what the vault is to keep of it."""
        ...

    def stage(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """Make the key that is to come, durably, or give the one that waits already."""
        ...

    def promote(self, vault: str, old: str) -> str | None:
        """Put the key that waits in its place; where the one with the id `old` is kept now."""
        ...


class FilePlace:
    """A file for each vault in one directory, mode 0600."""

    def __init__(self, directory: Path) -> None:
        """The directory exists, or nothing is found and nothing can be made."""
        self._directory = directory

    def where(self, vault: str) -> str:
        """The path of the file."""
        return str(self._directory / f"{vault}.key")

    def find(self, vault: str, wrapped: str | None) -> list[RootKey]:
        """The keys in the file and in the one beside it that waits."""
        del wrapped
        path, waiting = self._directory / f"{vault}.key", self._directory / f"{vault}.next"
        found = [read_key_file(path, str(path))]
        try:
            found.append(read_key_file(waiting, str(waiting)))
        except VaultRefused:
            if found[0] is None:
                raise
        return [key for key in found if key is not None]

    def create(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """Write a new file; both the content and the name are on disk on return."""
        path = self._directory / f"{vault}.key"
        key = self._write(path, chance)
        log.info("created key %s in %s: back it up, nothing can replace it", key.id, path)
        return key, None

    def stage(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """Write the file that waits. One that was not finished is written anew: no vault has it."""
        path = self._directory / f"{vault}.next"
        try:
            waiting = read_key_file(path, str(path))
        except VaultRefused:
            if path.stat().st_size >= 44:  # a whole key, so something else is wrong with it
                raise
            path.unlink()
            waiting = None
        return waiting or self._write(path, chance), None

    def promote(self, vault: str, old: str) -> str | None:
        """Rename: the old file to one that names its key, the waiting one to the one in use."""
        path, waiting = self._directory / f"{vault}.key", self._directory / f"{vault}.next"
        retired = self._directory / f"{vault}.{old}.retired"
        try:
            if path.exists() and not retired.exists():
                os.link(path, retired)
            if waiting.exists():
                waiting.replace(path)
            sync_directory(self._directory)
        except OSError as error:
            raise VaultUnavailable(
                f"cannot rename the key files in {self._directory}: {error.strerror}"
            ) from None
        return str(retired) if retired.exists() else None

    def _write(self, path: Path, chance: Chance) -> RootKey:
        key = new_key(chance, str(path))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        try:
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.write(encoded(key).encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            sync_directory(path.parent)
        except OSError as error:
            raise VaultUnavailable(f"cannot write the key file {path}: {error.strerror}") from None
        return key


class KeyringPlace:
    """The keyring of the operating system, by the package `keyring`."""

    def where(self, vault: str) -> str:
        """The names under which a person finds it there."""
        return f"the OS keyring ({_SERVICE}, {vault})"

    def find(self, vault: str, wrapped: str | None) -> list[RootKey]:
        """The keys under the vault's name and under the one that waits."""
        del wrapped
        found = [(name, self._get(name)) for name in (vault, f"{vault}.next")]
        return [decoded(text, self.where(name)) for name, text in found if text is not None]

    def create(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """Keep a new key under the vault's name."""
        key = self._put(vault, new_key(chance, self.where(vault)))
        log.info("created key %s in %s: back it up, nothing can replace it", key.id, key.source)
        return key, None

    def stage(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """Keep the key that is to come beside the one in use."""
        name = f"{vault}.next"
        waiting = self._get(name)
        if waiting is not None:
            return decoded(waiting, self.where(name)), None
        return self._put(name, new_key(chance, self.where(name))), None

    def promote(self, vault: str, old: str) -> str | None:
        """Copy the old key under a name with its id, the waiting one to the vault's; drop it."""
        current, waiting = self._get(vault), self._get(f"{vault}.next")
        retired = f"{vault}.{old}.retired"
        if waiting is not None:
            if current is not None and decoded(current, self.where(vault)).id == old:
                self._put(retired, decoded(current, self.where(vault)))
            self._put(vault, decoded(waiting, self.where(vault)))
            self._do("delete_password", f"{vault}.next")
        return self.where(retired) if self._get(retired) is not None else None

    def _get(self, name: str) -> str | None:
        found = self._do("get_password", name)
        return None if found is None else str(found)

    def _put(self, name: str, key: RootKey) -> RootKey:
        """Keep a key and read it back: what is not there on return must wrap nothing."""
        self._do("set_password", name, encoded(key))
        if self._get(name) != encoded(key):
            raise VaultUnavailable(f"{self.where(name)} did not keep the key")
        return key

    def _do(self, what: str, *arguments: str) -> object:
        try:
            import keyring
        except ImportError:
            raise ConfigurationError(
                "the OS keyring needs a package: pip install 'llm-guard-protecto[keyring]'"
            ) from None
        try:
            return getattr(keyring, what)(_SERVICE, *arguments)
        except Exception as error:  # noqa: BLE001 - every system has errors of its own
            failure = type(error).__name__
        raise VaultUnavailable(f"the OS keyring did not answer ({failure})")


def read_key_file(path: Path, source: str) -> RootKey | None:
    """The key in a file, None when there is no file. Looks at the mode of what it opened.

    Raises `VaultRefused` for a file that others may use and for one that holds no key.
    """
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
    return decoded(content.decode("ascii", "replace"), source)
