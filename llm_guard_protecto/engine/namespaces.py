"""The namespaces of one vault: nothing of one is ever seen in another.

Every namespace has its own keys, so the same value has another token in each, and every row, policy
and job is kept under its number. What is deleted cannot be read again: its keys go with it.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.engine.trails import changing
from llm_guard_protecto.errors import ConfigurationError, VaultRefused, VaultUnavailable

__all__ = ["LONGEST_NAME", "Namespaces"]

log = logging.getLogger("llm_guard_protecto")

LONGEST_NAME = 200
"""Characters that the name of a namespace may have."""


class Namespaces:
    """Gives each namespace's vault by name. Thread-safe."""

    def __init__(self, vault: LocalVault) -> None:
        """All namespaces of the file that `vault` has open."""
        self.vault = vault
        self._lock = threading.Lock()
        self._open: dict[str, LocalVault] = {}

    def names(self) -> list[str]:
        """The names of all namespaces, the oldest first."""
        return list(self.vault.store.tenants.names())

    def name_of(self, number: int) -> str | None:
        """The name of a namespace by its number; None when it is gone."""
        return self.vault.store.tenants.name_of(number)

    def get(self, name: str) -> LocalVault | None:
        """The vault of a namespace; None when there is no such namespace."""
        number = self.vault.store.tenants.number_of(name)
        if number is None:
            return None
        with self._lock:
            found = self._open.get(name)
            if found is None or found.keyring.namespace != number:
                found = self._open[name] = self.vault.in_namespace(name)
            return found

    def of_number(self, number: int) -> LocalVault | None:
        """The vault of a namespace by its number; None when it is gone.

        One that was open here is given without a look whether somebody has deleted it since.
        """
        with self._lock:
            opened = list(self._open.values())
        for vault in opened:
            if vault.keyring.namespace == number:
                return vault
        name = self.name_of(number)
        return None if name is None else self.get(name)

    def create(self, name: str) -> bool:
        """Make a namespace with keys of its own; False when it is there already.

        Raises `ConfigurationError` for a name that is empty, too long or not printable.
        """
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
            raise ConfigurationError(
                f"the name of a namespace has 1 to {LONGEST_NAME} printable characters"
            )
        new = self.vault.store.tenants.number_of(name) is None
        begun = changing(self.vault.trail if new else None, "namespace made", namespace=name)
        with begun, self._lock:
            self._open[name] = self.vault.in_namespace(name)
        return new

    def delete(self, name: str) -> bool:
        """Delete a namespace with all that is in it; False when there was none."""
        number = self.vault.store.tenants.number_of(name)
        if number is None:
            return False
        try:
            chain = _ended(self.get(name))
        except VaultRefused:
            chain = {}  # its keys do not open: all the more may it go
        with self._lock:
            self._open.pop(name, None)
        with changing(self.vault.trail, "namespace deleted", namespace=name, **chain):
            gone = self.vault.store.tenants.drop(number)
            self._shred()
            return gone

    def _shred(self) -> None:
        try:
            self.vault.store.upkeep.shred()
        except VaultUnavailable as error:
            log.warning("a deleted namespace may have left traces until the next erase: %s", error)


def _ended(vault: LocalVault | None) -> dict[str, Any]:
    """How the audit of a namespace ended, which is deleted with it: kept in that of the vault."""
    if vault is None or vault.trail is None:
        return {}
    head = vault.trail.checkpoint(end=True)
    return {"entries": head.number, "code": head.code.hex()}
