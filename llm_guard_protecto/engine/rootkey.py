"""The root key: 32 random bytes that wrap every other key of a vault, and nothing else."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from llm_guard_protecto.engine.store import Store
from llm_guard_protecto.errors import VaultRefused

__all__ = ["HOW_TO", "META", "ROOT_BYTES", "Lock", "RootKey", "decoded", "encoded", "new_key"]

META = "root"
"""The name under which a vault keeps its `Lock`."""

ROOT_BYTES = 32
"""Length of a root key."""

HOW_TO = "make one with: openssl rand -base64 32"

_SAMPLES = frozenset({sha256(b"llm-guard-protecto sample key").digest(), bytes(range(32))})


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
        if len(self.secret) != ROOT_BYTES:
            raise VaultRefused(f"the key in {self.source} has not 32 bytes; {HOW_TO}")
        # Random bytes are all printable once in 10**13 keys, and have fewer than 16 values never.
        typed = all(0x20 <= byte < 0x7F for byte in self.secret)
        if typed or len(set(self.secret)) < 16 or self.secret in _SAMPLES:
            raise VaultRefused(f"the key in {self.source} is a sample, not a secret; {HOW_TO}")

    @property
    def id(self) -> str:
        """The public name of the key: 8 hexadecimal digits."""
        return hmac.digest(self.secret, b"lgp1 key id", "sha256")[:4].hex()

    @property
    def check(self) -> str:
        """The public value that tells the right key from a wrong one: 16 hexadecimal digits."""
        return hmac.digest(self.secret, b"lgp1 key check", "sha256")[:8].hex()


@dataclass(frozen=True, slots=True)
class Lock:
    """What a vault says about the key that opens it: its own id, the key's id and check value.

    `wrapped` is the key itself, wrapped by a key management service; None for all other sources.
    """

    vault: str
    key: str
    check: str
    wrapped: str | None = field(default=None, repr=False)

    def to_bytes(self) -> bytes:
        """As the vault keeps it."""
        said = {"vault": self.vault, "key": self.key, "check": self.check}
        return json.dumps(
            said if self.wrapped is None else said | {"wrapped": self.wrapped}
        ).encode()

    def fits(self, key: RootKey) -> bool:
        """Whether this is the key."""
        return hmac.compare_digest(self.check.encode(), key.check.encode())

    @classmethod
    def of(cls, store: Store) -> Lock | None:
        """What a store says, None when it has no key yet. Raises as `read` does."""
        found = store.meta(META)
        return None if found is None else cls.read(found, store.location)

    @classmethod
    def read(cls, found: bytes, location: str) -> Lock:
        """What a vault at `location` has said. Raises `VaultRefused` for nonsense."""
        try:
            said = json.loads(found)
            wrapped = said.get("wrapped")
            given = None if wrapped is None else str(wrapped)
            return cls(str(said["vault"]), str(said["key"]), str(said["check"]), given)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise VaultRefused(f"{location} does not say which key opens it") from None


def new_key(chance: Callable[[int], bytes], source: str) -> RootKey:
    """A key of random bytes that `chance` gives."""
    return RootKey(chance(ROOT_BYTES), source, created=True)


def encoded(key: RootKey) -> str:
    """The text that a variable or a file holds for a key."""
    return base64.b64encode(key.secret).decode("ascii")


def decoded(text: str, source: str) -> RootKey:
    """The key that such a text holds. Raises `VaultRefused`, and never shows the text."""
    if not text.strip():
        raise VaultRefused(f"the key in {source} is empty; {HOW_TO}")
    try:
        secret = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        secret = None
    if secret is None:  # raised here, where no error that holds the text hangs on
        raise VaultRefused(f"the key in {source} is not base64; {HOW_TO}")
    return RootKey(secret, source)
