"""Texts made to be slow: what a detector looks for, begun again and again, or said and not meant.

Three families: one piece repeated (`repeated`), pieces that count on so that no two are alike
(`counted`), and soups of random characters or words (`soups`). All are the same in every run.
"""

from __future__ import annotations

import base64
import hashlib
import string
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from random import Random

from llm_guard_protecto.detect.rules import ALL

__all__ = ["hostile"]

_CONTEXT = sorted({word for pattern in ALL for word in pattern.near})
_SYLLABLES = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]

_PIECES = {
    "letters": "a",
    "digits": "7",
    "digits apart": "7 ",
    "digits and dashes": "12-",
    "digits and dots": "1.",
    "digits and hard blanks": "1\u00a02\u00a0",
    "capitals": "A B ",
    "names": "Anna Maria ",
    "at signs": "@",
    "half addresses": "a@",
    "dotted": "a.b@c.",
    "links": "http://a/",
    "links in links": "http://a.com/?u=",
    "links of users": "http://u:p@h.io/ ",
    "queries": "http://a?b=c&",
    "percent": "%41%2",
    "percent bytes": "%F0%9F%98",
    "entities": "&#65;&amp",
    "entities said": "&#x40;",
    "escapes": "\\u0041\\x4",
    "brackets": '{"a":[(',
    "nested brackets": "([{<",
    "quotes": "'\"`",
    "zero width": "a\u200b",
    "soft hyphens": "an\u00adna ",
    "right to left": "a\u202eb\u202c",
    "full width": "１２",
    "full width addresses": "ａ＠ｂ．ｃｏ ",
    "roman numerals": "ⅣⅫ",
    "ligatures": "ﬁﬂ",
    "bold letters": "𝐀𝐧𝐧𝐚 ",
    "combining": "e\u0301\u0300",
    "homoglyphs": "аe",
    "mixed scripts": "Аnnа Мoss ",
    "number words": "four two one ",
    "spelt signs": "anna at b dot ",
    "addresses said": "anna at b dot com ",
    "addresses apart": "a @ b . c ",
    "addresses in brackets": "<a@b.co>",
    "machines in brackets": "192[.]0[.]2[.]",
    "keys": "sk-a api_key=",
    "passwords": "password: ",
    "private keys": "-----BEGIN PRIVATE KEY-----\n",
    "tokens": "eyJhbGciOi.",
    "account numbers": "DE00 1234 ",
    "dates": "1/1/",
    "line ends": "\n",
    "blanks": " ",
    "emoji": "😀",
    "flags": "🇩🇪",
    "colons": "a:b::",
    "addresses of version 6": "fe80::1:",
    "hex": "0x4f",
    "streets": "12 High Street, ",
    "flats": "Flat 3, 12 ",
    "addresses of houses": "12 High Street, Springfield, IL 62704\n",
    "UK postcodes": "SW1A 1AA ",
    "places": "Paris, London, ",
    "titles": "Dr. Mr. ",
    "initials": "a. b. ",
    "two letters": "ab.",
    "nested percent": "%25",
    "markup": "<b>a</b>",
    "comments": "a<!-- -->b",
    "records": '{"name": "Anna", "id": 1234567}, ',
    "rows": "Anna,3,77\n",
    "rows of numbers": "ssn,phone\n219099999,5551234567\n",
    "leaders": "SSN ....: 219099999\n",
    "logs": "2024-01-02 03:04:05 INFO user=anna ip=10.0.0.1\n",
    "cards": "4111 1111 1111 1111 ",
    "phones": "phone 123 4567 ",
    "handles": "@anna_b ",
    "nationalities": "He is American. ",
    "style sheets": "a{b:c;d:#eee}",
}


def hostile(size: int = 20_000) -> dict[str, str]:
    """Texts of `size` characters by the name of their kind."""
    repeated = {name: (piece * size)[:size] for name, piece in _PIECES.items()}
    return repeated | _counted(size) | _soups(size)


def _counted(size: int) -> dict[str, str]:
    """No piece twice."""
    random = Random(11)
    names = _names(random)

    def name(_: int) -> str:
        return next(names)

    def digits(some: int) -> int:
        return random.randrange(10 ** (some - 1), 10**some)

    def text(piece: Callable[[int], str], between: str = " ") -> str:
        parts: list[str] = []
        length = 0
        for n in count():
            if length >= size + len(between):
                return between.join(parts)[:size]
            parts.append(piece(n))
            length += len(parts[-1]) + len(between)
        raise AssertionError

    many = " ".join(name(0) for _ in range(size // 4))
    code = base64.b64encode(("anna@example.com 7 " * size).encode()).decode()
    kinds = {
        "every context word": text(lambda n: _CONTEXT[n % len(_CONTEXT)]),
        "every context word and a number": text(
            lambda n: f"{_CONTEXT[n % len(_CONTEXT)]} {digits(9)}"
        ),
        "a few context words, many numbers": "ssn, passport, phone\n"
        + text(lambda n: f"{n:09d}, {n:08d}, {n:010d}", "\n"),
        "headings": text(lambda n: f"ssn,a{n}", "\n"),
        "tiny cells": text(lambda n: f"{n % 9},{n % 7},{n % 5}", "\n"),
        "names of many": text(name),
        "names in lines": text(lambda n: f"{name(n)} {name(n)}", "\n"),
        "names in cells": "name,city\n" + text(lambda n: f"{name(n)},{name(n)}", "\n"),
        "names in sentences": text(lambda n: f"I met {name(n)} in {name(n)}."),
        "companies": text(lambda n: f"{name(n)} Ltd.", ", "),
        "words apart": text(lambda n: " ".join(name(n)), "   "),
        "names in capitals": many.upper()[:size],
        "names in full width": _wide(many)[:size],
        "names in bold": _bold(many)[:size],
        "names of mixed scripts": many.translate(str.maketrans("aeo", "аео"))[:size],
        "names in percent": "".join(f"%{ord(c):02x}" for c in many)[:size],
        "names with percent": text(lambda n: f"{name(n)}%20{name(n)}"),
        "names with entities": text(lambda n: f"&#{ord(name(n)[0])};{name(n)[1:]}"),
        "names with zero width": text(lambda n: f"{name(n)[:2]}\u200b{name(n)[2:]}"),
        "names with hard blanks": text(name, "\u00a0"),
        "names turned": text(lambda n: f"\u202e{name(n)[::-1]}\u202c"),
        "names in markup": text(lambda n: f"{name(n)[:2]}<b></b>{name(n)[2:]}"),
        "names with marks": "".join(c + "\u0323" for c in many)[:size],
        "names in base64": text(lambda n: _base64(f"{name(n)} {name(n)}")),
        "base64": code[:size],
        "base64 words": " ".join(code[i : i + 24] for i in range(0, size + 1, 24)),
        "base64 of addresses": text(lambda n: _base64(f"a{n}@b{n}.com")),
        "hosts": text(lambda n: f"http://a{n}.com/x?y={n}"),
        "hosts with percent": text(lambda n: f"http://a{n}.com/%41{n}"),
        "hosts alone": text(lambda n: f"www.a{n}.com"),
        "mailboxes": text(lambda n: f"a{n}@b{n}.com"),
        "mailboxes said": text(lambda n: f"{name(n)} at {name(n)} dot com"),
        "mailboxes in brackets": text(lambda n: f"a{n}[at]b{n}[dot]com"),
        "mailboxes with percent": text(lambda n: f"a{n}%40b{n}.com"),
        "mailboxes with zero width": text(lambda n: f"a{n}\u200b@b{n}.com"),
        "machines": text(lambda n: f"10.{n % 256}.{n // 256}.{n % 199 + 1}"),
        "cards that are none": text(lambda n: f"4{digits(3)} {digits(4)} {digits(4)} {digits(4)}"),
        "account numbers that are none": text(
            lambda n: f"DE{n % 100:02d} {digits(4)} {digits(4)} {digits(4)} {digits(4)} {digits(2)}"
        ),
        "dates that are none": text(lambda n: f"{n % 40}/{n % 15}/{1990 + n % 30}"),
        "dates of birth": text(lambda n: f"born {n % 31}.{n % 12}.{1950 + n % 50}"),
        "phones to call": text(lambda n: f"call 0{digits(9)}"),
        "hardware addresses": text(lambda n: ":".join(f"{digits(2)}" for _ in range(6))),
        "hashes": text(lambda n: hashlib.md5(str(n).encode()).hexdigest()),
        "orders": text(lambda n: f"order no. {n + 1000}"),
        "addresses of many": text(
            lambda n: f"{n} {name(n)} Street, {name(n)}, IL {10000 + n}", "\n"
        ),
        "flats of many": text(lambda n: f"Flat {n}, {n} {name(n)} Lane", ", "),
        "code": text(lambda n: f"{name(n).lower()} = {name(n)}({n}, x[{n}])", "\n"),
        "keys of many": text(lambda n: f"api_key={hashlib.md5(str(n).encode()).hexdigest()}"),
        "settings": text(lambda n: f"KEY_{n}=v{n}", "\n"),
    }
    return {name: kind[:size] for name, kind in kinds.items()}


def _names(random: Random) -> Iterator[str]:
    while True:
        yield "".join(random.choices(_SYLLABLES, k=2)).capitalize() + random.choice("nrs")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in text)


def _bold(text: str) -> str:
    capital, small = 0x1D400 - ord("A"), 0x1D41A - ord("a")
    shifted = (ord(c) + (capital if c.isupper() else small) if c != " " else 32 for c in text)
    return "".join(map(chr, shifted))


def _soups(size: int) -> dict[str, str]:
    """Random characters: no word twice, and something of everything."""
    random = Random(3)

    def soup(characters: Sequence[str]) -> str:
        return "".join(random.choices(characters, k=size))

    def apart(characters: Sequence[str], letters: int) -> str:
        words = ("".join(random.choices(characters, k=letters)) for _ in range(size))
        return " ".join(words)[:size]

    everything = [chr(code) for code in range(32, 0x11000)]
    greek, cyrillic = "αβγδεζηθικλμνξοπρστυφχψω", "абвгдежзийклмнопрстуфхцчшщ"
    tricks = ["%40", "&#64;", "\\u0040", "\u200b", "ａ", "а", " at ", " dot ", "4", "1 ", "a", "\n"]
    return {
        "soup of ASCII": soup(string.printable),
        "soup of letters": soup(string.ascii_letters + "  "),
        "soup of digits": soup(string.digits + " .-/,"),
        "soup of digits and signs": soup(string.digits + string.punctuation),
        "soup of scripts": soup("aаeеoоpр ."),
        "soup of Greek": " ".join(soup(greek))[:size],
        "soup of Han": soup(everything[0x4E00:0x9FFF]),
        "soup of Han apart": " ".join(soup(everything[0x4E00:0x9FFF]))[:size],
        "soup of Han in pairs": apart(everything[0x4E00:0x9FFF], 2),
        "soup of emoji": soup("😀😃😄ab"),
        "soup of everything": soup(everything),
        "soup of percent": "%".join(apart("0123456789abcdefg", 2).split())[:size],
        "soup of tricks": soup(tricks)[:size],
        "soup of context words": " ".join(random.choices(_CONTEXT, k=size))[:size],
        "soup of pairs": apart(string.ascii_letters, 2),
        "soup of triples": apart(string.ascii_letters, 3),
        "soup of Cyrillic pairs": apart(cyrillic, 2),
        "soup of mixed pairs": apart("aаeеoоpрcсxх", 2),
        "soup of base64": apart(string.ascii_letters + string.digits + "+/", 24),
    }
