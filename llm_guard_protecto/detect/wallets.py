"""Checksums of crypto wallets: base58check of Bitcoin and its relatives, bech32 (BIP 173, 350)."""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["base58", "bech32"]

_BASE58: Final = {
    c: i for i, c in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
}


def base58(value: str) -> bool:
    """A wallet address with the double-SHA-256 checksum of Bitcoin and its relatives."""
    number = 0
    for character in value:
        if character not in _BASE58:
            return False
        number = number * 58 + _BASE58[character]
    raw = number.to_bytes(32, "big") if number < 1 << 256 else b""
    raw = raw[-25:] if not any(raw[:-25]) else b""
    if not raw:
        return False
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(value: str) -> bool:
    """A segwit address (bech32 or bech32m checksum)."""
    if value not in (value.lower(), value.upper()):
        return False
    prefix, _, data = value.lower().rpartition("1")
    if any(c not in _BECH32 for c in data):
        return False
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    values += [_BECH32.index(c) for c in data]
    check = 1
    for part in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ part
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    return check in (1, 0x2BC830A3)
