"""Words for digits and signs, as people dictate numbers and addresses."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AT_WORDS",
    "DOT_WORDS",
    "MAILBOXES",
    "NUMBER_WORDS",
    "REPEATS",
    "SIGN_WORDS",
    "SITES",
]

_DIGITS: Final = (
    "zero oh nought naught null zéro cero nul",  # in the order of the digits
    "one eins ein un une uno una um uma een één",
    "two zwei zwo deux dos due dois duas twee",
    "three drei trois tres tre três drie",
    "four vier quatre cuatro quattro quatro",
    "five fünf fuenf cinq cinco cinque vijf",
    "six sechs seis sei zes",
    "seven sieben sept siete sette sete zeven",
    "eight acht huit ocho otto oito",
    "nine neun neuf nueve nove negen niner",
)
_TENS: Final = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "twenty thirty forty fifty sixty seventy eighty ninety",
)

NUMBER_WORDS: Final = {
    **{word: str(digit) for digit, words in enumerate(_DIGITS) for word in words.split()},
    **{word: str(10 + n) for n, word in enumerate(_TENS[0].split())},
    **{word: str(20 + 10 * n) for n, word in enumerate(_TENS[1].split())},
}
"""Number words of English, and the digits of German, French, Spanish, Italian, Portuguese, Dutch."""

REPEATS: Final = {"double": 2, "triple": 3, "treble": 3}

SIGN_WORDS: Final = {
    "plus": "+",
    "dash": "-",
    "hyphen": "-",
    "minus": "-",
    "dot": ".",
    "point": ".",
    "period": ".",
    "slash": "/",
    "colon": ":",
}

AT_WORDS: Final = ("at", "arroba", "arobase", "chiocciola", "klammeraffe", "ät", "aet", "apestaart")
DOT_WORDS: Final = ("dot", "punkt", "punto", "point", "ponto", "punt", "period")

MAILBOXES: Final = (
    "gmail",
    "googlemail",
    "yahoo",
    "ymail",
    "hotmail",
    "outlook",
    "live",
    "icloud",
    "aol",
    "gmx",
    "proton",
    "protonmail",
    "zoho",
)
"""Sites whose name after a bare `at` makes an address of it."""

_SITES: Final = """
    com org net edu gov mil int info biz io dev app ai co me eu uk us ca au nz de at ch fr es it pt
    nl be ie se no dk fi pl cz ru ua jp cn in br mx ar za invalid test example
"""
SITES: Final = tuple(_SITES.split())
"""Last words of the sites that are told by how they are said."""
