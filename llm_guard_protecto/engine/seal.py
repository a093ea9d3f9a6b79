"""Seals values, indexes them blindly and derives tokens: three keys, three small classes.

No knobs: cipher, nonce, padding and lengths are fixed here, and every failure to open is the same
`Unreadable`, whatever the reason. All inputs are joined with their lengths (`joined`), so that
("ab", "c") and ("a", "bc") never meet, and text is encoded with `surrogatepass`, so that every
Python string is legal.

Sealed bytes are: format (1 byte, 1 today), nonce (12), AES-256-GCM of the padded value, tag (16).
The value is padded to 16, 32, 64, 128 ... bytes, so sizes give away little. Up to 2**31 values
may be sealed with one key (half of the limit that NIST SP 800-38D sets for random nonces).
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from llm_guard_protecto.errors import Unreadable

__all__ = ["KEY_BYTES", "Index", "Mac", "Sealer", "TokenKey", "joined"]

KEY_BYTES = 32
"""Length of every key here, in bytes."""

_FORMAT = b"\x01"
_NONCE = 12
_TAG = 16
_SMALLEST = 16
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def joined(*parts: str | bytes | int) -> bytes:
    """The parts with their lengths in front: no two lists of strings give the same bytes.

    Text is encoded as UTF-8 with `surrogatepass`, a number as decimal text. Bytes, text and
    numbers are not told apart, so a place in the list should always hold the same type.
    """
    out = []
    for part in parts:
        if not isinstance(part, bytes):
            part = str(part).encode("utf-8", "surrogatepass")
        out.append(len(part).to_bytes(4, "big"))
        out.append(part)
    return b"".join(out)


class _Secret:
    """Holds a key and does not show, copy or pickle it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a key and is not copied or pickled")


class Mac(_Secret):
    """HMAC-SHA-256 with the key's two blocks hashed once: about 2 microseconds a call."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        """A key of any length, as RFC 2104 allows."""
        block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = sha256(block.translate(_INNER))
        self._outer = sha256(block.translate(_OUTER))

    def of(self, data: bytes) -> bytes:
        """The 32-byte code of `data`."""
        inner = self._inner.copy()
        inner.update(data)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


class TokenKey(_Secret):
    """Derives what a token is written from: the same unit gives the same digest everywhere."""

    __slots__ = ("_mac", "version")

    def __init__(self, token_key: bytes, version: int = 1) -> None:
        """A 32-byte key; `version` is its number in the keyring."""
        self._mac = Mac(_checked(token_key))
        self.version = version

    def digest(self, *parts: str | bytes | int) -> bytes:
        """32 bytes derived from the parts: kind, unit, counter and what else sets tokens apart."""
        return self._mac.of(joined("lgp1", *parts))


class Index(_Secret):
    """Turns a value into the key of its row; without the index key nobody can test a guess."""

    __slots__ = ("_mac", "version")

    def __init__(self, index_key: bytes, version: int = 1) -> None:
        """A 32-byte key; `version` is its number in the keyring."""
        self._mac = Mac(_checked(index_key))
        self.version = version

    def of(self, *parts: str | bytes | int) -> bytes:
        """The 16-byte blind index of the parts: kind, value and what else sets rows apart."""
        return self._mac.of(joined("lgp1 index", *parts))[:16]


class Sealer(_Secret):
    """Seals values with one data key and opens them again."""

    __slots__ = ("_cipher", "version")

    def __init__(self, data_key: bytes, version: int = 1) -> None:
        """A 32-byte key; `version` is its number in the keyring, bound into every seal."""
        self._cipher = AESGCM(_checked(data_key))
        self.version = version

    def seal(self, value: str, associated: bytes) -> bytes:
        """Seal any string. `associated` says where the result belongs; give it again to open."""
        return self.seal_bytes(value.encode("utf-8", "surrogatepass"), associated)

    def open(self, sealed: bytes, associated: bytes) -> str:
        """The sealed string. Raises `Unreadable` for anything not sealed so, here, for there."""
        clear = self.open_bytes(sealed, associated)
        try:
            return clear.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            pass
        raise Unreadable  # outside the handler, so that no clear bytes hang on the error

    def seal_bytes(self, clear: bytes, associated: bytes) -> bytes:
        """Like `seal`, for bytes."""
        size = _SMALLEST
        while size <= len(clear):
            size *= 2
        nonce = os.urandom(_NONCE)
        padded = (clear + b"\x80").ljust(size, b"\0")
        return _FORMAT + nonce + self._cipher.encrypt(nonce, padded, self._bound(associated))

    def open_bytes(self, sealed: bytes, associated: bytes) -> bytes:
        """Like `open`, for bytes."""
        if sealed[:1] != _FORMAT or len(sealed) < 1 + _NONCE + _SMALLEST + _TAG:
            raise Unreadable
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            padded = self._cipher.decrypt(nonce, body, self._bound(associated))
        except InvalidTag:
            raise Unreadable from None
        clear, mark, rest = padded.rpartition(b"\x80")
        if not mark or rest.strip(b"\0"):
            raise Unreadable
        return clear

    def _bound(self, associated: bytes) -> bytes:
        return joined(_FORMAT, self.version, associated)


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return key
