"""Where the tagger has to be surer: lines of code, and words in capitals among others that are not.

It learned from prose and knows code by a few thousand pieces; a constant, a class or an
abbreviation looks like a name to it now and then, mostly without much confidence. Measured on the
standard library of Python, the two thresholds halve what it takes for names there, and cost
prompts half a point of recall (characters of the development set).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.models import Span

__all__ = ["believed"]

_SURE_OF_CAPITALS = 0.85
_SURE_IN_CODE = 0.88
_FAR = 200  # characters of a long line that are looked at, to either side
# Assignments, brackets, calls, escapes, comments: what a line of code has and a sentence has not.
_CODE = expression(r"[{}\[\]=<>_\\`|]|\w\(|;$|^[^\S\n]*(?:#|//|\*)|0x", re.MULTILINE)
_MAY_BE_CODE = expression(r"[{}\[\]=<>_\\`|(;#/*]")  # one of which a sign has, but for 0x


def believed(text: str, spans: Sequence[Span]) -> list[Span]:
    """Those of the tagger's `spans` that are sure enough for the line they stand in."""
    if all(span.score >= _SURE_IN_CODE for span in spans):
        return list(spans)
    code: list[int] = []
    if _MAY_BE_CODE.search(text) or "0x" in text:
        code = [sign.end() for sign in _CODE.finditer(text)]  # once: a line may hold many spans
    return [span for span in spans if span.score >= _SURE_IN_CODE or _stands(text, span, code)]


def _stands(text: str, span: Span, code: Sequence[int]) -> bool:
    """Whether a span is no capitals among other words, and no code is near it in its line."""
    start, end = span.start, span.end
    low = text.rfind("\n", max(start - _FAR, 0), start) + 1 or max(start - _FAR, 0)
    high = text.find("\n", end, end + _FAR)
    if high < 0:
        high = min(end + _FAR, len(text))
    at = bisect_right(code, low)
    if at < len(code) and code[at] <= high:
        return False
    if span.score >= _SURE_OF_CAPITALS:
        return True
    value = text[start:end]
    capitals = value.isupper() and len(value) > 1 and " " not in value
    return not capitals or text[low:high].isupper()
