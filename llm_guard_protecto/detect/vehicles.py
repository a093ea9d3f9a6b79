"""The table of shapes: vehicles, devices and positions.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_rules.py`.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import checks, positions
from llm_guard_protecto.detect.borders import apart, last_number
from llm_guard_protecto.detect.cues import COORDINATES, IMEI, PLATE, VERSION, VIN
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.pattern import Pattern, named

__all__ = ["VEHICLES"]

# (country, shape): the plates in use; blanks and hyphens as they are written
_PLATES: Final = (
    ("GB", r"[A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z]\d{1,3} ?[A-Z]{3}|[A-Z]{3} ?\d{1,3}[A-Z]?"),
    ("DE AT", r"[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2} ?\d{1,4}[EH]?|[A-Z]{1,2}[- ]\d{1,5} ?[A-Z]{1,3}"),
    ("FR IT", r"[A-Z]{2}[- ]?\d{3}[- ]?[A-Z]{2}|\d{1,4} ?[A-Z]{2,3} ?\d{2}"),
    ("ES", r"\d{4}[- ]?[B-DF-HJ-NP-TV-Z]{3}"),
    ("NL", r"(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})"),
    ("BE", r"\d-[A-Z]{3}-\d{3}"),
    ("CH PL HR", r"[A-Z]{2,3}[ -]?(?:\d{3,6}|\d{4}[A-Z]|\d{3}[A-Z]{2})"),
    ("PT", r"[A-Z]{2}[- ]\d{2}[- ](?:\d{2}|[A-Z]{2})|\d{2}[- ][A-Z]{2}[- ]\d{2}"),
    ("SE NO DK FI", r"[A-Z]{3} ?\d{2}[A-Z0-9]|[A-Z]{2} ?\d{2} ?\d{3}|[A-Z]{3}-\d{1,3}"),
    ("IE", r"\d{2,3}-?[A-Z]{1,2}-?\d{1,6}"),
    ("IN", r"[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{0,3}[ -]?\d{4}|\d{2} ?BH ?\d{4} ?[A-Z]{1,2}"),
    ("BR MX AR", r"[A-Z]{3}[- ]?\d[A-Z0-9]\d{2}|[A-Z]{2} ?\d{3} ?[A-Z]{2}|[A-Z]{3}-\d{2,3}-\d{2}"),
    (
        "US CA",
        r"\d[A-Z]{3}\d{3}|[A-Z]{3}[- ]?\d{3,4}|\d{3}[- ]?[A-Z]{3}|[A-Z]{2}\d{4,5}|[A-Z]\d{6}",
    ),
    (
        "US AU NZ",
        r"[A-Z]{2}[- ]?\d{2}[- ]?[A-Z]{2}|\d[A-Z]{2} ?\d[A-Z]{2}|[A-Z0-9]{2,4}[- ][A-Z0-9]{3,4}",
    ),
    ("ZA NG KE", r"[A-Z]{2} ?\d{2} ?[A-Z]{2} ?[A-Z]{2}|[A-Z]{3}[- ]?\d{3}[- ]?[A-Z]{1,2}"),
    ("RU UA", r"[ABEKMHOPCTYX]\d{3}[ABEKMHOPCTYX]{2} ?\d{2,3}|[A-Z]{2} ?\d{4} ?[A-Z]{2}"),
    ("RU", r"[АВЕКМНОРСТУХ]\d{3}[АВЕКМНОРСТУХ]{2} ?\d{2,3}"),
    ("CN", r"[\u4e00-\u9fff][A-Z][·.]?[A-Z0-9]{5,6}"),
    ("KR", r"\d{2,3}[\uac00-\ud7a3] ?\d{4}"),
    ("TR ID MY SG", r"\d{2} ?[A-Z]{1,3} ?\d{2,4}|[A-Z]{1,3} ?\d{1,4} ?[A-Z]{1,3}"),
)
_ANY_PLATE: Final = [expression(shapes) for _, shapes in _PLATES]


def plate(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The longest plate of any country at the start of a candidate; letters and digits in it."""
    if start and (text[start - 1].isalnum() or text[start - 1] in "-_/.$"):
        return None
    stop = min(len(text), max(end, start + 14))
    last = start
    for shape in _ANY_PLATE:
        found = shape.match(text, start, stop)
        if found and found.end() > last:
            after = text[found.end() : found.end() + 2]
            if not (after[:1].isalnum() or after[:1] in "-_/.:" and after[1:].isalnum()):
                last = found.end()
    return (start, last) if checks.has_digit(text[start:last]) else None


_DEGREES: Final = r"\d{1,3}(?:[.,]\d{1,8})?\s?(?:\xc2\xb0|\xc2\xba|deg)"
_MINUTES: Final = r"(?:\s?\d{1,2}(?:[.,]\d{1,6})?\s?(?:['m]|\xe2\x80[\xb2\x99]))?"
_SECONDS: Final = r"(?:\s?\d{1,2}(?:[.,]\d{1,6})?\s?(?:[\x22s]|''|\xe2\x80[\xb3\x9d]))?"
_ANGLE: Final = rf"{_DEGREES}{_MINUTES}{_SECONDS}"

VEHICLES: Final = (
    named(
        "VEHICLE_REGISTRATION_NUMBER",
        r"(?:\b[A-Z0-9]|[\xd0\xe4-\xe9][\x80-\xbf])[A-Z0-9\x80-\xff]{0,6}(?:[ -]?[A-Z0-9]{1,6}){0,3}",
        PLATE,
        "plate",
        fit=plate,
    ),
    Pattern(
        "VEHICLE_IDENTIFICATION_NUMBER",
        r"\b[A-HJ-NPR-Z0-9]{17}\b",
        checks.vin,
        VIN,
        0.7,
        0.97,
        "vin",
    ),
    named(
        "VEHICLE_IDENTIFICATION_NUMBER",
        r"\b[A-HJ-NPR-Z0-9]{17}\b",
        VIN,
        "vin_unchecked",
        check=checks.has_digit,
    ),
    named(
        "VEHICLE_IDENTIFICATION_NUMBER",
        r"\b[A-HJ-NPR-Z0-9]{9,12}\b",
        ("vin", "vin no", "vin number", "chassis", "chassis number", "chassis no", "frame number"),
        "vin_short",
        check=lambda v: sum(c.isdigit() for c in v) > 4 and not v.isdigit(),
        lifted=0.85,
    ),
    named("IMEI", r"\b\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d\b", IMEI, "imei", check=checks.imei),
    Pattern(
        "IMEI",
        r"\b(?:01|35|86|99)[ -]?\d{6}[ -]?\d{6}[ -]?\d\b",
        checks.imei,
        IMEI,
        0.6,
        name="imei_issued",
        fit=apart(".-_"),
    ),
    Pattern(
        "COORDINATES",
        r"-?\b\d{1,2}\.\d{4,15}\s?[,;] ?-?\d{1,3}\.\d{4,15}\b",
        positions.coordinates,
        score=0.8,
        name="coordinates",
        fit=apart(".,"),
    ),
    named(
        "COORDINATES",
        r"[+-]?\b\d{1,3}\.\d{1,15}(?:\s?[,;/] ?| )[+-]?\d{1,3}\.\d{1,15}\b",
        COORDINATES,
        "coordinates_named",
        check=positions.coordinates,
        fit=apart(".,"),
        unless=VERSION,
    ),
    Pattern(
        "COORDINATES",
        rf"(?i)\b{_ANGLE}\s?[NS](?:[,;]?\s{{0,2}}(?:and )?{_ANGLE}\s?[EWO])?\b",
        positions.degrees,
        score=0.9,
        name="coordinates_degrees",
    ),
    Pattern(
        "COORDINATES",
        rf"\b[NS]\s?{_ANGLE}[,;]?\s{{0,2}}[EWO]\s?{_ANGLE}",
        positions.degrees,
        score=0.9,
        name="coordinates_degrees_after",
    ),
    Pattern(
        "COORDINATES",
        r"(?i)\b(?:lat|latitude|lon|lng|long|longitude|breitengrad|l\xc3\xa4ngengrad|latitud|longitud)"
        r"[\x22']?(?: is)?\s?[:=]?\s{0,2}[\x22']?[+-]?\d{1,3}\.\d{2,15}\b",
        positions.angle,
        score=0.85,
        name="coordinates_part",
        fit=last_number,
    ),
)
"""Plates count only beside a word; a position by its range and how exactly it is given."""
