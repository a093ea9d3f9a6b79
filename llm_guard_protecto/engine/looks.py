"""Tokens that look like what they stand for: a name, a city, a state, a date, part of an address.

Such looks are few, so the store arbitrates as for every run: what it keeps is the look's *key*, one
run of letters and digits that no text holds by chance, unique in the namespace. What is shown is
made from the key, and the key from what is shown. Names are invented, no date is later than 1899,
and a token is never the value itself; when the looks run out, an ordinary run stands in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Literal

from llm_guard_protecto.engine.tokenise import (
    BASE62_LETTERS,
    DIGITS,
    SAFE_DIGITS,
    SAFE_LETTERS,
    Shape,
    UnitKey,
    spell,
)

__all__ = ["PIECE", "Look", "is_itself", "key_of", "looking", "run_of", "shown"]

Look = Literal["person", "city", "state", "date", "address", "special"]
"""What a token looks like; `special` is a run of letters and digits of any length."""

Digest = Callable[[str, str, int], bytes]
"""The keyed digest of a kind, a unit and a counter: 32 bytes."""

PIECE = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{4}-\d\d-\d\d|\d{1,3}-[a-z]+)(?![0-9A-Za-z])|[0-9A-Za-z]+", re.ASCII
)
"""One token of any look as it is shown, or a run."""

_KEY = "look0"
_LOOK = re.compile(r"\d{4}-\d\d-\d\d|\d{1,3}-[a-z]{3,}|[A-Z][a-z]{2,}|[A-Z]{2}", re.ASCII)

_SYLLABLES = tuple(
    first + vowel
    for first in ("", *"bdhjlmnrsvz", "br", "dr", "kr", "tr", "vr", "st", "sh", "th", "k", "t")
    for vowel in ("a", "e", "o", "ei", "ia")
    if first or len(vowel) == 1
)
_LAST = ("", "l", "n", "r", "s", "nd", "rn", "ld", "m", "na", "ra", "la", "sse", "ne", "lio", "vin")
_TOWNS = ("bury", "by", "dale", "ford", "ham", "holm", "mere", "ton", "vale", "wick", "worth", "y")
_CODES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ"
    " NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI"
)
_STATES = tuple(_CODES.split())
_LAST_YEAR = 1899
"""No date token is later, so that none is taken for the birthday of somebody alive."""

_SHORTEST = 4
"""Letters of the shortest name."""

_SPARE = 10
"""Characters of the ordinary run that stands in when a look has no more."""


def looking(key: UnitKey, look: Look) -> UnitKey:
    """The same unit under a token that looks like `look`."""
    return UnitKey(f"look:{look}", key.unit, Shape(look, "", "", 0))


def run_of(key: UnitKey, counter: int, digest: Digest) -> str:
    """The run that the store is to keep for a unit at this counter."""
    if not key.kind.startswith("look:"):
        return spell(digest(key.kind, key.unit, counter), key.shape, counter)
    start = 0 if key.shape.kind == "state" else counter
    entropy = digest(key.kind, key.unit, start)
    made = _MAKERS[key.shape.kind](int.from_bytes(entropy, "big"), counter)
    if made:
        return made
    spare = Shape("spare", SAFE_LETTERS, SAFE_DIGITS, _SPARE)
    return spell(digest(key.kind, key.unit, counter), spare)


def shown(run: str) -> str:
    """A run as it stands in an answer. A run that is no key of a look is shown as it is."""
    if not run.startswith(_KEY):
        return run
    look = run.removeprefix(_KEY)
    if look.isdigit():
        return f"{look[:4]}-{look[4:6]}-{look[6:]}"
    number = look.rstrip("abcdefghijklmnopqrstuvwxyz")
    return f"{number}-{look.removeprefix(number)}" if number.isdigit() else look


def key_of(piece: str) -> str:
    """What the store would keep for a `PIECE`: the key of a look, or the run itself."""
    return _KEY + piece.replace("-", "") if _LOOK.fullmatch(piece) else piece


def is_itself(run: str, key: UnitKey) -> bool:
    """Whether a token would show the very value it is to hide."""
    return shown(run).casefold() == key.unit.casefold()


def _person(number: int, counter: int) -> str:
    """Two syllables and an end; every fourth collision makes the name longer."""
    return "" if counter >= 16 else _KEY + _name(number, 2 + counter // 4, _LAST)


def _city(number: int, counter: int) -> str:
    return "" if counter >= 16 else _KEY + _name(number, 2 + counter // 4, _TOWNS)


def _name(number: int, syllables: int, ends: tuple[str, ...]) -> str:
    parts: list[str] = []
    for _ in range(syllables):
        number, pick = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[pick])
    name, end = "".join(parts), ends[number % len(ends)]
    if len(name + end) < _SHORTEST:
        end = max(ends, key=len)
    return f"{name}{end}".capitalize()


def _state(number: int, counter: int) -> str:
    """Every state is tried, the one after the other."""
    if counter >= len(_STATES):
        return ""
    return _KEY + _STATES[(number + counter) % len(_STATES)]


def _date(number: int, counter: int) -> str:
    """A day of the years 1 to 10, of twice as many with each collision, of 1899 at the latest."""
    if counter >= 24:
        return ""
    last = date(min(10 << counter, _LAST_YEAR), 12, 31).toordinal()
    return _KEY + date.fromordinal(1 + number % last).isoformat().replace("-", "")


def _address(number: int, counter: int) -> str:
    if counter >= 16:
        return ""
    number, house = divmod(number, 99 if counter < 4 else 999)
    return f"{_KEY}{house + 1}{_name(number, 2 + counter // 8, ('', 'n', 'r', 'l')).lower()}"


def _special(number: int, counter: int) -> str:
    number, more = divmod(number, 11)
    shape = Shape("special", BASE62_LETTERS, DIGITS, 10 + more)
    run = spell(number.to_bytes(32, "big"), shape, counter)
    return run.capitalize() if run.startswith(_KEY) else run


_MAKERS: dict[str, Callable[[int, int], str]] = {
    "person": _person,
    "city": _city,
    "state": _state,
    "date": _date,
    "address": _address,
    "special": _special,
}
