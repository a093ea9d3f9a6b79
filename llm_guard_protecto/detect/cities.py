"""How far the name of a city goes, back from its end and on from its start."""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.town_words import JOINING, NO_CITY, NO_TOWN, WAY_WORDS

__all__ = ["MOST_WORDS", "WORDS_ON", "WORD_BACK", "city_from", "city_to"]

_Place = tuple[int, int] | None

MOST_WORDS: Final = 4
WORD_BACK: Final = expression(r"[^\W\d_][\w'’.-]{0,24}\Z")
WORDS_ON: Final = expression(r"[^\W\d_][\w'’-]*\.?(?:[ -][^\W\d_][\w'’.-]*){0,4}")


def city_to(text: str, end: int) -> _Place:
    """The city whose last word ends at `end`: as far back as capitals, or words of no sentence, go."""
    words: list[tuple[int, str]] = []
    at = end
    while len(words) < MOST_WORDS:
        found = WORD_BACK.search(text, max(0, at - 26), at)
        if found is None or (found.start() and text[found.start() - 1] in "/@_"):
            break
        words.append((found.start(), found[0]))
        at = found.start() - 1
        if at < 0 or text[at] != " ":
            break
    kept = 0
    cased = bool(words) and words[0][1][0].isupper()
    for number, (_, word) in enumerate(words):
        plain = word.lower().strip(".")
        if cased:
            if (
                not word[0].isupper()
                and plain not in JOINING
                or number
                and plain in WAY_WORDS - {"st"}
            ):
                break
            if number and plain == "st" and word != "St." and number == len(words) - 1:
                break
        elif plain in NO_CITY or number > MOST_WORDS - 2:
            break
        kept = number + 1
    while kept and cased and not words[kept - 1][1][0].isupper():
        kept -= 1
    while kept and words[kept - 1][1].lower() in ("in", "at", "from", "to", "near", "of", "the"):
        kept -= 1
    return (words[kept - 1][0], end) if kept else None


def city_from(text: str, start: int) -> int:
    """Where the city ends that starts at `start`."""
    found = WORDS_ON.match(text, start, start + 48)
    if found is None:
        return start
    end = start
    cased = text[start].isupper()
    for word in re.finditer(r"[^\s-]+", found[0]):
        plain = word[0].lower().strip(".,")
        if end > start and (
            cased
            and not word[0][0].isupper()
            and plain not in JOINING
            or not cased
            and (plain in NO_TOWN or plain in JOINING)
        ):
            break
        end = start + word.end()
    value = text[start:end].rstrip(".")
    while value.split() and value.split()[-1].lower() in JOINING:
        value = value[: value.rstrip().rfind(" ")] if " " in value else value
        if " " not in value:
            break
    return start + len(value.rstrip())
