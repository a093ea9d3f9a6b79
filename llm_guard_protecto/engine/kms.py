"""A key management service that keeps the root key: a plug-in of two methods, `wrap` and `unwrap`.

The vault itself keeps the root key as the service wrapped it. So a rotation is one transaction, and
whoever has the vault's file needs the service to open it.
"""

from __future__ import annotations

import base64
import binascii
from importlib.metadata import entry_points
from typing import Protocol

from llm_guard_protecto.engine.keyplaces import Chance
from llm_guard_protecto.engine.rootkey import RootKey, new_key
from llm_guard_protecto.errors import ConfigurationError, VaultRefused, VaultUnavailable

__all__ = ["GROUP", "KeyWrapper", "KmsPlace", "wrapper_named"]

GROUP = "llm_guard_protecto.kms"
"""The group of entry points under which a package offers a service."""


class KeyWrapper(Protocol):
    """A key management service: the root key never leaves it but in the memory of this process."""

    def wrap(self, key: bytes) -> bytes:
        """The 32 bytes, encrypted by a key of the service."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """The 32 bytes again."""
        ...


class KmsPlace:
    """A key management service: the vault keeps its root key, wrapped by the service."""

    def __init__(self, wrapper: KeyWrapper, name: str) -> None:
        """`name` is for messages."""
        self._wrapper, self._name = wrapper, name

    def where(self, vault: str) -> str:
        """The service; the key itself is in the vault."""
        del vault
        return f"the vault, wrapped by {self._name}"

    def find(self, vault: str, wrapped: str | None) -> list[RootKey]:
        """The key that the service unwraps."""
        if wrapped is None:
            return []
        try:
            return [RootKey(self._do("unwrap", base64.b64decode(wrapped)), self.where(vault))]
        except binascii.Error:
            raise VaultRefused(f"what the vault keeps for {self._name} is damaged") from None

    def create(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """A new key, and its wrapped form for the vault."""
        key = new_key(chance, self.where(vault))
        wrapped = self._do("wrap", key.secret)
        if self._do("unwrap", wrapped) != key.secret:
            raise VaultUnavailable(f"{self._name} does not unwrap what it wraps")
        return key, base64.b64encode(wrapped).decode("ascii")

    def stage(self, vault: str, chance: Chance) -> tuple[RootKey, str | None]:
        """The same: only the vault's own change makes it the key."""
        return self.create(vault, chance)

    def promote(self, vault: str, old: str) -> str | None:
        """Nothing to do."""
        del vault, old
        return None

    def _do(self, what: str, data: bytes) -> bytes:
        try:
            answer = getattr(self._wrapper, what)(data)
            if isinstance(answer, (bytes, bytearray)):
                return bytes(answer)
            failure = f"answered with {type(answer).__name__}"
        except Exception as error:  # noqa: BLE001 - every service has errors of its own
            failure = type(error).__name__
        raise VaultUnavailable(f"{self._name} did not {what} the root key ({failure})")


def wrapper_named(name: str) -> KeyWrapper:
    """The key management service that an installed package offers under a name.

    Its entry point in the group `llm_guard_protecto.kms` gives the object, or a class or function
    that makes it without arguments. Raises `ConfigurationError` when there is none.
    """
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join(sorted(offered)) or "none"
        raise ConfigurationError(f"no package offers the KMS {name!r}; installed: {known}")
    try:
        loaded = offered[name].load()
        made: KeyWrapper = (
            loaded if hasattr(loaded, "wrap") and not isinstance(loaded, type) else loaded()
        )
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises
        failure = type(error).__name__
    else:
        return made
    raise ConfigurationError(f"the KMS {name!r} cannot be loaded ({failure})")
