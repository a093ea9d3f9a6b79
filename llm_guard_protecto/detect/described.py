"""Ages and nationalities in sentences: which word says it, and whether it is said of a person."""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.demonyms import DEMONYMS
from llm_guard_protecto.detect.expression import expression

__all__ = ["age", "ages", "decade", "demonym", "demonym_last"]

_Place = tuple[int, int] | None

_NUMBER: Final = expression(r"\d{1,3}")
_THINGS: Final = expression(
    r"[ -](?:\w+ )?(?:degrees|percent|pages|points|whisk|scotch|malt|wine|cheese|port\b|rum\b|bourbon|building|house|home\b|car\b"
    r"|truck|tree|company|firm|startup|code|bug|system|record|tradition|law\b|bridge|church|castle"
    r"|comment|statement|article|edit\b|post\b|tweet|discussion|dispute|thread|source\b|debate|photo|picture"
    r"|video|movie|film|song|album|book|joke|cookies?|issue|ticket|commit|feud|mystery|laptop|phone|server|version|file|data|backup|mortgage|bond|treaty|news|war\b)",
    re.IGNORECASE,
)
_NATIONAL_THING: Final = expression(
    r" (?:team|anthem|football|soccer|rugby|cricket|side|squad|league|cup|bank|park|assembly|parliament"
    r"|flag|interest|security|identity|holiday|day|museum|library|gallery|newspaper|championship|guard"
    r"|hero|dish|dress|costume|radio|television|debt|income|treasure|government|front|party)\b",
    re.IGNORECASE,
)
_SIGN: Final = expression("[:=>]")
_FOLLOWING: Final = (
    "and or but by from who with living citizen national man woman boy girl originally too on in "
    "at since working now so as although born while"
)
_MAY_FOLLOW: Final = frozenset(_FOLLOWING.split())
_WORD: Final = expression(r"[^\W\d_]+")


def age(text: str, start: int, end: int) -> _Place:
    """An age of at most 120, without its label, and not that of a whisky or a house."""
    if start and text[start - 1] in "-_./$€£":
        return None
    if text[end : end + 1] in ("-", "/", ".", ":", "%") and text[end + 1 : end + 2].isalnum():
        return None
    number = _NUMBER.search(text, start, end)
    if number is None:
        return None if _THINGS.match(text, end) else (start, end)
    if int(number[0]) > 120 or _THINGS.match(text, end):
        return None
    if number.start() > start:  # the words before it are a label
        if text[number.start() - 1].isalpha():  # `age2`
            return None
        return number.start(), number.end()
    return start, end


def ages(text: str, start: int, end: int) -> _Place:
    """An age in another language; `5 ans` alone may be any time, so a child's is not claimed."""
    place = age(text, start, end)
    if place is None:
        return None
    number = _NUMBER.match(text, start)
    short = text[start:end].rstrip()[-4:].strip().lower() in ("ans", "anni", "ños")
    before = text[max(0, start - 12) : start].lower()
    said = re.search(r"\b(?:a|de|j'ai|ai|ha|ho|tengo|tiene|avait|aveva|di)\s\Z", before)
    if short and (number is None or not said):
        return None
    return place


def decade(text: str, start: int, end: int) -> _Place:
    """The last word of `in her mid-50s`."""
    return text.rindex(" ", start, end) + 1, end


def demonym(text: str, start: int, end: int) -> _Place:
    """The demonym at the start of a candidate whose last word names a person."""
    word = _WORD.match(text, start, end)
    if word is None or word[0].lower() not in DEMONYMS:
        return None
    if text[start:end].endswith("national") and _NATIONAL_THING.match(text, end):
        return None
    return start, word.end()


def demonym_last(text: str, start: int, end: int) -> _Place:
    """The demonym that a candidate ends with; nothing may follow that it could describe."""
    *_, last = _WORD.finditer(text, start, end)
    words = [last]
    if last[0].lower() not in DEMONYMS:
        words = [w for w in _WORD.finditer(text, start, end) if w[0].lower() in DEMONYMS]
        if not words or last.start() - words[-1].end() > 1:
            return None
    word = words[-1]
    labelled = _SIGN.search(text, start, word.start()) is not None
    if not word[0][0].isupper() and not labelled:
        return None
    after = re.match(r"[ -]([a-z]+)", text[word.end() : word.end() + 24])
    if after and not labelled and after[1] not in _MAY_FOLLOW:
        return None
    return word.start(), word.end()
