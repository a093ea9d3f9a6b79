"""Reading a street of other languages: number first, name first, or grown together."""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.roads import free
from llm_guard_protecto.detect.street_words import FRENCH, GERMAN_PLACES, GERMANIC, NAMED_FIRST

__all__ = ["french", "german_place", "germanic", "named_first"]

_Place = tuple[int, int] | None

_FEWEST_LETTERS: Final = 3
_PARTICLES: Final = (
    "de|du|des|la|le|les|del|della|dello|delle|dei|degli|di|do|da|dos|das|e|y|et|aux|au|à|von|van|den"
    "|der|san|santa|santo|são|st|ste|el|los|las|al|kralja|bana|despota|kneza|cara"
)
_CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ][\w'’.-]*"
_NAME_OF_WAY: Final = expression(
    rf"(?:(?i:{_PARTICLES}) |(?i:[dl]|dell|all)['’]|\d{{1,2}} (?=de |[A-ZÀ-Þ])|{_CAPITAL}[ ]?){{1,8}}"
)
_SMALL_NAME: Final = expression(r"[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){0,4}")
_FRENCH: Final = expression(
    rf"\d{{1,4}}(?: ?(?:bis|ter|quater|[a-d]))?,? (?:{FRENCH}) ", re.IGNORECASE
)
_OWN: Final = expression(
    r"(?:du|de|des|de la)?\s?(?:fois|temps|jours?|mois|ans|heures?)\b", re.IGNORECASE
)
_COUNTED: Final = expression(r"\d{1,4} (?:cours|place|passage|route|square|quai) de ")
_WAY: Final = expression(rf"(?:{NAMED_FIRST})", re.IGNORECASE)
_HOUSE: Final = expression(
    r"(?:,? ?(?:n[ºo°.]{1,2} ?|núm\.? ?|num\.? ?|número |numero |nr\.? ?|# ?|d\. ?|dom |br\. ?|No[.:]{1,2} ?)|,? )"
    r"(?:s/n\b|\d{1,5}(?:[/-]\d{1,4}\b)?(?:(?! [aeiouy]\b)[/ ]?[A-Za-z]\b)?)"
    r"(?:,? \d{1,2}[ºª°o](?: ?[A-Z]\b| (?:izq|dcha|dto|esq)\.?)?)?"
)
_LATIN_CODE: Final = expression(r"(?:, ?| ?- ?|\s)(?:[A-Z]{1,2}-)?\d{4,5}(?:-\d{3})?\b")
_ENGLISH_TOO: Final = frozenset(
    ("via", "corso", "largo", "plaza", "al.", "pl.", "r.", "carrera", "os.")
)
_CODE_NEEDED: Final = frozenset(("rue", "avenue", "chaussée", "chemin"))
_GERMANIC: Final = expression(
    rf"({GERMANIC})[ \xa0]{{0,2}}(\d{{1,4}}(?: ?[a-zA-Z]\b)?(?: ?[-–/+] ?\d{{1,4}}[a-z]?\b)?)",
    re.IGNORECASE,
)
_NO_STREET: Final = expression(
    r"(?:arbeits|stell|sitz|park|spiel|fenster|steh|liege|speicher|camp|zelt|steck|lager|tabellen"
    r"|listen|studien|ausbildungs|kita|steuer|um|unter|hin|her|rück|aus|ein|mittel|beweg|sp|b"
    r"|str|th|wonder|off|hea|du|sa|war|d|sch|br|nürbu|bull)\Z",
    re.IGNORECASE,
)
_LETTERS: Final = expression(r"[^\W\d_][\w.'’-]*\Z")
_ADJECTIVE: Final = expression(r"[A-ZÄÖÜ][a-zäöüß.-]{2,20}[ -]\Z")
_SENTENCE_LIST: Final = """
    die der das den dem eine einer eines in an auf von zur und de het een op in
"""
_SENTENCE: Final = frozenset(_SENTENCE_LIST.split())
_DOUBTFUL_LIST: Final = """
    ring platz damm ufer steig promenade plein gata vegen plass plads stræde gränd torget stigen backen
    bakken kuja polku vænget steenweg gürtel halde
"""
_DOUBTFUL: Final = frozenset(_DOUBTFUL_LIST.split())
_CODE_NEXT: Final = expression(r",? ?(?:\r?\n)?(?:[A-Z]{1,2}-)?(?:\d{4,5}|\d{3} \d{2}) [^\W\d_]")
_SURE_GERMANIC: Final = frozenset(
    ("straße", "strasse", "str.", "straat", "gracht", "laan", "gasse", "gatan", "vägen")
)
_PLACE_BACK: Final = expression(rf"\b(?:{GERMAN_PLACES}) [A-ZÄÖÜ][a-zäöüß-]{{2,20}}\Z")
_HOUSE_AND_CODE: Final = expression(r"(?:, ?|\r?\n)(?:[A-Z]{1,2}-)?\d{4,5} .\Z", re.DOTALL)


def french(text: str, start: int, end: int) -> _Place:
    """`12 bis, rue de la Paix`: the number, the kind of way, its name as far as capitals go."""
    if free(text, start, end) is None:
        return None
    lead = _FRENCH.match(text, start, end + 1)
    if lead is None or _OWN.match(text, lead.end()):
        return None
    name = _NAME_OF_WAY.match(text, lead.end(), lead.end() + 60)
    if name and any(map(str.isupper, name[0])):
        last = name.start() + len(name[0].rstrip(" .-'’"))
        doubtful = _COUNTED.match(text, lead.start(), lead.end() + 3) is not None
        return (start, last) if not doubtful or _LATIN_CODE.match(text, last) else None
    small = _SMALL_NAME.match(text, lead.end(), lead.end() + 48)
    if small is None or not _LATIN_CODE.match(text, small.end()) or text[small.end()] == " ":
        return None
    return start, small.end()


def named_first(text: str, start: int, end: int) -> _Place:
    """`Calle de Alcalá, 42`, `Via Garibaldi 7/A`, `Rua Augusta, n.º 100`: with its number only."""
    if start and (text[start - 1].isalnum() or text[start - 1] in "./-_@&?="):
        return None
    way = _WAY.match(text, start, end)
    if way is None:
        return None
    kind = way[0].strip()
    name = _NAME_OF_WAY.match(text, way.end(), way.end() + 60)
    if name and any(map(str.isupper, name[0])):
        house = _HOUSE.match(text, name.start() + len(name[0].rstrip()), name.end() + 24)
        doubtful = kind.lower() in _CODE_NEEDED or kind.islower() and kind in _ENGLISH_TOO
        if house is None or doubtful and not _coded(text, house.end()):
            return None
        return (start, house.end()) if _ends_well(text, house.end()) else None
    small = _SMALL_NAME.match(text, way.end(), way.end() + 48)
    if small is None or len(kind) < _FEWEST_LETTERS:
        return None
    house = _HOUSE.match(text, small.end(), small.end() + 24)
    if house is None or not _coded(text, house.end()):
        return None
    return start, house.end()


def _coded(text: str, at: int) -> bool:
    """Whether a postal code follows."""
    return _LATIN_CODE.match(text, at, at + 16) is not None


def _ends_well(text: str, at: int) -> bool:
    """Whether a house number ends there: no clock, decimal, amount or year of a longer kind."""
    after = text[at : at + 2]
    return not (
        after[:1].isalnum()
        or after[:1] in ("%", "€", "$")
        or after[:1] in ".:"
        and after[1:].isdigit()
    )


def germanic(text: str, start: int, end: int) -> _Place:
    """`Musterstraße 12a`, `Lange Str. 5`, `Keizersgracht 101`: the word to its start, the number."""
    found = _GERMANIC.match(text, start, end + 12)
    if found is None or not _ends_well(text, found.end()):
        return None
    before = _LETTERS.search(text, max(0, start - 30), start)
    word = before[0] if before else ""
    way = found[1].lower()
    if word:
        if (
            way not in _SURE_GERMANIC
            and _NO_STREET.fullmatch(word)
            or not (word[0].isupper() or way in _SURE_GERMANIC)
        ):
            return None
        if start - len(word) and text[start - len(word) - 1] in "/_.@-":
            return None
        start -= len(word)
    elif not text[start].isupper() or way not in _SURE_GERMANIC:
        return None
    else:
        lead = _ADJECTIVE.search(text, max(0, start - 24), start)
        if lead is None or lead[0].strip(" -").lower() in _SENTENCE:
            return None
        start = lead.start()
    if way not in _SURE_GERMANIC and len(word) < _FEWEST_LETTERS:
        return None
    hyphened = "-" in word and text[found.start()].isupper()  # Erich-Muster-Platz 5
    if way in _DOUBTFUL and not hyphened and not _CODE_NEXT.match(text, found.end()):
        return None
    return start, found.end()


def german_place(text: str, start: int, end: int) -> _Place:
    """`Am Hang 3` before a postal code; the candidate starts with the last letter of the name."""
    place = _PLACE_BACK.search(text, max(0, start - 40), start + 1)
    code = _HOUSE_AND_CODE.search(text, start, end)
    return (place.start(), code.start()) if place and code else None
