"""The table of crypto wallets, and their checksums.

Base58check of Bitcoin and its relatives (double SHA-256), bech32 (BIP 173, 350), CashAddr, and the
CRC-16 of Stellar. Ethereum's mixed-case checksum (EIP-55) is not asked for: an address with one
letter in the wrong case is a wallet all the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from llm_guard_protecto.detect.borders import apart
from llm_guard_protecto.detect.cues import WALLET
from llm_guard_protecto.detect.pattern import Pattern, named

__all__ = ["WALLETS", "base58", "bech32", "cashaddr", "ripple", "stellar"]

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58: Final = {c: i for i, c in enumerate(_ALPHABET)}
_RIPPLE: Final = str.maketrans(
    "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz", _ALPHABET
)


def base58(value: str) -> bool:
    """An address of 25 to 27 bytes with the double-SHA-256 checksum of Bitcoin and its relatives."""
    number = 0
    for character in value:
        if character not in _BASE58:
            return False
        number = number * 58 + _BASE58[character]
    size = max(25, (number.bit_length() + 7) // 8)
    if size > 27:
        return False
    raw = number.to_bytes(size, "big")
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def ripple(value: str) -> bool:
    """An account of the XRP ledger: base58check in its own order of letters."""
    return base58(value.translate(_RIPPLE))


_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASHADDR: Final = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)


def bech32(value: str) -> bool:
    """A segwit address or one of its relatives (bech32 or bech32m checksum)."""
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
        for i, generator in enumerate(_GENERATORS):
            check ^= generator if top >> i & 1 else 0
    return check in (1, 0x2BC830A3)


def cashaddr(value: str) -> bool:
    """A Bitcoin Cash address (40-bit BCH checksum); the prefix may be left out."""
    prefix, _, data = value.lower().rpartition(":")
    if any(c not in _BECH32 for c in data):
        return False
    values = [ord(c) & 31 for c in prefix or "bitcoincash"] + [0]
    values += [_BECH32.index(c) for c in data]
    check = 1
    for part in values:
        top = check >> 35
        check = (check & 0x07FFFFFFFF) << 5 ^ part
        for i, generator in enumerate(_CASHADDR):
            check ^= generator if top >> i & 1 else 0
    return check == 1


def stellar(value: str) -> bool:
    """An account of Stellar: base32 with CRC-16/XMODEM."""
    raw = base64.b32decode(value)
    return binascii.crc_hqx(raw[:-2], 0).to_bytes(2, "little") == raw[-2:]


def _varied(value: str) -> bool:
    """Whether a long value in base58 could be a key: both cases, digits, little repetition."""
    return (
        len(set(value)) > 18
        and any(c.isdigit() for c in value)
        and any(c.islower() for c in value)
        and any(c.isupper() for c in value)
    )


WALLETS: Final = (
    Pattern(
        "CRYPTO",
        r"\b(?:[13LMDTAX9]|t[13z]|tz[1-4]|KT1)[1-9A-HJ-NP-Za-km-z]{25,35}\b",
        base58,
        score=0.97,
        name="wallet_base58",
    ),
    Pattern(
        "CRYPTO",
        r"(?i)\b(?:bc1|ltc1|tb1|addr1|stake1|cosmos1|osmo1|terra1|celo1|inj1|sei1)"
        r"[02-9ac-hj-np-z]{11,110}\b",
        bech32,
        score=0.97,
        name="wallet_bech32",
    ),
    Pattern(
        "CRYPTO",
        r"\bbitcoincash:[qp][02-9ac-hj-np-z]{41}\b|\b[qp][02-9ac-hj-np-z]{41}\b",
        cashaddr,
        score=0.97,
        name="wallet_cash",
    ),
    Pattern(
        "CRYPTO",
        r"\b0x[0-9a-fA-F]{40}\b",
        lambda v: len(set(v)) > 6,
        score=0.9,
        name="wallet_ethereum",
    ),
    Pattern(
        "CRYPTO",
        r"\br[1-9A-HJ-NP-Za-km-z]{24,34}\b",
        ripple,
        score=0.97,
        name="wallet_ripple",
    ),
    Pattern("CRYPTO", r"\bG[A-Z2-7]{55}\b", stellar, score=0.97, name="wallet_stellar"),
    Pattern(
        "CRYPTO",
        r"\b[48][1-9A-HJ-NP-Za-km-z]{94}\b",
        _varied,
        score=0.9,
        name="wallet_monero",
    ),
    named(
        "CRYPTO",
        r"\b[1-9A-HJ-NP-Za-km-z]{43,44}\b",
        WALLET,
        "wallet_solana",
        check=_varied,
        fit=apart("/+_-"),
    ),
)
