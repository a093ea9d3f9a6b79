"""Where the tagger has to be surer: lines of code, and words in capitals among others that are not.

It learned from prose and knows code by a few thousand pieces; a constant, a class or an
abbreviation looks like a name to it now and then, mostly without much confidence. Measured on the
standard library of Python, the two thresholds halve what it takes for names there, and cost
prompts half a point of recall (characters of the development set).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from llm_guard_protecto.models import Span

__all__ = ["believed"]

_SURE_OF_CAPITALS = 0.85
_SURE_IN_CODE = 0.88
_FAR = 200  # characters of a long line that are looked at, to either side
# Assignments, brackets, calls, escapes, comments: what a line of code has and a sentence has not.
_CODE = re.compile(r"[{}\[\]=<>_\\`|]|\w\(|;$|^\s*(?:#|//|\*)|0x")


def believed(text: str, spans: Iterable[Span]) -> list[Span]:
    """Those of the tagger's `spans` that are sure enough for the line they stand in."""
    return [span for span in spans if span.score >= _SURE_IN_CODE or _stands(text, span)]


def _stands(text: str, span: Span) -> bool:
    line = text[max(span.start - _FAR, 0) : span.start].rpartition("\n")[2]
    line += text[span.start : span.end + _FAR].partition("\n")[0]
    value = text[span.start : span.end]
    capitals = value.isupper() and len(value) > 1 and " " not in value
    if capitals and span.score < _SURE_OF_CAPITALS and not line.isupper():
        return False
    return _CODE.search(line) is None
