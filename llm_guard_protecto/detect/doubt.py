"""Where the tagger is doubted: code, capitals among other words, numbers as addresses, fonts.

It learned from prose and knows code by a few thousand pieces; a constant, a class or an
abbreviation looks like a name to it now and then, mostly without much confidence. Measured on the
standard library of Python, the two thresholds halve what it takes for names there, and cost
prompts half a point of recall (characters of the development set).

It also takes fonts for people and towns, and numbers for postcodes where a column of them is long.
A list of fonts names nobody; a number alone is part of an address only beside a street or a town,
or where a sentence leads up to it. What a word says about a number is told by rules (`postcodes`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.models import Span

__all__ = ["believed"]

_PLACES = ("ADDRESS", "LOCATION")
_SURE_OF_CAPITALS = 0.85
_SURE_IN_CODE = 0.88
_NEAR = 40  # characters between a number and the rest of its address
_FAR = 200  # characters of a long line that are looked at, to either side
# Assignments, brackets, calls, escapes, comments: what a line of code has and a sentence has not.
_CODE = expression(r"[{}\[\]=<>_\\`|]|\w\(|;$|^[^\S\n]*(?:#|//|\*)|0x", re.MULTILINE)
_LED_UP_TO = expression(r".?[^\W\d_],? ")
_QUOTED = r"""(?:"[^"\n]{0,200}"|'[^'\n]{0,200}')"""
_FONT = rf"(?:{_QUOTED}|[A-Za-z][\w -]{{0,80}})"
_FONTS = expression(  # a list that CSS ends, or one text of JSON; what follows it is no font
    rf"(?:\bfont-family|--font[\w-]*)\s*:\s*{_FONT}(?:\s*,\s*{_FONT}){{0,30}}(?=\s*[;}}\"'])"
    rf"|['\"](?:fontFamily|font-family)['\"]\s*:\s*{_QUOTED}"
)
_A_WORD = expression(r"[^\W\d_]{3}")
_MAY_BE_CODE = expression(r"[{}\[\]=<>_\\`|(;#/*]")  # one of which a sign has, but for 0x


def believed(text: str, spans: Sequence[Span]) -> list[Span]:
    """Those of the tagger's `spans` that are sure enough for where they stand."""
    bare = [span for span in spans if span.entity == "ADDRESS" and _is_bare(text, span)]
    if bare:
        places = [s for s in spans if s.entity in _PLACES and _A_WORD.search(text[s.start : s.end])]
        alone = {span for span in bare if not _is_near(span, places)}
        spans = [span for span in spans if span not in alone]
    if "font" in text:
        fonts = [place for match in _FONTS.finditer(text) for place in match.span()]
        spans = [span for span in spans if bisect_right(fonts, span.start) % 2 == 0]
    if all(span.score >= _SURE_IN_CODE for span in spans):
        return list(spans)
    code: list[int] = []
    if _MAY_BE_CODE.search(text) or "0x" in text:
        code = [sign.end() for sign in _CODE.finditer(text)]  # once: a line may hold many spans
    return [span for span in spans if span.score >= _SURE_IN_CODE or _stands(text, span, code)]


def _is_bare(text: str, span: Span) -> bool:
    """Whether it is a number, a cell or two of a table without a word, and no sentence leads to it.

    Codes of letters and digits in one line may be postcodes and are not bare.
    """
    value = text[span.start : span.end]
    if _A_WORD.search(value) or not value.isascii():
        return False
    if not (value.isdecimal() or value.isalpha() or "\n" in value or "\t" in value):
        return False
    return not _LED_UP_TO.fullmatch(text[max(span.start - 3, 0) : span.start])


def _is_near(span: Span, places: Sequence[Span]) -> bool:
    """Whether one of `places`, in the order of the text, is as near as parts of an address are."""
    at = bisect_right(places, span.start, key=lambda place: place.start)
    around = places[max(at - 1, 0) : at + 1]
    return any(one.start - span.end <= _NEAR and span.start - one.end <= _NEAR for one in around)


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
