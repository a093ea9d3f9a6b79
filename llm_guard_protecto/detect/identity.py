"""Checksums of numbers that `python-stdnum` does not know, by the issuers' published rules."""

from __future__ import annotations

from datetime import date
from typing import Final

from llm_guard_protecto.detect.checks import digits, luhn

__all__ = [
    "australian_medicare",
    "bahraini",
    "egyptian",
    "emirates",
    "german_document",
    "german_health",
    "german_pension",
    "hong_kong",
    "kazakh",
    "long_enough",
    "luhn_digits",
    "singapore",
    "sri_lankan",
    "taiwanese",
]


def luhn_digits(value: str) -> bool:
    """The digits of a value with a right checksum of ISO/IEC 7812."""
    return luhn(digits(value))


def long_enough(value: str) -> bool:
    """At least eight digits, and not all the same."""
    number = digits(value)
    return len(number) > 7 and len(set(number)) > 1


def emirates(value: str) -> bool:
    """An identity card of the Emirates: 784, a year of birth, seven digits, checksum."""
    number = digits(value)
    return len(number) == 15 and 1900 <= int(number[3:7]) <= 2099 and luhn(number)


_SINGAPORE: Final = {
    "S": (0, "JZIHGFEDCBA"),
    "T": (4, "JZIHGFEDCBA"),
    "F": (0, "XWUTRQPNMLK"),
    "G": (4, "XWUTRQPNMLK"),
    "M": (3, "XWUTRQPNJLK"),
}


def singapore(value: str) -> bool:
    """An NRIC or FIN: letter, seven digits, check letter."""
    value = value.upper()
    offset, letters = _SINGAPORE[value[0]]
    total = offset + sum(int(c) * w for c, w in zip(value[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    place = total % 11
    return value[8] == letters[10 - place if value[0] == "M" else place]


def hong_kong(value: str) -> bool:
    """An identity card: one or two letters, six digits, check digit in brackets."""
    compact = "".join(c for c in value.upper() if c.isalnum())
    body, last = compact[:-1], compact[-1]
    numbers = [ord(c) - 55 if c.isalpha() else int(c) for c in body]
    if len(numbers) == 7:
        numbers.insert(0, 36)
    total = sum(n * w for n, w in zip(numbers, range(9, 1, -1), strict=True))
    return (total + (10 if last == "A" else int(last))) % 11 == 0


_TAIWAN: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def taiwanese(value: str) -> bool:
    """A national identification number: letter, nine digits, modulus 10."""
    code = _TAIWAN.index(value[0].upper()) + 10
    numbers = [code // 10, code % 10, *map(int, value[1:])]
    return (
        sum(n * w for n, w in zip(numbers, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10
        == 0
    )


def german_document(value: str) -> bool:
    """An identity card or passport of nine signs and a check digit (weights 7, 3, 1)."""
    compact = value.upper()
    if len(compact) != 10 or not compact[-1].isdigit():
        return False
    total = sum(int(c, 36) * w for c, w in zip(compact[:9], (7, 3, 1) * 3, strict=True))
    return total % 10 == int(compact[9])


def german_health(value: str) -> bool:
    """A health insurance number: letter, eight digits, check digit."""
    numbers = f"{ord(value[0].upper()) - 64:02d}{value[1:]}"
    total = 0
    for place, character in enumerate(numbers[:10]):
        product = int(character) * (1 + place % 2)
        total += product // 10 + product % 10
    return total % 10 == int(numbers[10])


def german_pension(value: str) -> bool:
    """A pension insurance number: area, birth date, letter, serial, check digit."""
    compact = "".join(c for c in value.upper() if c.isalnum())
    numbers = f"{compact[:8]}{ord(compact[8]) - 64:02d}{compact[9:]}"
    total = 0
    for character, weight in zip(numbers[:12], (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True):
        product = int(character) * weight
        total += product // 10 + product % 10
    return total % 10 == int(numbers[12])


def australian_medicare(value: str) -> bool:
    """A Medicare card: eight digits, check digit, issue number."""
    number = digits(value)
    total = sum(int(c) * w for c, w in zip(number[:8], (1, 3, 7, 9, 1, 3, 7, 9), strict=True))
    return total % 10 == int(number[8])


def egyptian(value: str) -> bool:
    """A national number: century, birth date, governorate (its check digit is not published)."""
    century = {"2": 1900, "3": 2000}.get(value[0])
    return century is not None and _born(century + int(value[1:3]), value[3:5], value[5:7])


def kazakh(value: str) -> bool:
    """An individual number: birth date, century and sex, serial, check digit modulo 11."""
    numbers = [int(c) for c in value]
    for first in (1, 3):
        weights = [(first - 1 + place) % 11 + 1 for place in range(11)]
        check = sum(n * w for n, w in zip(numbers[:11], weights, strict=True)) % 11
        if check != 10:
            return check == numbers[11]
    return False


def sri_lankan(value: str) -> bool:
    """A national identity card, old (nine digits, V or X) or new (year, day of the year)."""
    day = int(value[2:5] if len(value) == 10 else value[4:7])
    return 1 <= day <= 366 or 501 <= day <= 866


def bahraini(value: str) -> bool:
    """A personal number: year and month of birth, serial."""
    return 1 <= int(value[2:4]) <= 12


def _born(year: int, month: str, day: str) -> bool:
    try:
        date(year, int(month), int(day))
    except ValueError:
        return False
    return True
