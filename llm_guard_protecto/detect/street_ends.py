"""Whether a street with its number ends at a place, read backwards from there.

This is asked at every postal code of a text, so nothing here begins a search at every character:
the words before the place are looked up, and what must stand around a word for a street is then
matched from it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import Final

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.street_words import (
    EASTERN,
    ENGLISH,
    FRENCH,
    GERMANIC,
    NAMED_FIRST,
    USPS,
)

__all__ = ["ends_a_street"]

_BACK: Final = 70  # characters that are read


def _spelled(alternatives: str) -> frozenset[str]:
    """The words of `a|b\\.?|cs?`, without dots, an optional last letter both ways."""
    words = re.sub(r"[\\./ ]|\(\?:|\)", "", alternatives.replace("\\.?", "")).split("|")
    both = chain.from_iterable((w[:-2], w[:-1]) if w.endswith("?") else (w,) for w in words)
    return frozenset(word for word in both if word)


_AFTER_NAME: Final = _spelled(f"{ENGLISH}|{USPS}")
_BEFORE_NAME: Final = _spelled(NAMED_FIRST.replace(" ?", " "))
_FRENCH: Final = _spelled(FRENCH)
_SUFFIXES: Final = tuple(_spelled(GERMANIC))
_EASTERN: Final = _spelled(EASTERN.lower())
_BOXES: Final = frozenset(("box", "postfach", "postbus", "postboks", "posbus", "postale"))

_WORD: Final = expression(r"[^\W\d_]+(?:[.-][^\W\d_]+)*")
_ENGLISH_REST: Final = expression(
    r"\.?(?: (?:[NSEW]{1,2}|north|south|east|west)\b\.?)?"
    r"(?:,? ?(?:#|(?:apt|apartment|suite|ste|unit|floor|flat|room)\b)[. #]{0,2}[a-z]?-?\d{0,5}[a-z]?)?\Z",
    re.IGNORECASE,
)
_NUMBER_AND_NAME: Final = expression(r"(?<![\w/.])\d{1,6}[a-z]? [^\n,;]{1,40}\Z", re.IGNORECASE)
_GERMANIC_REST: Final = expression(
    r"\.?[ \xa0]{0,2}\d{1,4} ?[a-z]?(?: ?- ?\d{1,4})?\Z", re.IGNORECASE
)
_NAMED_REST: Final = expression(r"(?:[./] ?| )[^\n;]{2,40}\d{1,5} ?[a-z]?\Z", re.IGNORECASE)
_FRENCH_REST: Final = expression(r"\.? [^\n,;]{2,40}\Z")
_FRENCH_NUMBER: Final = expression(r"(?<![\w/.])\d[^\n;]{0,8}\Z")
_EASTERN_REST: Final = expression(
    r"[.]?,? ?(?:(?:no|nr|br|č\.p)\.?:? ?)?\d{1,4}(?: ?[-–/] ?\d{1,4})?(?: ?[a-z])?\.?\Z",
    re.IGNORECASE,
)
_BOX_REST: Final = expression(r":? [\d ]{1,8}\Z")


def ends_a_street(text: str, end: int) -> bool:
    """Whether a street with its number, or a box, of any kind ends at `end`."""
    start = max(0, end - _BACK)
    return any(
        _street(text, start, end, word, roles)
        for word in _WORD.finditer(text, start, end)
        if (roles := _roles(word[0]))
    )


_GERMAN, _ENGLISH, _NAMED, _FRANCE, _BOX, _EAST = (1 << n for n in range(6))


@lru_cache(maxsize=1 << 12)
def _roles(word: str) -> int:
    """What a word may be in the name of a street; 0 for nearly all words."""
    word = word.lower()
    plain = word.replace(".", "")
    return (
        _GERMAN * word.endswith(_SUFFIXES)
        | _ENGLISH * (_last(word) in _AFTER_NAME)
        | _NAMED * (plain in _BEFORE_NAME)
        | _FRANCE * (plain in _FRENCH)
        | _BOX * (word in _BOXES)
        | _EAST * (plain in _EASTERN)
    )


def _last(word: str) -> str:
    """The part of `High-Street` that counts."""
    return word[max(word.rfind("-"), word.rfind(".")) + 1 :]


def _street(text: str, start: int, end: int, found: re.Match[str], roles: int) -> bool:
    """Whether this word makes a street out of what stands around it, from `start` to `end`."""
    word, at, after = found[0], found.start(), found.end()
    if roles & _GERMAN and _GERMANIC_REST.match(text, after, end):
        return True
    if roles & _ENGLISH and _ENGLISH_REST.match(text, after, end):
        before = after - len(_last(word)) - 1
        if text[before : before + 1] in (" ", "-") and _NUMBER_AND_NAME.search(text, start, before):
            return True
    if roles & _NAMED and _NAMED_REST.match(text, after, end):
        return len(word.replace(".", "")) > 2 or text[after] in "./" or "." in word
    if roles & _FRANCE and _FRENCH_REST.match(text, after, end):
        return _FRENCH_NUMBER.search(text, start, at) is not None
    if roles & _EAST and _EASTERN_REST.match(text, after, end):
        return text[at - 1 : at] == " " and text[at - 2 : at - 1].isalpha()
    return bool(roles & _BOX) and _BOX_REST.match(text, after, end) is not None
