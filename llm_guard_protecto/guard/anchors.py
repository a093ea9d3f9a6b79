"""What the search for tokens jumps to: the digits that every run of ours holds."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["anchors"]

_DIGIT = re.compile("[0-9][0-9A-Za-z]*")
_ANY_DIGIT = re.compile(r"\d[0-9A-Za-z]*")


@lru_cache(maxsize=256)
def anchors(
    words: frozenset[str], signs: frozenset[str]
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What the search looks for: digits, and for foreign tokens without one, those themselves."""
    if not words and not signs:
        return _DIGIT, _ANY_DIGIT
    rows = [rf"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, sorted(words)))})(?![0-9A-Za-z])"]
    rows = rows if words else []
    rows += [re.escape(sign) for sign in sorted(signs, key=len, reverse=True)]
    pattern = "|".join([r"\d[0-9A-Za-z]*", *rows])
    return re.compile(pattern, re.IGNORECASE), re.compile(pattern, re.IGNORECASE)
