"""The table of shapes: health care: records, insurance, licences of those who work in it.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_rules.py`.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import checks, identity
from llm_guard_protecto.detect.cues import INSURANCE, MEDICAL_LICENCE, MRN
from llm_guard_protecto.detect.ids import named_id
from llm_guard_protecto.detect.pattern import Pattern, named

__all__ = ["HEALTH"]

# from the first digit on; `borders.identifier` adds the letters before it
_ID: Final = r"\d(?:[A-Za-z0-9]{3,}(?:-[A-Za-z0-9]+)*|[A-Za-z0-9]{0,3}(?:-[A-Za-z0-9]+)+)\b"

HEALTH: Final = (
    named("MRN", _ID, MRN, "mrn", fit=named_id(checks.has_digit), lifted=0.96),
    named(
        "INSURANCE_NUMBER",
        _ID,
        INSURANCE,
        "insurance",
        fit=named_id(checks.has_digit),
        lifted=0.93,
    ),
    Pattern(
        "INSURANCE_NUMBER",
        r"\b[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?"
        r"[AC-HJKMNP-RT-Y]{2}\d{2}\b",
        near=("medicare", "mbi", "beneficiary"),
        score=0.75,
        name="medicare_beneficiary",
    ),
    named(
        "INSURANCE_NUMBER",
        r"\b[A-Z]\d{9}\b",
        ("kvnr", "krankenversichertennummer", "versichertennummer", "krankenversicherung"),
        "health_insurance_de",
        check=identity.german_health,
        lifted=0.97,
    ),
    named(
        "INSURANCE_NUMBER",
        r"\b[2-6]\d{3}[ -]?\d{5}[ -]?\d(?:[ /-]\d)?\b",
        ("medicare", "medicare number", "medicare card"),
        "medicare_au",
        check=identity.australian_medicare,
        lifted=0.97,
    ),
    named(
        "MEDICAL_LICENSE",
        r"\b[12]\d{9}\b",
        ("npi", "npi number", "npi no", "national provider", "provider"),
        "npi",
        check=checks.npi,
    ),
    named(
        "MEDICAL_LICENSE",
        r"\b[A-Za-z][A-Za-z9]\d{7}\b",
        ("dea", "dea number", "dea no", "dea registration", "dea reg"),
        "dea",
        check=checks.dea,
    ),
    named(
        "MEDICAL_LICENSE",
        _ID,
        MEDICAL_LICENCE,
        "medical_licence",
        fit=named_id(checks.has_digit),
        lifted=0.96,
    ),
)
