"""The table of shapes: dates and times.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_rules.py`.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import checks
from llm_guard_protecto.detect.borders import apart, last_word
from llm_guard_protecto.detect.cues import BORN, VERSION
from llm_guard_protecto.detect.pattern import Pattern, named

__all__ = ["DATES"]

_MONTH: Final = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f\xc3\xa9vrier|mar(?:ch|s|zo|\xc3\xa7o)?"
    r"|m\xc3\xa4rz|apr(?:il|ile)?|avril|abril|may|mai|mayo|maggio|maio|june?|juni|juin|junio"
    r"|giugno|junho|july?|juli|juillet|julio|luglio|julho|aug(?:ust)?|ao\xc3\xbbt|agosto"
    r"|sept?(?:ember|embre|tembre)?|septiembre|settembre|setembro|oct(?:ober|obre)?|okt(?:ober)?"
    r"|octubre|ottobre|outubro|nov(?:ember|embre|iembre|embro)?|de[cz](?:ember|embre|embro)?"
    r"|d\xc3\xa9cembre|diciembre|dicembre|dezembro|enero|gennaio|janeiro|febrero|febbraio"
    r"|fevereiro|januari|februari|maart|mei|augustus)"
)
_CLOCK: Final = (
    r"(?:,? ?(?:at )?\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[aApP]\.?[mM]\b\.?)?)?"
)

DATES: Final = (
    Pattern(
        "DATE_TIME",
        r"\b[12]\d{3}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
        r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?\b",
        checks.is_date,
        score=0.9,
        name="date_iso",
        fit=apart("-"),
    ),
    Pattern(
        "DATE_TIME",
        r"\b[12]\d{3}[/.]\d{1,2}[/.]\d{1,2}\b",
        checks.is_date,
        score=0.8,
        name="date_year_first",
        fit=apart("/."),
        unless=VERSION,
    ),
    Pattern(
        "DATE_TIME",
        rf"\b\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}}{_CLOCK}\b",
        checks.is_date,
        score=0.85,
        name="date_numeric",
        fit=apart("/.-"),
        unless=VERSION,
    ),
    Pattern(
        "DATE_TIME",
        r"\b\d{1,2}/\d{1,2}/\d{2}\b",
        checks.is_date,
        score=0.7,
        name="date_short",
        fit=apart("/.-"),
    ),
    named(
        "DATE_TIME",
        r"\b\d{1,2}[.-]\d{1,2}[.-]\d{2}\b",
        BORN,
        "date_short_born",
        check=checks.is_date,
        fit=apart("/.-"),
    ),
    Pattern(
        "DATE_TIME",
        rf"(?i)\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? [12]\d{{3}})?{_CLOCK}\b",
        score=0.8,
        name="date_month_day",
    ),
    Pattern(
        "DATE_TIME",
        rf"(?i)\b\d{{1,2}}(?:st|nd|rd|th|\.|er)?[ -](?:(?:day )?of |de )?{_MONTH}\.?"
        rf"(?:,?(?: del?)?[ -][12]\d{{3}})?{_CLOCK}\b",
        score=0.8,
        name="date_day_month",
    ),
    Pattern(
        "DATE_TIME",
        rf"(?i)\b{_MONTH}\.?,? [12]\d{{3}}\b",
        score=0.7,
        name="date_month_year",
    ),
    Pattern(
        "DATE_TIME",
        r"(?i)\b(?:in|since|during|until|of|year|from|around|circa|by|before|after)"
        r"(?: early| late| mid)?[ -](?:19|20)\d{2}\b",
        score=0.5,
        name="date_year",
        fit=last_word,
    ),
    Pattern(
        "DATE_TIME",
        r"(?i)\b(?:on|last|next|this|until|by|since|every|for) (?:mon|tues|wednes|thurs|fri|satur"
        r"|sun)day\b",
        score=0.5,
        name="date_weekday",
        fit=last_word,
    ),
)
