"""Countries of the world: their towns, villages made of their syllables, and how they write addresses.

`lists/countries.txt` holds a block a country (its head says how to read it). A country without
forms of its own writes street, number, postcode and town in the orders most countries use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from llm_guard_protecto.training.phrases import LISTS

__all__ = ["Country", "address_parts", "countries", "country", "town"]


@dataclass(frozen=True, slots=True)
class Country:
    """One country: what it is called, what its people are called, and its lists by letter."""

    names: tuple[str, ...]
    adjective: str
    lists: Mapping[str, tuple[str, ...]]


_HEAD = re.compile(r"^## ([^;\n]+); (.+)$", re.MULTILINE)
_FORMS = ("{r} {n}, {z} {t}", "{r} {n}, {t}", "{r} {n}, {t} {z}", "{n} {r}, {t}")
_ROADS = ("{v} Street", "{v} Road", "{v} Avenue")
_PLACE = re.compile(r"\{(\w+)\}")
_ROMAN = ("I", "II", "III", "IV")


@cache
def countries() -> tuple[Country, ...]:
    """All countries, in the order of the file."""
    text = (LISTS / "countries.txt").read_text(encoding="utf-8")
    parts = _HEAD.split(text)[1:]
    return tuple(
        Country(tuple(names.split("|")), adjective, _lists(body))
        for names, adjective, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )


def _lists(body: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for line in body.strip().splitlines():
        key, _, entries = line.partition(": ")
        found[key] = tuple(entries.split("|"))
    return found


def country(rng: Random, *, postal: bool = False) -> Country:
    """Any country; with `postal`, one that we know the roads of."""
    return rng.choice(_postal() if postal else countries())


@cache
def _postal() -> tuple[Country, ...]:
    # Where people write addresses in many ways we need more of them.
    found = (one for one in countries() if "r" in one.lists)
    return tuple(one for one in found for _ in range(2 + len(one.lists.get("f", ())) // 3))


def town(one: Country, rng: Random) -> str:
    """A town of the country, or a village made of its syllables."""
    return _village(one, rng) if rng.random() < 0.35 else rng.choice(one.lists["t"])


def _village(one: Country, rng: Random) -> str:
    if "h" not in one.lists:
        return rng.choice(one.lists["t"])
    head, end = rng.choice(one.lists["h"]), rng.choice(one.lists["e"])
    spaced = head.endswith((" ", "-")) or end.startswith(" ") or end[0].isupper()
    joined = head + end if spaced or head[-1] != end[0] else head + end[1:]
    if joined[len(head) :][:1].isupper() and not head.endswith((" ", "-")):
        joined = f"{head} {end}"
    # "San bral" is no place, "San Bral" is.
    return re.sub(r"(?<= )[^\W\d_]", lambda m: m[0].upper(), joined)


def _number(rng: Random) -> str:
    low = rng.choice((rng.randint(1, 30), rng.randint(1, 200), rng.randint(100, 2_500)))
    chance = rng.random()
    if chance < 0.07:
        return f"{low}{rng.choice('-–/')}{low + 2 * rng.randint(1, 4)}"
    if chance < 0.15:
        return f"{low}{rng.choice((' ', ''))}{rng.choice('ABCDabcd')}"
    return str(low)


def _code(form: str, rng: Random) -> str:
    letters = "ABCEGHJKLMNPRSTVWXY"
    return "".join(
        rng.choice("0123456789") if c == "9" else rng.choice(letters) if c == "@" else c
        for c in form
    )


_SMALL: Mapping[str, Callable[[Random], str]] = {
    "u": lambda rng: str(rng.randint(1, 9) if rng.random() < 0.6 else rng.randint(10, 48)),
    "b": lambda rng: str(rng.choice((rng.randint(10, 999), rng.randint(1_000, 19_999)))),
    "n": _number,
    "l": lambda rng: rng.choice("ABCDEF"),
    "rom": lambda rng: rng.choice(_ROMAN),
    "bis": lambda rng: rng.choice(("bis", "ter")),
}


def _fill(form: str, one: Country, rng: Random) -> str:
    def filled(match: re.Match[str]) -> str:
        key = match[1]
        if key in _SMALL:
            return _SMALL[key](rng)
        if key == "v":
            return _village(one, rng)
        if key == "t":
            return town(one, rng)
        if key in {"up", "lr"}:
            text = town(one, rng) if key == "up" else _fill("{r}", one, rng)
            return text.upper() if key == "up" else text
        if key == "c":
            return rng.choice(one.names)
        if key == "z":
            return _code(rng.choice(one.lists.get("z", ("99999",))), rng)
        options = one.lists.get(key) or (_ROADS if key == "r" else one.lists["t"])
        return _fill(rng.choice(options), one, rng)

    return _PLACE.sub(filled, form)


def address_parts(rng: Random) -> tuple[list[str], int, Country]:
    """The parts of an address of some country, how many of them are its head, the country.

    The head is what stands before the town: street, number, unit.
    """
    one = country(rng, postal=True)
    form = rng.choice(one.lists.get("f", _FORMS))
    shape = form.split(", ")
    head = next((at for at, part in enumerate(shape) if re.search(r"\{(t|up|Q)\}", part)), 1)
    # A country that writes the town first has no head to cut off.
    parts = [part for piece in shape for part in [_fill(piece, one, rng)]]
    if head and "u" in one.lists and rng.random() < 0.18 and "{u}" not in form:
        unit = _fill(rng.choice(one.lists["u"]), one, rng)
        if rng.random() < 0.4:
            parts[0] += rng.choice((" ", ", ", " - ")).replace(", ", " ") + unit
        else:
            parts.insert(1, unit)
            head += 1
    if "g" in one.lists and rng.random() < 0.12 and "{g}" not in form and "{G}" not in form:
        parts.append(rng.choice(one.lists["g"]))
    if rng.random() < 0.22:
        parts.append(rng.choice(one.names))
    return parts, head, one
