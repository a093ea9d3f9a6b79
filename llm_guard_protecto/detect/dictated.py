"""Numbers and addresses as they are said: `four one double one`, `sarah at example dot com`.

Each function gives the patches of a text that write them plainly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from llm_guard_protecto.detect.apart import usual
from llm_guard_protecto.detect.checks import luhn, ssn
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.numerals import (
    AT_WORDS,
    DOT_WORDS,
    MAILBOXES,
    NUMBER_WORDS,
    REPEATS,
    SIGN_WORDS,
    SITES,
)
from llm_guard_protecto.detect.view import Patch

__all__ = ["SPELLED", "addresses", "machines", "spelled"]

SPELLED: Final = "spelled"

_NUMBER: Final = "|".join(sorted((*NUMBER_WORDS, *REPEATS), key=len, reverse=True))
_SIGN: Final = "|".join(SIGN_WORDS)
_SAID: Final = expression(
    rf"\b(?:(?-i:[A-Z][ -]?[A-Z])[ ,-]{{1,2}}|plus\W{{1,3}}|[0-9]{{1,4}}\W{{1,3}})?+(?:{_NUMBER})\b"
    rf"(?:[^\w]{{1,4}}(?:and[ ])?(?:{_NUMBER}|{_SIGN}|hundred|[0-9])\b){{3,}}+",
    re.IGNORECASE,
)
_SAID_PART: Final = expression(r"[^\W\d_]+|[0-9]")

_AT: Final = "|".join(AT_WORDS)
_DOT: Final = "|".join(DOT_WORDS)
_OPEN, _CLOSE = r"[\[({<*_~-]{1,2}", r"[\])}>*_~-]{1,2}"
_AT_SIGN: Final = expression(
    rf"\s{{0,2}}{_OPEN}\s?(?:{_AT}|@)\s?{_CLOSE}\s{{0,2}}|(?<=\w)\s{{1,3}}(?:{_AT})\s{{1,3}}(?=\w)"
    r"|(?<=\w)\s{0,3}@\s{0,3}(?=\w)",
    re.IGNORECASE,
)
_AT_ANCHOR: Final = expression(  # what a sign is looked for around: cheap to find
    rf"@|(?<=[\s\[({{<*_~-])(?=(?:{_AT})[\s\])}}>*_~-])", re.IGNORECASE
)
_BEFORE_ANCHOR: Final = expression(r"[\s\[({<*_~-]{0,5}")  # of a sign, from the right
_DOT_SIGN: Final = (
    rf"(?:\s{{0,2}}{_OPEN}\s?(?:{_DOT}|\.)\s?{_CLOSE}\s{{0,2}}|\s{{1,3}}(?:{_DOT})\s{{1,3}}"
    r"|\.|\s{1,2}\.\s{1,2})"
)
_SITE: Final = expression(
    rf"[^\W_][\w-]{{0,62}}(?:{_DOT_SIGN}[^\W_][\w-]{{0,62}}){{0,4}}{_DOT_SIGN}"
    rf"(?:{'|'.join(SITES)})"
    rf"\b(?:{_DOT_SIGN}(?:uk|au|nz|za|br|jp|in)\b)?(?!['’])",
    re.IGNORECASE,
)
_DOT_BACKWARDS: Final = (
    rf"(?:\s{{0,2}}{_CLOSE}\s?(?:{_DOT[::-1]}|\.)\s?{_OPEN}\s{{0,2}}"
    rf"|\s{{1,3}}(?:{_DOT[::-1]})\s{{1,3}}|\.|\s{{1,2}}\.\s{{1,2}})"
)
_MACHINE: Final = expression(
    rf"(?<![\w.])[0-9]{{1,3}}(?:{_DOT_SIGN}[0-9]{{1,3}}){{3}}(?![\w.])", re.IGNORECASE
)
_NAME_BACKWARDS: Final = expression(
    rf"[\w+'-]{{1,64}}(?:{_DOT_BACKWARDS}[\w+'-]{{1,64}}){{0,3}}", re.IGNORECASE
)
_DOTS: Final = expression(_DOT_SIGN, re.IGNORECASE)
_MAILBOX: Final = expression(rf"(?:{'|'.join(MAILBOXES)})\.", re.IGNORECASE)
_POINTS: Final = frozenset({"point", "period"})  # "at this point it is", "at any point in time"
_NO_NAMES: Final = frozenset(
    [
        "a",
        "all",
        "also",
        "am",
        "and",
        "are",
        "as",
        "available",
        "based",
        "be",
        "been",
        "bought",
        "buy",
        "can",
        "check",
        "find",
        "found",
        "get",
        "go",
        "here",
        "is",
        "it",
        "join",
        "look",
        "looking",
        "me",
        "meet",
        "more",
        "news",
        "now",
        "on",
        "online",
        "or",
        "out",
        "over",
        "please",
        "read",
        "run",
        "see",
        "seen",
        "shop",
        "sign",
        "sold",
        "someone",
        "store",
        "team",
        "that",
        "the",
        "them",
        "there",
        "they",
        "this",
        "time",
        "up",
        "us",
        "visit",
        "was",
        "we",
        "were",
        "what",
        "where",
        "work",
        "worked",
        "working",
        "works",
        "you",
    ]
)


def spelled(text: str) -> Iterator[Patch]:
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
        sizes = usual(value)
    parts = []
    for size in sizes:
        parts.append(value[:size])
        value = value[size:]
    return "-".join(parts) or value


def machines(text: str) -> Iterator[Patch]:
    """`192[.]0[.]2[.]7`, `192 dot 0 dot 2 dot 7`."""
    for machine in _MACHINE.finditer(text):
        for dot in _DOTS.finditer(text, *machine.span()):
            yield Patch(dot.start(), dot.end(), ".", SPELLED)


def addresses(text: str) -> Iterator[Patch]:
    """`sarah at example dot com`, `sarah [at] example (dot) com`."""
    backwards = text[::-1]
    for at in _at_signs(text, backwards):
        begin, after = at.span()
        site = _SITE.match(text, after)
        if site is None:
            continue
        sign = at.group()
        bare = sign.strip().lower() == "at"
        dots = [(dot.group(), *dot.span()) for dot in _DOTS.finditer(text, after, site.end())]
        if bare and any(dot.strip().lower() in _POINTS for dot, _, _ in dots):
            continue
        if bare and all(dot == "." for dot, _, _ in dots) and not _MAILBOX.match(site.group()):
            continue
        last = len(text) - begin
        name = _NAME_BACKWARDS.match(backwards, last, last + 160)
        if name is None or bare and name.group()[::-1].lower() in _NO_NAMES:
            continue
        first = begin - (name.end() - last)
        dots += [(dot.group(), *dot.span()) for dot in _DOTS.finditer(text, first, begin)]
        for dot, start, end in dots:
            if dot != ".":
                yield Patch(start, end, ".", SPELLED)
        if sign != "@":
            yield Patch(begin, after, "@", SPELLED)


def _at_signs(text: str, backwards: str) -> Iterator[re.Match[str]]:
    """The matches of `_AT_SIGN`, as `finditer` gives them, found from the `@` or word in each."""
    done = 0
    size = len(text)
    for anchor in _AT_ANCHOR.finditer(text):
        place = anchor.start()
        lead = _BEFORE_ANCHOR.match(backwards, size - place)
        first = place - (lead.end() - lead.start()) if lead else place
        for start in range(max(first, done), place + 1):
            at = _AT_SIGN.match(text, start)
            if at is not None:
                done = at.end()
                yield at
                break
