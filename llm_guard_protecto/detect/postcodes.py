"""The table of shapes: postal codes, and the city, state and country that stand beside them.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_addresses.py`.
Sources: the US postal service (states), Royal Mail (areas and letters of UK postcodes), Canada
Post (letters), national post services for the other shapes.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import abroad, towns
from llm_guard_protecto.detect.borders import apart
from llm_guard_protecto.detect.pattern import Pattern, named
from llm_guard_protecto.detect.town_words import AFTER_STREET, COUNTRIES

__all__ = ["POSTCODES"]

_UK: Final = r"(?:[a-pr-uwyz](?:\d{1,2}|[a-hk-y]\d(?:\d|[abehmnprv-y])?|\d[a-hjkps-uw])) \d[abd-hjlnp-uw-z]{2}\b"
_CODE_WORDS: Final = (
    *("zip", "zip code", "zipcode", "zip/postal code", "postal code", "postcode", "post code"),
    *(
        "postal",
        "plz",
        "postleitzahl",
        "code postal",
        "código postal",
        "codigo postal",
        "c.p.",
        "cp",
    ),
    *("cap", "codice postale", "cep", "cod. postal", "pin code", "pincode", "eircode"),
)

_LIVES: Final = (
    *("wohnhaft", "wohnhaft in", "wh.", "wohnh.", "wohnt in", "lebt in", "wonende", "wonende te"),
    *("demeurant", "domicilié", "domiciliée", "domicilié à", "residente", "residente en"),
    *("residente em", "residente in", "domiciliado en", "domiciliada en", "bosatt", "zam."),
)

POSTCODES: Final = (
    Pattern(
        "ADDRESS",
        r"(?i)[a-z][.,]?[ \n]{1,2}\d{5}(?:-\d{4})?\b",
        fit=towns.state_and_code,
        score=0.85,
        name="us_zip",
    ),
    Pattern(
        "ADDRESS",
        r"(?i)[a-z][.,]?[ \n]{1,2}\d{5}(?:-\d{4}|)\b",  # the same, and another span of it
        fit=towns.city_of_state,
        score=0.8,
        name="us_city",
    ),
    Pattern(
        "ADDRESS",
        r"\b(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT),? \d{4}\b"
        r"|\b(?:ON|QC|BC|AB|MB|SK|NS|NB|NL|PE|YT|NT|NU),? ?[A-Z]\d[A-Z] ?\d[A-Z]\d\b",
        fit=towns.province_and_code,
        score=0.85,
        name="province_code",
    ),
    Pattern("ADDRESS", r"\b(?:APO|FPO|DPO),? A[AEP],? \d{5}(?:-\d{4})?\b", score=0.9, name="apo"),
    Pattern(
        "ADDRESS",
        rf"(?i)\b{_UK}",
        fit=towns.uk_postcode,
        score=0.85,
        name="uk_postcode",
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)[a-z][,.]?[ \n]{{1,2}}{_UK}",
        fit=towns.city_before_postcode,
        score=0.8,
        name="uk_city",
    ),
    Pattern(
        "ADDRESS",
        r"\b[AC-FHKNPRTV-Y]\d[\dW] [\dAC-FHKNPRTV-Y]{4}\b",
        fit=towns.eircode,
        score=0.85,
        name="eircode",
    ),
    Pattern(
        "ADDRESS",
        r"(?i)\b[abceghj-nprstvxy]\d[abceghj-nprstv-z] \d[abceghj-nprstv-z]\d\b",
        lambda v: len({c for c in v if c.isdigit()}) > 1 and (v.isupper() or v.islower()),
        score=0.85,
        name="canadian_postcode",
        fit=apart("./:-"),
    ),
    Pattern(
        "ADDRESS",
        r"(?:[,;-]|\d ?[a-zA-Z]?)[ \r\n]{1,3}(?:[A-Z]{1,2}-)?"
        r"(?:\d{4,5}(?:-\d{3}|-\d{4}| ?[A-Z]{2})?|\d{3} \d{2}|\d{2}-\d{3}) [A-Za-z\x80-\xff]",
        fit=towns.after_a_street,
        score=0.85,
        name="postcode_city",
    ),
    Pattern(
        "ADDRESS",
        r"\b(?:[A-Z]{1,2}-)?\d{4,5}(?:-\d{3}| [A-Z]{2}|,|\.| -)? [A-Z\x80-\xff][A-Za-z\x80-\xff-]{2,24}",
        fit=towns.known_city,
        score=0.8,
        name="postcode_known_city",
    ),
    Pattern(
        "ADDRESS",
        r"\b[A-Z]{1,3}-\d{4,5} [A-Z\x80-\xff][a-z\x80-\xff]{2}",
        fit=abroad.code_of_country,
        score=0.8,
        name="postcode_of_country",
    ),
    Pattern(
        "ADDRESS",
        r"\b(?:[A-Z]{1,2}-)?\d{4,5} [A-Z\x80-\xff][a-z\x80-\xff]{2}",
        fit=abroad.code_before_street,
        score=0.8,
        name="postcode_before_street",
    ),
    named(
        "ADDRESS",
        r"\b(?:[A-Z]{1,2}-)?\d{4,5} [A-Z\x80-\xff][a-z\x80-\xff]{2}",
        _LIVES,
        "postcode_lived_in",
        fit=abroad.lived_in,
        lifted=0.85,
    ),
    named(
        "ADDRESS",
        r"(?i)\b(?:\d{4,6}|\d{5}-\d{3,4}|\d{4}-\d{3}|\d{4} ?[a-z]{2}|\d{3} ?\d{3}|\d{2}-\d{3}"
        r"|[a-z]\d[a-z] ?\d[a-z]\d|[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2})\b",
        _CODE_WORDS,
        "postcode_named",
        fit=towns.named_code,
        lifted=0.85,
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)\b(?:{AFTER_STREET})\.?(?: (?:[nsew]{{1,2}}))?(?:,? (?:apt|suite|unit|#)[. #]{{0,2}}"
        r"[a-z0-9-]{1,6})?(?:, ?|\r?\n)[a-z]",
        fit=towns.city_after_street,
        score=0.6,
        name="city_after_street",
    ),
    Pattern(
        "ADDRESS",
        rf"(?i)[ ,\n](?:{COUNTRIES})\b",
        fit=towns.country_after_code,
        score=0.8,
        name="country_after_code",
    ),
)
