"""Reading an English street: which words between a number and a word for a street are its name.

In mixed case a name is written with capitals; in lower case it holds no word of a sentence, and
only the words that nobody counts (`street`, `avenue`) make a street of it.
"""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.street_ends import ends_a_street
from llm_guard_protecto.detect.street_words import ENGLISH, PLAIN

__all__ = ["before_a_city", "box", "english", "free", "military", "unit"]

_Place = tuple[int, int] | None

_NUMBER: Final = r"\d{1,6}(?:[A-Za-z]|[-/]\d{1,4})?"
_WORD: Final = r"[\w'’.-]{1,24}"
_ENGLISH: Final = expression(
    rf"({_NUMBER}),? ((?:{_WORD} ){{1,4}}?)({ENGLISH})\b(?:\.(?=[ ,\n]|\Z))?"
    rf"((?: (?:{ENGLISH})\b)?(?: (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b\.?)?"
    r"(?: (?:apt|apartment|suite|ste|unit|flat|no)\b\.? ?#?[a-z]?-?\d{1,5}[a-z]?\b| ?#\d{1,5}[a-z]?\b)?)",
    re.IGNORECASE,
)
_ORDINAL: Final = expression(r"\d{1,3}(?:st|nd|rd|th)\Z", re.IGNORECASE)
_STOP_WORDS: Final = """
    a about after again ago all along also am an and any are around as at away back be been before
    between block blocks both but by came can car cars city close closed cross crossing crossed days
    different dirty do does down each end every few first five for foot four free from get go going
    good got great had has have he her here hours his hot hour i if in inch into is it its just km
    kilometers kilometres left less long lot many meter meters metres mi mile miles min mins minute
    minutes month months more most my narrow nearby near new next nice no not of off old on one only
    open or other our out over own paved people per percent pm am private public really right same
    second seconds see she short side so some steps such than that the their them there these they
    this those through times to too total towards two under up us very was way we week weeks were
    when where which while who will with within wrong year years yards yard you your
"""
_STOPS: Final = frozenset(_STOP_WORDS.split())
_BEFORE: Final = expression(r"(?:[\w$€£¥+*=<>%@&\\]|\d[.,:/]|[#-])\Z")
_YEAR_BEFORE: Final = expression(
    r"\b(?:in|since|of|the|until|by|from|during|for)\s\Z", re.IGNORECASE
)
_DIGITS: Final = expression(r"\b\d{1,6}")
_SAINTS_LIST: Final = """
    port fort mount mother sister saint
"""
_SAINTS: Final = frozenset(_SAINTS_LIST.split())
_LONGEST_SHORT: Final = 4
_CLOSED_NUMBER: Final = expression(r"\Z|[,;\n\r]")
_CLOSED: Final = expression(
    r"\Z|[,.;:)\n\r?!\"]|'s?\b| (?:is|was|in|at|and|on|near|to|for|with|has|or|which|where|from|by|next"
    r"|but|because|as|if|when|please|until|since|before|after|unit|apt|suite|ste|[NSEW]{1,2})\b| [(#\d-]",
    re.IGNORECASE,
)
_CITY: Final = expression(
    r"(?: (?:apt|apartment|suite|ste|unit)\b\.? ?#?[a-z]?-?\d{1,5}[a-z]?)?"
    r"(?:,? ?(?:apt|apartment|suite|ste|unit)\b\.? ?#?[a-z]?-?\d{1,5}[a-z]?)?"
    r"[,\n ]{1,3}[a-z][a-z. '-]{1,30}(?:,? [A-Z]{2}\b|,)[ ,]{0,2}(?:\w+ )?\d{5}",
    re.IGNORECASE,
)
_SURE: Final = frozenset(PLAIN.split("|"))
_SURE_UNIT: Final = expression(r"(?:apt|apartment|appt)\b", re.IGNORECASE)
_NEXT_STREET: Final = expression(
    rf",? ?\n?\d{{1,5}}[a-z]? (?:[\w'.-]+ ){{1,3}}(?:{ENGLISH})\b", re.IGNORECASE
)
_SECTION: Final = expression(r"apartado \d{1,2}(?: \d{1,2})?", re.IGNORECASE)
_GAP: Final = expression(r"(?:[,.;]? ?|,?\r?\n)\Z")
_POST: Final = expression(r"[,\s]{1,2}[AFD]PO\b")


def free(text: str, start: int, end: int) -> _Place:
    """The candidate when it is no part of a longer number, an amount or a path."""
    if start and _BEFORE.search(text, max(0, start - 2), start):
        return None
    return start, end


def box(text: str, start: int, end: int) -> _Place:
    """A post office box; `apartado 14` of a Spanish text is a section."""
    return None if _SECTION.fullmatch(text, start, end) else free(text, start, end)


def english(text: str, start: int, end: int) -> _Place:
    """`12 Main Street`, `350 5th Ave N`, `12 main st`; a unit after a blank belongs to it."""
    for number in _DIGITS.finditer(text, start, end):  # the engine tells only the first of them
        place = _english_at(text, number.start(), end)
        if place:
            return place
    return None


def _english_at(text: str, start: int, end: int) -> _Place:
    if free(text, start, end) is None:
        return None
    found = _ENGLISH.match(text, start, end + 40)
    if found is None:
        return None
    number, name, way, _ = found.groups()
    words, end = name.split(), found.start() + len(found[0].rstrip("."))
    if _is_year(number) and _YEAR_BEFORE.search(text, max(0, start - 8), start):
        return None
    if (
        words[0] == "of"
        or any(w.isdigit() for w in words)
        or words[-1].lower().strip(".") in _SAINTS
    ):
        return None
    small = any(not _capital(w) for w in words) or way[0].islower()
    if any(w.lower().strip(".") in _STOPS for w in words) and (small or len(words) == 1):
        return None
    if small:
        if _is_year(number) and not _CLOSED_NUMBER.match(text, end):
            return None
        return (
            None if way.lower() not in _SURE or way[0].isupper() or _broken(words) else (start, end)
        )
    if way.lower() not in _SURE and not _CLOSED.match(text, end):
        return None
    return None if _broken(words) else (start, end)


def _capital(word: str) -> bool:
    return (
        word[0].isupper() or _ORDINAL.match(word) is not None or word in ("of", "the", "de", "la")
    )


def _broken(words: list[str]) -> bool:
    """Whether a sentence ends among the words of a name."""
    return any(w.endswith(".") and len(w) > _LONGEST_SHORT for w in words)


def before_a_city(text: str, start: int, end: int) -> _Place:
    """`512 Walker Spurs` where a city, its state and code follow."""
    if not _CITY.match(text, end, end + 90):
        return None
    *_, number = _DIGITS.finditer(text, start, end)
    words = text[number.start() : end].split()[1:]
    if any(w.lower() in _STOPS for w in words):
        return None
    return free(text, number.start(), end)


def _is_year(number: str) -> bool:
    return len(number) == 4 and number[:2] in ("18", "19", "20")


def unit(text: str, start: int, end: int) -> _Place:
    """An apartment with its number; a suite, room or floor beside its street."""
    if text[end : end + 1] in tuple("./:-_'") and text[end + 1 : end + 2].isalnum():
        return None
    if start and text[start - 1] in "_.@/-":
        return None
    numbered = any("0" <= c <= "9" for c in text[start:end])
    if numbered and _SURE_UNIT.match(text, start):
        return start, end
    gap = _GAP.search(text, max(0, start - 3), start)
    if gap and gap.start() < start and ends_a_street(text, gap.start()):
        return start, end
    return (start, end) if _NEXT_STREET.match(text, end, end + 70) and numbered else None


def military(text: str, start: int, end: int) -> _Place:
    """A unit and box, or a ship, without the post office after it."""
    post = _POST.search(text, start, end)
    return (start, post.start()) if post else None
