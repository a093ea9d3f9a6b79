"""Reading the lines below a street: city, state, postal code, country; each a span of its own."""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.cities import MOST_WORDS, WORD_BACK, WORDS_ON, city_from, city_to
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.street_ends import ends_a_street
from llm_guard_protecto.detect.street_words import GERMAN_END, NO_NAME
from llm_guard_protecto.detect.town_words import (
    ALSO_WORDS,
    JOINING,
    LARGE_CITIES,
    NO_TOWN,
    STATES,
    UK_AREAS,
    WAY_WORDS,
)

__all__ = [
    "after_a_street",
    "city_after_street",
    "city_before_postcode",
    "city_of_state",
    "country_after_code",
    "eircode",
    "known_city",
    "named_code",
    "province_and_code",
    "state_and_code",
    "uk_postcode",
]

_Place = tuple[int, int] | None

_BACK: Final = 90
_DIGITS_END: Final = expression(r"\d[A-Za-z\d]{0,2}\Z")
_CODE_DIGITS: Final = expression(r"\d{4,5}")
_TWO_WORDS_BACK: Final = expression(r"(?:\b[A-Za-z]{3,5} )?\b[A-Za-z]{2,13}\Z")
_HOUSE_BACK: Final = expression(
    r"[^\W\d_][.,/]?[ \xa0]?(?:n[ºo°.]{1,2} ?|# ?)?\d{1,5}(?:[/-]\d{1,4})?(?: ?[a-zA-Z])?"
    r"(?:,? \d{1,2}[ºª°] ?[A-Za-z]{0,4})?\Z|[^\W\d_][.)]?\Z"
)
_YEAR: Final = expression(r"(?:1[5-9]|20)\d\d")
_CODE_CUE: Final = expression(
    r"\b(zip(?:[ _-]?code)?|post(?:al)?[ _-]?code|postal|plz|postleitzahl|code[ _-]postal"
    r"|c[óo]digo[ _-]postal|c\.?p\.?|cap|codice postale|cep|cod\. postal|pin[ _-]?code|eircode)"
    r"[\"']?\]?\s{0,2}(?:is|was|ist|est|es|è|é|to)?[ :=#>\"'.-]{0,4}\Z",
    re.IGNORECASE,
)
_CODE_AND_CITY: Final = expression(
    r"(?:[A-Z]{1,2}-)?\b(?:\d{3} \d{2}|\d{2}-\d{3}|\d{4,5}(?:-\d{3})?(?: ?[A-Z]{2}\b)?) ([^\W\d_])"
)
_SURE_CODE: Final = expression(r"[A-Z]{1,2}-|\d{3} \d{2} |\d{2}-\d{3} ")
# the code after a town: New Zealand, India, Singapore and others
_CODE_ON: Final = expression(
    r"(?: | ?[-–] ?)(?!(?:19|20)\d\d\b)(?:\d{4}|\d{3} ?\d{3})(?=[,.;\n\r)]|\Z)"
)
_PLAIN_STREET: Final = expression(
    r"\b([^\W\d_a-z][\w'’.-]{1,24}) \d{1,4}(?:[/-]\d{1,4})?(?: ?[A-Za-z])?"
    r"(?:,? (?:m|lok|kv|lgh|byt|Top)\.? \d{1,4})?\Z"
)
_CODE_BEFORE: Final = expression(
    r"(?:[A-Z]{2}\s\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] \d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}"
    r"|\b(?!(?:19|20)\d\d )\d{4,5}(?: [A-Z]{2})? [^\W\d_][\w.' -]{2,24})\Z",
    re.IGNORECASE,
)
_STREET_NEAR: Final = expression(
    rf"\b\d{{1,6}}[a-z]? [^\n]{{2,40}}\b(?:{'|'.join(sorted(WAY_WORDS))})\b", re.IGNORECASE
)


def state_and_code(text: str, start: int, end: int) -> _Place:
    """`MA 02110`; a code in lower case that is also a word needs the end of a street before it.

    The candidate starts with the last letter of the state.
    """
    at = _state_start(text, start + 1)
    if at is None or at and text[at - 1] in "/._@#-$&=":
        return None
    if text[end : end + 1] in tuple("%.:/_-") and text[end + 1 : end + 2].isalnum():
        return None
    state = text[at : start + 1]
    if state[0].isupper() and (len(state) > 2 or state[1].isupper()):
        known = _comma(text, at) or _word_before(text, at)
    elif state in ALSO_WORDS:
        known = _street_before(text, at)
    else:
        known = _comma(text, at) or _street_before(text, at)
    return (at, end) if known else None


def city_of_state(text: str, start: int, end: int) -> _Place:
    """The city before a state and its code."""
    place = state_and_code(text, start, end)
    if place is None:
        return None
    at = place[0]
    while at and text[at - 1] in ", \r\n":
        at -= 1
    return city_to(text, at)


def province_and_code(text: str, start: int, end: int) -> _Place:
    """`NSW 2000`, `ON M5V 2T6` with the city before it, unless a comma divides them."""
    if not (_comma(text, start) or _word_before(text, start)):
        return None
    city = city_to(text, start - 1) if text[start - 1] == " " else None
    return (city[0] if city else start), end


def _state_start(text: str, end: int) -> int | None:
    """Where the state begins whose last letter stands before `end`."""
    lead = _TWO_WORDS_BACK.search(text, max(0, end - 18), end)
    if lead is None:
        return None
    words = lead[0].lower()
    if words in STATES:
        return lead.start()
    last = words.rfind(" ") + 1
    return lead.start() + last if last and words[last:] in STATES else None


_CITY_GAP: Final = expression(r"[,.]?\s{1,2}")


def uk_postcode(text: str, start: int, end: int) -> _Place:
    """`SW1A 1AA` with an area that exists; in lower case after a word and a comma or line end."""
    value = text[start:end]
    area = value[: 2 if value[1].isalpha() else 1].upper()
    if area not in UK_AREAS or not word_alone(text, start, end):
        return None
    if value.isupper():
        return start, end
    return (
        (start, end)
        if value.islower() and (_comma(text, start) or _street_before(text, start))
        else None
    )


def city_before_postcode(text: str, start: int, end: int) -> _Place:
    """The town on the line, or the end of the line, before a UK postcode."""
    gap = _CITY_GAP.match(text, start + 1, end)
    if gap is None or uk_postcode(text, gap.end(), end) is None:
        return None
    return city_to(text, start + 1)


def after_a_street(text: str, start: int, end: int) -> _Place:
    """`10115 Berlin` after a street with its number, up to the comma, line or sentence end."""
    if text[max(0, start - 3) : start + 1].isdigit():  # no house has four digits
        return None
    found = _CODE_AND_CITY.search(text, start, end + 40)
    if found is None:
        return None
    before = start + 1 if text[start] in ",;-" else found.start()
    while before > start and text[before - 1] in ",;- \r\n":
        before -= 1
    if text[start] in ",;-":
        before = start
        while before and text[before - 1] in " \r\n":
            before -= 1
    if not _HOUSE_BACK.search(text, max(0, before - 24), before):
        return None
    if _YEAR.fullmatch(found[0][:-1].strip()):
        street = GERMAN_END.search(text, max(0, before - 70), before) is not None
    else:
        street = ends_a_street(text, before) or _plain_street(text, before, found)
    if not street:
        return None
    return found.start(), city_from(text, found.start(1))


def _plain_street(text: str, end: int, code: re.Match[str]) -> bool:
    """Whether a name and number end there, and the code looks like nothing else or has its line."""
    if not _SURE_CODE.match(code[0]) and text[end : code.start()] not in ("\n", "\r\n"):
        return False
    street = _PLAIN_STREET.search(text, max(0, end - 40), end)
    return street is not None and (street[1] == "Box" or street[1] not in NO_NAME)


def eircode(text: str, start: int, end: int) -> _Place:
    """`V95 X2Y3` after a word and a comma or line end; its second part holds a digit and a letter."""
    last = text[end - 4 : end]
    if last.isalpha() or last.isdigit() or not word_alone(text, start, end):
        return None
    return (start, end) if _comma(text, start) else None


def known_city(text: str, start: int, end: int) -> _Place:
    """`10115 Berlin`: the code of five digits (four where four are in use) and a large city."""
    city = text.rindex(" ", start, end) + 1
    code = _CODE_DIGITS.search(text, start, end)
    if code is None or not word_alone(text, start, end):
        return None
    known = text[city : _word_end(text, city)] in LARGE_CITIES[len(code[0])]
    if not known or _YEAR.fullmatch(code[0]) or len(code[0]) < 5 and text[city - 2] in ",.-":
        return None
    return start, city_from(text, city)


def named_code(text: str, start: int, end: int) -> _Place:
    """A code beside a word for it, that is no year and no part of a longer number."""
    value = text[start:end]
    cue = _CODE_CUE.search(text, max(0, start - 40), start)
    if cue is None or not word_alone(text, start, end) or len(set(value)) == 1:
        return None
    if _YEAR.fullmatch(value) or cue[1] in ("cap", "cp", "postal", "pin", "code"):
        return None
    return start, end


def city_after_street(text: str, start: int, end: int) -> _Place:
    """The town after a street and a comma or line end, where something ends after it."""
    gap = max(text.rfind(",", start, end), text.rfind("\n", start, end))
    if not ends_a_street(text, gap):
        return None
    found = WORDS_ON.match(text, end - 1, end + 40)
    if found is None:
        return None
    words = found[0].rstrip(".-").split()
    last = end - 1 + len(found[0].rstrip(".-"))
    code = _CODE_ON.match(text, last)
    after = "," if code else text[last : last + 1]
    small = text[start:end].islower()
    if (
        after not in ("", ",", ".", ";", "\n", "\r", ")", "?", "!")
        or len(words) > MOST_WORDS - 1 - small
    ):
        return None
    if not small and not all(w[0].isupper() or w.lower() in JOINING for w in words):
        return None
    if any(w.lower().strip(".") in NO_TOWN for w in words):
        return None
    return end - 1, code.end() if code else last


def country_after_code(text: str, start: int, end: int) -> _Place:
    """A country just after a postal code or the city beside one."""
    before = start + 1
    while before and text[before - 1] in ", \r\n":
        before -= 1
    tied = text[before : start + 1].strip(" ") != ""
    code = _CODE_BEFORE.search(text, max(0, before - 40), before)
    if code is None or end - start < 5 and not text[start + 1 : end].isupper():
        return None
    return (start + 1, end) if tied or _DIGITS_END.search(code[0]) else None


def word_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing sticks to the candidate that would make it part of a code or number."""
    before = text[start - 1] if start else " "
    after = text[end : end + 2]
    if before in "-/._@#$€£%&=+:\\" or before.isalnum():
        return before == ":" and text[start - 2 : start - 1].isalpha()
    return not (
        after[:1].isalnum()
        or after[:1] in tuple("%@_=€$")
        or after[:1] in "-/.:,"
        and after[1:].isdigit()
    )


def _word_end(text: str, at: int) -> int:
    while at < len(text) and (text[at].isalpha() or text[at] == "-"):
        at += 1
    return at


def _comma(text: str, start: int) -> bool:
    """Whether a word and a comma or line end stand before."""
    before = text[max(0, start - 4) : start].rstrip(" ")
    return before[-1:] in (",", "\n") and before.rstrip(", \r\n")[-1:].isalpha()


def _word_before(text: str, start: int) -> bool:
    """Whether a word with a capital stands before."""
    found = WORD_BACK.search(text, max(0, start - 26), start - 1) if start else None
    return found is not None and found[0][0].isupper() and text[start - 1] in " \n"


def _street_before(text: str, start: int) -> bool:
    """Whether the line or the one before holds a street with its number."""
    return _STREET_NEAR.search(text, max(0, start - _BACK), start) is not None
