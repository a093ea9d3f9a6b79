"""Values written out: letters and digits apart, odd separators, number words, `name at site dot com`.

`joined(view, hints)` gives the reading of a view's text in which they are put together again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from llm_guard_protecto.detect.checks import card, luhn, ssn
from llm_guard_protecto.detect.fold import look_digits
from llm_guard_protecto.detect.hints import Hints
from llm_guard_protecto.detect.numerals import (
    AT_WORDS,
    DOT_WORDS,
    NUMBER_WORDS,
    REPEATS,
    SIGN_WORDS,
)
from llm_guard_protecto.detect.view import Patch, View

__all__ = ["APART", "SPELLED", "joined"]

APART: Final = "apart"
SPELLED: Final = "spelled"

_Gap = tuple[int, int]

_BLANKS_APART: Final = re.compile(r"(?<!\S)\S(?:[^\S\n]{1,5}\S(?!\S)){5,}+")
_SIGNS_APART: Final = re.compile(
    r"(?<!\w)[\w+(](?P<gap>\r?\n|[^\w\s@]{1,3}|, )(?:[^\n\r](?P=gap)){5,}+[^\s,](?!\w)"
)
_DIGITS_APART: Final = re.compile(r"(?<![\w.,])[0-9](?:[^\w+]{1,4}[0-9](?!\w)){6,}+")
_CARD_GROUPS: Final = re.compile(
    r"(?<![\w.,-])[0-9]{4}(?:(?P<gap>[^\w\s]{1,3}|[^\S\n]?[^\w\s]{1,3}[^\S\n]|[^\S\n]{1,4}|\r?\n)"
    r"[0-9]{4}(?:(?P=gap)[0-9]{4}(?:(?P=gap)[0-9]{1,4}){1,2}|[0-9]{2}(?P=gap)[0-9]{5}))(?![\w-])"
)
_PAIRS: Final = re.compile(r"(?<![\w.,-])[0-9]{2}(?:[ ./_*-][0-9]{2}){6,9}+(?![\w-])")
_SHORT_GROUPS: Final = re.compile(
    r"(?<![\w.,/-])(?P<a>[0-9]{3})(?P<gap>[_/*~·•⋅]{1,2}|[^\S\n]?-{2,3}[^\S\n]?|[^\S\n]-[^\S\n]"
    r"|[^\S\n][_/*~·•⋅.][^\S\n])(?P<b>[0-9]{2,3})(?P=gap)(?P<c>[0-9]{4})(?![\w/-])"
)
_IN_PROSE: Final = re.compile(r"[^\W\d_]{2,}[^\w\n]{0,12}\Z")
_LISTED: Final = frozenset("[({")

_NUMBER: Final = "|".join(sorted((*NUMBER_WORDS, *REPEATS), key=len, reverse=True))
_SIGN: Final = "|".join(SIGN_WORDS)
_SAID: Final = re.compile(
    rf"\b(?:[A-Z][ -]?[A-Z][ ,-]{{1,2}}|plus\W{{1,3}})?+(?:{_NUMBER})\b"
    rf"(?:[^\w]{{1,4}}(?:and[ ]|hundred\b)?(?:{_NUMBER}|{_SIGN}|hundred|[0-9])\b){{3,}}+",
    re.IGNORECASE,
)
_SAID_PART: Final = re.compile(r"[^\W\d_]+|[0-9]")

_AT: Final = "|".join(AT_WORDS)
_DOT: Final = "|".join(DOT_WORDS)
_OPEN, _CLOSE = r"[\[({<*_~-]{1,2}", r"[\])}>*_~-]{1,2}"
_AT_SIGN: Final = re.compile(
    rf"\s{{0,2}}{_OPEN}\s?(?:{_AT}|@)\s?{_CLOSE}\s{{0,2}}|(?<=\w)\s{{1,3}}(?:{_AT})\s{{1,3}}(?=\w)"
    r"|(?<=\w)\s{0,3}@\s{0,3}(?=\w)",
    re.IGNORECASE,
)
_DOT_SIGN: Final = (
    rf"(?:\s{{0,2}}{_OPEN}\s?(?:{_DOT}|\.)\s?{_CLOSE}\s{{0,2}}|\s{{1,3}}(?:{_DOT})\s{{1,3}}"
    r"|\s{0,2}\.\s{0,2})"
)
_SITE: Final = re.compile(
    rf"[^\W_][\w-]{{0,62}}(?:{_DOT_SIGN}[^\W_][\w-]{{0,62}}){{0,4}}?{_DOT_SIGN}"
    r"(?P<last>com|org|net|edu|gov|mil|int|info|biz|io|dev|app|ai|co|me|eu|uk|us|ca|au|nz|de|at|ch"
    r"|fr|es|it|pt|nl|be|ie|se|no|dk|fi|pl|cz|ru|ua|jp|cn|in|br|mx|ar|za|invalid|test|example)"
    rf"\b(?:{_DOT_SIGN}(?:uk|au|nz|za|br|jp|in)\b)?",
    re.IGNORECASE,
)
_NAME: Final = re.compile(rf"[^\W_][\w+'-]{{0,62}}(?:{_DOT_SIGN}[\w+'-]{{1,62}}){{0,3}}\Z", re.I)
_DOTS: Final = re.compile(_DOT_SIGN, re.IGNORECASE)
_MAILBOX: Final = re.compile(
    r"(?:gmail|googlemail|yahoo|ymail|hotmail|outlook|live|icloud|aol|gmx|proton|protonmail|zoho)\.",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset(
    "a all also am and are as available based be been bought buy can check find found get go here is"
    " it join look looking me meet more news now on online or out over please read run see seen shop"
    " sign sold someone store team that the them there they this time up us visit was we were what"
    " where work worked working works you".split()
)


def joined(view: View, hints: Hints) -> View:
    """`view` with what is written out put together; `hints` are those of its text."""
    text = view.text
    if hints & Hints.LOOK or not text.isascii():
        view = view.patched(look_digits(text))
        text = view.text
    patches: list[Patch] = []
    if hints & Hints.ADDRESS:
        patches += _addresses(text)
    if hints & Hints.SPELLED:
        patches += _spelled(text)
    if hints & Hints.APART:
        patches += _apart(text)
    if hints & Hints.GROUPS:
        patches += _grouped(text)
    return view.patched(patches)


def _apart(text: str) -> Iterator[Patch]:
    """Single characters with blanks, one and the same sign, or (digits) anything between them."""
    for run in _BLANKS_APART.finditer(text):
        start, end = run.span()
        gaps = [(m.start() + start, m.end() + start) for m in re.finditer(r"\s+", run.group())]
        yield from _close(text, start, end, gaps)
    for run in _SIGNS_APART.finditer(text):
        size = len(run["gap"])
        start, end = run.span()
        gaps = [(at, at + size) for at in range(start + 1, end - 1, size + 1)]
        if run["gap"] != ", " or text[start - 1 : start] not in _LISTED:
            yield from _close(text, start, end, gaps)
    for run in _DIGITS_APART.finditer(text):
        start, end = run.span()
        if text[start - 1 : start] in _LISTED and "," in run.group():
            continue
        gaps = [(m.start() + start, m.end() + start) for m in re.finditer(r"\D+", run.group())]
        yield from _close(text, start, end, gaps)


def _close(text: str, start: int, end: int, gaps: Sequence[_Gap]) -> Iterator[Patch]:
    """Close the gaps between single characters; wider ones part the groups of a value."""
    narrow = min(b - a for a, b in gaps)
    wide = [gap for gap in gaps if gap[1] - gap[0] > narrow]
    letters = [text[a - 1] for a, _ in gaps] + [text[end - 1]]
    value = "".join(letters)
    dashes: set[int] = set()
    if value.isdigit() and value.isascii():
        sizes = _sizes(gaps, narrow)
        if not _telling(sizes, value):
            sizes = _usual(value) if _IN_PROSE.search(text[max(0, start - 40) : start]) else ()
            wide = []
        if sizes:
            dashes = set(_ends(sizes))
    for i, (a, b) in enumerate(gaps):
        between = "-" if i + 1 in dashes else " " if (a, b) in wide and not dashes else ""
        yield Patch(a, b, between, APART)


def _sizes(gaps: Sequence[_Gap], narrow: int) -> tuple[int, ...]:
    """How many characters the groups between wider gaps have."""
    sizes = [1]
    for a, b in gaps:
        if b - a > narrow:
            sizes.append(1)
        else:
            sizes[-1] += 1
    return tuple(sizes)


def _telling(sizes: tuple[int, ...], value: str) -> bool:
    """Whether groups of digits are those of a phone, a US social security number or a card."""
    if sizes == (3, 2, 4):
        return ssn(value)
    return sizes in ((3, 3, 4), (1, 3, 3, 4), (4, 4, 4, 4), (4, 6, 5))


def _usual(value: str) -> tuple[int, ...]:
    """The groups in which ten or eleven digits are a North American telephone number."""
    if len(value) == 10 and "2" <= value[0] and "2" <= value[3]:
        return (3, 3, 4)
    if len(value) == 11 and value[0] == "1" and "2" <= value[1] and "2" <= value[4]:
        return (1, 3, 3, 4)
    return ()


def _ends(sizes: Sequence[int]) -> Iterator[int]:
    at = 0
    for size in sizes:
        at += size
        yield at


def _grouped(text: str) -> Iterator[Patch]:
    """Groups of digits with something else between them than a blank, a dot or a hyphen."""
    for run in _CARD_GROUPS.finditer(text):
        gap = run["gap"]
        if gap not in (" ", "-") and card(run.group()):
            yield from _gaps(run.group(), run.start(), "-")
    for run in _PAIRS.finditer(text):
        if card(run.group()):
            yield from _gaps(run.group(), run.start(), "")
    for run in _SHORT_GROUPS.finditer(text):
        if len(run["b"]) == 3 or ssn(run["a"] + run["b"] + run["c"]):
            yield from _gaps(run.group(), run.start(), "-")


def _gaps(value: str, start: int, sign: str) -> Iterator[Patch]:
    for gap in re.finditer(r"\D+", value):
        yield Patch(start + gap.start(), start + gap.end(), sign, APART)


def _spelled(text: str) -> Iterator[Patch]:
    """Seven digits or more in words: `four one double one`, `plus one five five five`."""
    for run in _SAID.finditer(text):
        value, words = _digits_said(run.group())
        numbers = "".join(c for c in value if c.isdigit())
        if len(numbers) < 7 or words < 3 or _counting(numbers):
            continue
        if value.isdigit():
            value = _written_number(value)
        yield Patch(run.start(), run.end(), value, SPELLED)


def _digits_said(said: str) -> tuple[str, int]:
    """The number that is said, and how many number words it took."""
    parts: list[str] = []
    words = 0
    times = 1
    tens = False
    for part in _SAID_PART.findall(said):
        word = part.lower()
        digits = NUMBER_WORDS.get(word, "")
        if word in REPEATS:
            times = REPEATS[word]
            continue
        words += bool(digits)
        if word.isdigit():
            digits = word
        if tens and len(digits) == 1 and digits != "0":
            parts[-1] = parts[-1][:-1] + digits
            tens = False
            continue
        tens = len(digits) == 2 and digits[1] == "0" and digits > "10"
        if word == "hundred":
            parts.append("00")
        elif word != "and":
            parts.append(digits * times or SIGN_WORDS.get(word) or part.upper())
        times = 1
    return "".join(parts), words


def _counting(numbers: str) -> bool:
    """`one two three four ...`, and the like."""
    steps = {int(b) - int(a) for a, b in pairwise(numbers[:9])}
    return len(steps) == 1


def _written_number(value: str) -> str:
    """Digits as they would be written: a card as it is, others in their usual groups."""
    if len(value) == 9 and ssn(value):
        sizes: tuple[int, ...] = (3, 2, 4)
    elif len(value) > 12 and luhn(value):
        sizes = ()
    else:
        sizes = _usual(value)
    parts = []
    for size in sizes:
        parts.append(value[:size])
        value = value[size:]
    return "-".join(parts) or value


def _addresses(text: str) -> Iterator[Patch]:
    """`sarah at example dot com`, `sarah [at] example (dot) com`, `sarah @ example . com`."""
    for at in _AT_SIGN.finditer(text):
        site = _SITE.match(text, at.end())
        if site is None:
            continue
        bare = at.group().strip().isalpha()
        dots = [m for m in _DOTS.finditer(text, at.end(), site.end())]
        if bare and all(dot.group() == "." for dot in dots) and not _MAILBOX.match(site.group()):
            continue
        if any(dot.group()[-1].isspace() and dot.group()[0] == "." for dot in dots):
            continue
        name = _NAME.search(text[max(0, at.start() - 160) : at.start()])
        if name is None or bare and name.group().lower() in _NO_NAMES:
            continue
        first = at.start() - len(name.group())
        for dot in [*_DOTS.finditer(text, first, at.start()), *dots]:
            if dot.group() != ".":
                yield Patch(dot.start(), dot.end(), ".", SPELLED)
        if at.group() != "@":
            yield Patch(at.start(), at.end(), "@", SPELLED)
