"""Is this value what its shape says? Checksums, ranges and lengths, as functions of the value.

Every function takes the text of a candidate and answers in time linear in its length. Sources:
ISO/IEC 7812 and the networks' published ranges (cards), ISO 13616 (IBAN), SSA and IRS pages (US
numbers), RFC 4291 (IPv6), ISO 3779 (VIN); `python-stdnum` where it knows better.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from llm_guard_protecto.detect.expression import expression

__all__ = [
    "aba",
    "card",
    "dea",
    "digits",
    "has_digit",
    "iban",
    "iban_length",
    "imei",
    "ipv4",
    "ipv6",
    "is_date",
    "itin",
    "luhn",
    "mac",
    "nhs",
    "nino",
    "npi",
    "random_looking",
    "ssn",
    "ssn_shaped",
    "swift",
    "vin",
]

_NOT_DIGITS: Final = expression(r"[^0-9]+")
_DIGIT: Final = expression(r"[0-9]")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def digits(value: str) -> str:
    """The ASCII digits of a value, in order."""
    return _NOT_DIGITS.sub("", value)


def has_digit(value: str) -> bool:
    """Whether there is any ASCII digit."""
    return _DIGIT.search(value) is not None


def luhn(number: str) -> bool:
    """The checksum of payment cards, IMEI and NPI over a string of digits."""
    total = 0
    double = False
    for character in reversed(number):
        digit = ord(character) - 48
        total += _DOUBLED[digit] if double else digit
        double = not double
    return total % 10 == 0


# (first prefix, last prefix, lengths): the issuer ranges in use
_ISSUERS: Final = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),  # Mastercard
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("300", "305", (14, 16)),  # Diners
    ("3095", "3095", (14, 16)),
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("3528", "3589", (16, 19)),  # JCB
    ("1800", "1800", (15,)),
    ("2131", "2131", (15,)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("81", "82", (16,)),  # RuPay, UnionPay
    ("60", "60", (16,)),  # RuPay
    ("508", "508", (16,)),
    ("2200", "2204", (16,)),  # Mir
    ("9792", "9792", (16,)),  # Troy
    ("5018", "5018", range(12, 20)),  # Maestro
    ("5020", "5020", range(12, 20)),
    ("5038", "5038", range(12, 20)),
    ("5612", "5612", range(12, 20)),
    ("5893", "5893", range(12, 20)),
    ("6304", "6304", range(12, 20)),
    ("6390", "6390", range(12, 20)),
    ("6759", "6763", range(12, 20)),
    ("0604", "0604", range(12, 20)),
)


def card(value: str) -> bool:
    """A payment card: a known issuer range, its length, and the checksum."""
    number = digits(value)
    if not 12 <= len(number) <= 19 or number.count(number[0]) == len(number):
        return False
    return any(
        low <= number[: len(low)] <= high and len(number) in lengths
        for low, high, lengths in _ISSUERS
    ) and luhn(number)


def iban(value: str) -> bool:
    """An account number of ISO 13616: the country's own length and structure, and the checksum."""
    compact = "".join(c for c in value if c.isalnum()).upper()
    if not compact.isascii() or len(compact) != iban_length(compact[:2]):
        return False
    if int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 != 1:
        return False
    from stdnum import iban as known

    return bool(known.is_valid(compact, check_country=False))


@lru_cache(maxsize=1024)
def iban_length(country: str) -> int:
    """How long a country's account numbers are, country and check digits included; 0: none."""
    from stdnum import numdb

    for _, properties in numdb.get("iban").info(country.upper()):
        if "bban" in properties:
            return 4 + sum(map(int, re.findall(r"(\d+)!", properties["bban"])))
    return 0


def ssn(value: str) -> bool:
    """A US social security number that could have been issued."""
    number = digits(value)
    return (
        len(number) == 9
        and number[:3] not in ("000", "666")
        and number[0] != "9"
        and number[3:5] != "00"
        and number[5:] != "0000"
        and number not in ("123456789", "078051120")
        and number.count(number[0]) != 9
    )


def ssn_shaped(value: str) -> bool:
    """A number written as a social security number, of an area that none was issued in."""
    number = digits(value)
    return number[0] == "9" and ssn("1" + number[1:]) and not itin(number)


def itin(value: str) -> bool:
    """A US individual taxpayer number: 9xx, then 50-65, 70-88, 90-92 or 94-99."""
    number = digits(value)
    group = int(number[3:5])
    return (
        len(number) == 9
        and number[0] == "9"
        and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 99)
        and group != 93
    )


def ipv4(value: str) -> bool:
    """Four numbers below 256 that name a machine (not this one, none, all, or a net mask)."""
    parts = value.split(".")
    if not all(int(p) < 256 and (len(p) == 1 or p[0] != "0") for p in parts):
        return False
    return parts[0] not in ("0", "127") and parts[:2] != ["255", "255"]


def ipv6(value: str) -> bool:
    """An IPv6 address that names a machine; `1::2` and the like are left to slices of code."""
    groups = [g for g in value.split(":") if g]
    if "::" in value and (len(groups) < 2 or max(map(len, groups)) < 3):
        return False
    if not has_digit(value) or set(groups[:4]) == {"ffff"}:
        return False
    try:
        IPv6Address(value)
    except AddressValueError:
        return False
    return True


def mac(value: str) -> bool:
    """A hardware address: one kind of separator, not all zero and not the broadcast one."""
    compact = {c.upper() for c in value if c not in ":-."}
    return len({c for c in value if c in ":-."}) == 1 and len(compact) > 1


def imei(value: str) -> bool:
    """Fifteen digits with a right checksum."""
    number = digits(value)
    return len(number) == 15 and luhn(number)


_VIN_VALUES: Final = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def vin(value: str) -> bool:
    """Seventeen letters and digits with the check digit of ISO 3779 / 49 CFR 565."""
    value = value.upper()
    if len(value) != 17 or not has_digit(value) or value.isdigit():
        return False
    total = sum(
        weight * (int(c) if c.isdigit() else _VIN_VALUES.get(c, 0))
        for weight, c in zip(_VIN_WEIGHTS, value, strict=True)
    )
    return value[8] == "0123456789X"[total % 11]


def aba(value: str) -> bool:
    """A US bank routing number: prefix range and weighted checksum."""
    n = [int(c) for c in digits(value)]
    if len(n) != 9:
        return False
    prefix = n[0] * 10 + n[1]
    if not (0 < prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80):
        return False
    total = 3 * (n[0] + n[3] + n[6]) + 7 * (n[1] + n[4] + n[7]) + n[2] + n[5] + n[8]
    return total % 10 == 0


def swift(value: str) -> bool:
    """A bank code of ISO 9362: its fifth and sixth letters are a country."""
    from stdnum import bic

    return bool(bic.is_valid(value))


def npi(value: str) -> bool:
    """A US provider number: ten digits, checksum over 80840 and the number."""
    number = digits(value)
    return len(number) == 10 and number[0] in "12" and luhn("80840" + number)


def dea(value: str) -> bool:
    """A US prescriber number: two letters, seven digits, the last one a check digit."""
    n = [int(c) for c in value[2:9]]
    return (n[0] + n[2] + n[4] + 2 * (n[1] + n[3] + n[5])) % 10 == n[6]


def nhs(value: str) -> bool:
    """A UK health service number: ten digits, modulus 11."""
    n = [int(c) for c in digits(value)]
    if len(n) != 10 or len(set(n)) == 1:
        return False
    check = 11 - sum(d * (10 - i) for i, d in enumerate(n[:9])) % 11
    return check % 11 == n[9] and check != 10


def nino(value: str) -> bool:
    """A UK national insurance number: the prefixes that are never given are out."""
    return value[:2].upper() not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def is_date(value: str) -> bool:
    """Whether a numeric date can stand in a calendar, in any order of day, month and year."""
    numbers = [int(n) for n in re.split(r"\D+", value)[:3] if n]
    if len(numbers) != 3:
        return False
    if numbers[0] > 31:
        year, *rest = numbers
        order_ok = 1 <= rest[0] <= 12 and 1 <= rest[1] <= 31
        return order_ok and 1000 <= year <= 2999
    first, second, year = numbers
    plausible = min(first, second) >= 1 and min(first, second) <= 12 and max(first, second) <= 31
    return plausible and (year < 100 or 1000 <= year <= 2999)


def random_looking(value: str) -> bool:
    """Whether a value could be a machine-made secret: letters and digits, little repetition."""
    value = value[:64]
    numbers = sum("0" <= c <= "9" for c in value)
    small = sum("a" <= c <= "z" for c in value)
    large = sum("A" <= c <= "Z" for c in value)
    mixed = numbers >= 2 and small + large >= 2 or min(numbers, small, large) >= 1
    return mixed and len(set(value)) >= min(8, len(value) // 2)
