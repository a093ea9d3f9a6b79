"""Nineteen ways to write a value so that a filter overlooks it, ten ways to encode it.

`TRICKS` and `ENCODINGS` map a name to a function of the value; `kinds_of_values` gives generated
values in sentences. Used by the tests and by the bench that prints the tables.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from llm_guard_protecto.detect.find import find
from llm_guard_protecto.engine.resolve import resolve

__all__ = ["ENCODINGS", "SENTENCES", "TRICKS", "caught", "value_of"]

Trick = Callable[[str], str]

_CYRILLIC = str.maketrans("aeopcyxisjABEKMHOPCTX0316", "аеорсухіѕјАВЕКМНОРСТХОЗІб")
_GREEK = str.maketrans("aopviuABEZHIKMNOPTYX01", "αορνιυΑΒΕΖΗΙΚΜΝΟΡΤΥΧΟΙ")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_PUNCTUATION = str.maketrans({"-": "\u2013", " ": "\u2009", ".": "\uff0e", "@": "\uff20"})
_DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_SIGNS = {"-": " dash ", ".": " dot ", "@": " at ", "(": "", ")": "", " ": " ", "+": "plus "}


def _between(*signs: str) -> Trick:
    """Put one of the signs, in turn, after each character but the last."""

    def trick(value: str) -> str:
        last = len(value) - 1
        return "".join(c + (signs[i % len(signs)] if i < last else "") for i, c in enumerate(value))

    return trick


def _shifted(small: int, large: int, digit: int) -> Trick:
    def trick(value: str) -> str:
        out = []
        for c in value:
            if "a" <= c <= "z":
                c = chr(ord(c) - 97 + small)
            elif "A" <= c <= "Z":
                c = chr(ord(c) - 65 + large)
            elif "0" <= c <= "9":
                c = chr(ord(c) - 48 + digit)
            out.append(c)
        return "".join(out)

    return trick


def _circled(value: str) -> str:
    plain = _shifted(0x24D0, 0x24B6, 0x245F)(value)
    return plain.replace("\u245f", "\u24ea")


def _wide(value: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


def _apart(sign: str) -> Trick:
    """Each character by itself; what was a blank is a wider gap."""
    return lambda value: sign.join(value.replace(" ", "" if sign != " " else " "))


def _said(value: str) -> str:
    """Digits and signs in words, the letters as they are."""
    if any(c.isalpha() for c in value):
        name, at, site = value.partition("@")
        if at:
            return f"{name} at {site.replace('.', ' dot ')}"
        return _dictated(value.replace("DE", "D E "))
    return _dictated(value)


def _dictated(value: str) -> str:
    words = [f" {_DIGITS[int(c)]} " if c.isdigit() else _SIGNS.get(c, c) for c in value]
    return " ".join("".join(words).split())


def _smuggled(value: str) -> str:
    return "\U0001f600" + "".join(chr(0xE0000 + ord(c)) for c in value)


TRICKS: Final[Mapping[str, Trick]] = {
    "zero-width spaces": _between("\u200b"),
    "soft hyphens": _between("\xad"),
    "joiners": _between("\u2060", "\u200c", "\u200d"),
    "direction marks": _between("\u200e", "\u202a", "\u2069"),
    "variation selectors": _between("\ufe0f", "\ufe00"),
    "tag characters": _between("\U000e0041"),
    "combining marks": _between("\u0336", "\u0301\u0323"),
    "full-width": _wide,
    "mathematical bold": _shifted(0x1D41A, 0x1D400, 0x1D7CE),
    "circled": _circled,
    "Cyrillic look-alikes": lambda value: value.translate(_CYRILLIC),
    "Greek look-alikes": lambda value: value.translate(_GREEK),
    "digits of another script": lambda value: value.translate(_ARABIC),
    "exotic punctuation": lambda value: value.translate(_PUNCTUATION),
    "blanks between": _apart(" "),
    "middle dots between": _apart("\xb7"),
    "line ends between": _apart("\n"),
    "in words": _said,
    "hidden in tags": _smuggled,
}

ENCODINGS: Final[Mapping[str, Trick]] = {
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "percent": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "HTML entities": lambda value: "".join(f"&#{ord(c)};" for c in value),
    "escapes": lambda value: "".join(f"\\u{ord(c):04x}" for c in value),
    # beyond the five
    "base64, for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode().strip("="),
    "base32": lambda value: base64.b32encode(value.encode()).decode(),
    "percent, signs only": lambda value: quote(value, safe=""),
    "quoted-printable": lambda value: "".join(f"={byte:02X}" for byte in value.encode()),
    "backwards": lambda value: f"\u202e{value[::-1]}\u202c",
}

SENTENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "EMAIL_ADDRESS": ("Please write to {} today.", "My address: {}", "{}"),
    "PHONE_NUMBER": ("Call me at {} tomorrow.", "My phone number is {}."),
    "CREDIT_CARD": ("Charge the card {} please.", "We took {} as payment."),
    "US_SSN": ("My social security number is {}.", "SSN: {}"),
    "IBAN_CODE": ("Transfer it to {} today.", "The account {} is closed."),
    "IP_ADDRESS": ("The server at {} is down.", "Traffic came from {} again."),
    "PERSON": ("My name is {} and I live here.", "Please ask {} about it."),
}

_FIRST = [
    "Sarah",
    "Michael",
    "Laura",
    "Peter",
    "Hannah",
    "Oliver",
    "Sophie",
    "Daniel",
    "Emily",
    "Marcus",
]
_LAST = [
    "Johnson",
    "Peterson",
    "Carpenter",
    "Hoffman",
    "Coleman",
    "Sanchez",
    "Phillips",
    "Mitchell",
]
_SITES = ("example.com", "mail.example.org", "harborline.co.uk", "acme-post.net")


def value_of(entity: str, chance: random.Random) -> str:
    """A generated value of an entity, as people write it; nobody's."""
    if entity == "EMAIL_ADDRESS":
        first, last = chance.choice(_FIRST).lower(), chance.choice(_LAST).lower()
        return f"{first}{chance.choice(('.', '_', ''))}{last}@{chance.choice(_SITES)}"
    if entity == "PHONE_NUMBER":
        area, line = chance.randint(212, 989), chance.randint(1000, 9999)
        return f"{area}-{chance.randint(210, 989)}-{line}"
    if entity == "CREDIT_CARD":
        number = "4" + "".join(chance.choices("0123456789", k=14))
        number += next(d for d in "0123456789" if _luhn(number + d))
        groups = [number[i : i + 4] for i in range(0, 16, 4)]
        return chance.choice((" ", "-", "")).join(groups)
    if entity == "US_SSN":
        return f"{chance.randint(200, 660)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"
    if entity == "IBAN_CODE":
        account = "".join(chance.choices("0123456789", k=18))
        check = 98 - int(account + "131400") % 97
        return f"DE{check:02d}{account}"
    if entity == "IP_ADDRESS":
        return ".".join(str(chance.choice((23, 51, 84, 146, 198, 203))) for _ in range(4))
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def _luhn(number: str) -> bool:
    total = 0
    for i, c in enumerate(reversed(number)):
        total += int(c) if i % 2 == 0 else sum(map(int, str(2 * int(c))))
    return total % 10 == 0


def caught(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit of `text[start:end]` is left in clear (nor anything hidden)."""
    spans = resolve(text, find([text])[0])
    left = set(range(start, end))
    for span in spans:
        left -= set(range(span.start, span.end))
    touched = any(s.start < end and s.end > start for s in spans)
    return touched and not any(text[i].isalnum() or text[i] > "\U000e0000" for i in left)
