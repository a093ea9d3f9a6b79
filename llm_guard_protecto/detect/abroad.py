"""Reading streets of further countries: the way before its number, the number before a district.

Eastern and northern languages write the name, the word for a way, then the number (`Petőfi utca 12`,
`Atatürk Caddesi No:5`, `Brīvības iela 90`). In Japan and Korea the number stands with a district. A
street without any word for a way counts before a postal code that nothing else looks like.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect.cities import city_from
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.roads import free
from llm_guard_protecto.detect.street_words import (
    EASTERN,
    GERMANIC,
    NO_NAME,
    NUMBERED_AFTER,
)

__all__ = [
    "before_a_code",
    "code_before_street",
    "code_of_country",
    "eastern",
    "house",
    "lived_in",
    "reversed_english",
]

_Place = tuple[int, int] | None

_UPPER: Final = r"[^\W\d_a-zß-öø-ÿ]"
_NAME_BACK: Final = expression(
    rf"(?<![\w./@-])(?:(?:{_UPPER}[\w'’.-]{{0,24}}|\d{{1,4}}\.|de|van|di|of|i|la) ){{1,4}}\Z"
)
_EASTERN_HOUSE: Final = expression(
    rf"(?:{EASTERN}),?[ ]?(?:(?:No|Nr|nr|no|br|č\.p)\.?:? ?)?\d{{1,4}}(?: ?[-–/] ?\d{{1,4}}\b)?(?: ?[A-Za-z]\b(?!:))?"
)
_YEAR: Final = expression(r"(?:18|19|20)\d\d\Z")
_AFTER_ENGLISH: Final = expression(rf"(?:{NUMBERED_AFTER}) (\d{{1,4}}[a-zA-Z]?)\b")
_CODE_OR_TOWN: Final = expression(
    r",? (?:[A-Z]{1,2}-)?\d{4,7}(?: \d{2})? [^\W\d_a-z]|, [^\W\d_a-z][\w' -]{2,24}(?:,? [A-Z]{0,2}-?\d{4,7}\b|, [A-Z])"
)
_PLAIN: Final = expression(
    rf"(?<![\w./@#-])((?:{_UPPER}[\w'’.-]{{1,24}} ){{1,4}})(\d{{1,4}}(?:[/-]\d{{1,4}})?(?: ?[a-zA-Z])?(?: (?:m|lok|kv)\.? \d{{1,3}})?)(?:, ?|\r?\n)\Z"
)
# the letters of countries before a postal code, as letters on envelopes bear them
_LETTERS_LIST: Final = """
    A AT B BE CH CZ D DE DK E ES F FI FIN FL FR GR H HR HU I IT L LT LU LV N NL NO P PL PT RO S SE SI SK
"""
_LETTERS: Final = frozenset(_LETTERS_LIST.split())
_CODE_AND_TOWN: Final = expression(r"((?:[A-Z]{1,3}-)?)\d{4,5} ([^\W\d_a-z][^\W\d_]{2,})")
_LINE_BEFORE: Final = expression(r"(?:\A|[,;:\n(]|\d[a-z]?\s)\s*\Z")
_STREET_AFTER: Final = expression(
    rf",?\s{{1,2}}(?:(?:[\w.'’-]+ ){{0,2}}?[\w.'’-]{{3,}}(?:(?i:{GERMANIC}))"
    rf"|(?:{_UPPER}[\w.'’-]+ ){{1,3}}(?:Straße|Strasse|Str\.|Gasse|Allee|{EASTERN})),? ?\d{{1,4}}\b"
)


def eastern(text: str, start: int, end: int) -> _Place:
    """`Atatürk Caddesi No:12`; the candidate begins with the word for the way."""
    if start == 0 or text[start - 1] != " ":
        return None
    house = _EASTERN_HOUSE.match(text, start, end + 24)
    name = _name(text, start)
    if house is None or name is None or text[house.end() : house.end() + 1].isalnum():
        return None
    if _YEAR.search(house[0]) and text[house.end() : house.end() + 1] != ",":
        return None
    return name, house.end()


def reversed_english(text: str, start: int, end: int) -> _Place:
    """`Monot Street 172` before a code and a town; alone it may be a street and a sum of anything."""
    found = _AFTER_ENGLISH.match(text, start, end + 2)
    name = _name(text, start) if found else None
    if found is None or name is None or _YEAR.search(found[1]):
        return None
    return (name, found.end()) if _CODE_OR_TOWN.match(text, found.end(), found.end() + 48) else None


def before_a_code(text: str, start: int, end: int) -> _Place:
    """`Vinohradská 207, 120 00 Praha`: the name and number before a code that only a town follows.

    The candidate is the code with the comma before it; the place returned is the street.
    """
    comma = max(text.find(",", start, end), text.find("\n", start, end))
    found = _PLAIN.search(text, max(0, comma - 80), comma + 1) if comma > 0 else None
    if found is None or _YEAR.fullmatch(found[2]):
        return None
    words = found[1].split()
    if words[-1] == "Box":
        words = ["Box"]
    else:
        while words and words[0].strip(":.,") in NO_NAME:
            words.pop(0)
    if not words or words != ["Box"] and words[-1].rstrip("s.") in NO_NAME:
        return None
    name = " ".join(words)
    at = found.start() + found[1].rindex(name)
    return at, found.start(2) + len(found[2])


def code_of_country(text: str, start: int, end: int) -> _Place:
    """`A-9011 Neustadt` at the head of a line or after a comma or house number."""
    found = _CODE_AND_TOWN.match(text, start, end + 40)
    if found is None or found[1].rstrip("-") not in _LETTERS or found[2].isupper():
        return None
    if not _LINE_BEFORE.search(text, max(0, start - 4), start):
        return None
    return start, city_from(text, found.start(2))


def code_before_street(text: str, start: int, end: int) -> _Place:
    """`9011 Neustadt, Wiener Straße 89`: a code and town before a street with its number."""
    found = _CODE_AND_TOWN.match(text, start, end + 40)
    if found is None or free(text, start, end) is None:
        return None
    last = city_from(text, found.start(2))
    return (start, last) if _STREET_AFTER.match(text, last, last + 80) else None


def lived_in(text: str, start: int, end: int) -> _Place:
    """`09221 Neukirchen`, of which a word before says that somebody lives there."""
    found = _CODE_AND_TOWN.match(text, start, end + 40)
    if found is None or free(text, start, end) is None:
        return None
    return start, city_from(text, found.start(2))


def house(text: str, start: int, end: int) -> _Place:
    """`House No. 12-B`, `Plot No. 5` where a comma and more of an address follow."""
    if free(text, start, end) is None or text[end : end + 1] != ",":
        return None
    after = text[end + 1 : end + 3].strip()
    return (start, end) if after and (after[0].isupper() or after[0].isdigit()) else None


def _name(text: str, end: int) -> int | None:
    """Where the name of a way begins that ends, with its blank, at `end`."""
    found = _NAME_BACK.search(text, max(0, end - 70), end)
    if found is None:
        return None
    words = found[0].split()
    start = found.start()
    while words and (words[0] in NO_NAME or words[0].islower()):
        start += len(words.pop(0)) + 1
    return start if words else None
