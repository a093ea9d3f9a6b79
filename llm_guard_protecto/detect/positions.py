"""Is this a position on the globe? Ranges of decimal degrees, and of degrees, minutes and seconds."""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.expression import expression

__all__ = ["angle", "coordinates", "degrees"]

_DECIMAL: Final = expression(r"[+-]?\d{1,3}\.\d+")
_NUMBER: Final = expression(r"\d+(?:[.,]\d+)?")
_HALVES: Final = expression(r"[NS]\s*[,;]?\s*(?:and )?(?=\d)|[,;]|\s(?=[EWO])", re.IGNORECASE)


def coordinates(value: str) -> bool:
    """A latitude within 90 degrees and a longitude within 180, in this order or the other."""
    first, second = (abs(float(n)) for n in _DECIMAL.findall(value)[:2])
    return min(first, second) <= 90 and max(first, second) <= 180 and first != second


def angle(value: str) -> bool:
    """One latitude or longitude in decimal degrees: within 180."""
    return abs(float(_DECIMAL.findall(value)[-1])) <= 180


def degrees(value: str) -> bool:
    """Degrees, minutes and seconds within their ranges, for each half of a position."""
    for half in _HALVES.split(value):
        numbers = [float(n.replace(",", ".")) for n in _NUMBER.findall(half)]
        if numbers and (numbers[0] > 180 or any(n >= 60 for n in numbers[1:3])):
            return False
    return True
