"""The table of shapes: streets with their numbers, units, boxes; each part a span of its own.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_addresses.py`.
The engine finds a number beside a word for a street; the fits of `roads` and `ways` read the name between.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import abroad, labelled_streets, roads, ways
from llm_guard_protecto.detect.pattern import Pattern
from llm_guard_protecto.detect.street_words import (
    EASTERN,
    ENGLISH,
    FRENCH,
    GERMANIC,
    NAMED_FIRST,
    NUMBERED_AFTER,
    USPS,
)

__all__ = ["STREETS"]

_NAME: Final = r"[a-z0-9'.\x80-\xff-]{1,24}"

STREETS: Final = (
    Pattern(
        "ADDRESS",
        rf"(?i)\b\d{{1,6}}(?:[a-z]|[-/]\d{{1,4}})?,? (?:{_NAME} ){{1,4}}(?:{ENGLISH})\b",
        fit=roads.english,
        score=0.85,
        name="street",
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)\b\d{{1,6}}[a-z]? (?:{_NAME} ){{1,3}}(?:{USPS})\b",
        fit=roads.before_a_city,
        score=0.8,
        name="street_before_city",
    ),
    Pattern(
        "ADDRESS",
        r"(?i)\b\d{1,5} (?:(?:us|state|county|old|north|south|east|west|n|s|e|w)\.? ){0,2}"
        r"(?:broadway\b|(?:highway|hwy|route|rte|county road|state road|farm road)\.? \d{1,4}[a-z]?\b)",
        fit=roads.free,
        score=0.85,
        name="street_highway",
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)\b\d{{1,4}}(?: ?(?:bis|ter|quater|[a-d]))?,? (?:{FRENCH}) [a-z0-9\x80-\xff]",
        fit=ways.french,
        score=0.85,
        name="street_french",
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)\b(?:{NAMED_FIRST})[a-z0-9\x80-\xff]",
        fit=ways.named_first,
        score=0.85,
        name="street_southern",
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)(?:{GERMANIC})[ \xa0]{{0,2}}\d{{1,4}}",
        fit=ways.germanic,
        score=0.85,
        name="street_germanic",
    ),
    Pattern(
        "ADDRESS",
        r"[a-z\x80-\xff] \d{1,3}(?:[/-]\d{1,3})?(?: ?[a-z])?(?:, ?|\r?\n)(?:[A-Z]{1,2}-)?\d{4,5} [A-Z\x80-\xff]",
        fit=ways.german_place,
        score=0.85,
        name="street_german_place",
    ),
    Pattern(
        "ADDRESS",
        rf"(?:{EASTERN}),? ?(?:(?:No|Nr|nr|no|br|\xc4\x8d\.p)\.?:? ?)?\d{{1,4}}",
        fit=abroad.eastern,
        score=0.85,
        name="street_eastern",
    ),
    Pattern(
        "ADDRESS",
        rf"\b(?:{NUMBERED_AFTER}) \d{{1,4}}[a-zA-Z]?",
        fit=abroad.reversed_english,
        score=0.8,
        name="street_numbered_after",
    ),
    Pattern(
        "ADDRESS",
        r"\d ?[a-zA-Z]?, (?:[A-Z]{1,2}-\d{4,5}|\d{3} \d{2}|\d{2}-\d{3}) [A-Z\x80-\xff]"
        r"|\d ?[a-zA-Z]?\r?\n(?:[A-Z]{1,2}-\d{4,5}|\d{5}|\d{3} \d{2}|\d{2}-\d{3}) [A-Z\x80-\xff]",
        fit=abroad.before_a_code,
        score=0.8,
        name="street_before_code",
    ),
    Pattern(
        "ADDRESS",
        r"\b(?:Calle|Carrera|Cra\.?|Cl\.?|Kr\.?|Diagonal|Transversal|Av\.) \d{1,3} ?[A-Z]?(?: Bis)?"
        r" ?(?:#|No\.?|N\xc2\xb0|N\xc2\xba) ?\d{1,3} ?[A-Z]? ?- ?\d{1,3}\b",
        fit=roads.free,
        score=0.9,
        name="street_grid",
    ),
    Pattern(
        "ADDRESS",
        r"\b\d{1,4}(?:-\d{1,3}){0,2} [A-Z][a-z]{2,20}-(?:cho|machi|daero|ro|gil)\b"
        r"|\b[A-Z][a-z]{2,20}-(?:cho|machi|dong) \d{1,4}(?:-\d{1,3}){0,2}\b",
        fit=roads.free,
        score=0.85,
        name="street_of_district",
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)\b(?:{labelled_streets.LABELS})[\"'*]{{0,3}} ?:[ \t\"'*]{{1,4}}[a-z0-9\x80-\xff]",
        fit=labelled_streets.value,
        score=0.8,
        name="street_labelled",
    ),
    Pattern(
        "ADDRESS",
        r"\b(?:House|Plot|Door|Flat|Shop|H\.) ?No\.? ?\d{1,4}(?:[/-][A-Z\d]{1,4}){0,2} ?[A-Z]?\b",
        fit=abroad.house,
        score=0.85,
        name="house_number",
    ),
    Pattern(
        "ADDRESS",
        r"(?i)\b(?:apt|apartment|appt|suite|ste|unit|flat|room|rm|floor|bldg|building|lot|wohnung"
        r"|appartement|depto|dpto|piso|apto|interno|level|lgh|daire|top|stiege|stg|bus|bte|byt|lok"
        r"|kv|puerta|escalera)[.:]? ?#?(?:\d{1,5}[ -]?[a-z]?|[a-z]-?\d{0,4})\b"
        r"|\b\d{1,3}(?:st|nd|rd|th) floor\b",
        fit=roads.unit,
        score=0.8,
        name="address_unit",
    ),
    Pattern(
        "ADDRESS",
        r"(?i)\b(?:(?:g?\.?p\.? ?o\.? ?|post office )box|postfach|postbus|bo\xc3\xaete postale"
        r"|case postale|postboks|posbus|locked bag|p\.? ?m\.? ?b\.?|p\.o\.b\.|r\.?r\.? \d{1,3},? box"
        r"|hc \d{1,3},? box"
        r"|apartado(?: de correos| postal)?|casella postale|caixa postal|private bag)"
        r"[ :#]{1,3}(?:n[.o]{1,2} ?)?[a-z]?-?\d{1,4}(?: ?\d{2,4}){0,2}\b",
        fit=roads.box,
        score=0.9,
        name="post_box",
    ),
    Pattern(
        "ADDRESS",
        r"\b(?:(?:PSC|CMR|Unit) \d{1,5},? Box \d{1,5}|US(?:S|NS|CGC|NV) [A-Z][a-z]{2,14})[,\n ]{1,2}"
        r"(?:APO|FPO|DPO),? A[AEP]\b",
        fit=roads.military,
        score=0.9,
        name="military",
    ),
)
"""A street counts with its number only; a unit beside its street, or where it is an apartment's."""
