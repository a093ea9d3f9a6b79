"""Slots for English texts: nicknames, names with particles, addresses, all sorts of organisations.

`SLOTS` maps a slot to what draws it. People: nick lcnick lcfull upfull uplast particle initialled
common commonfull ethnic. Addresses: natl (one line, any country), natlml (several), uk us ca au in ie za, line
(street only), pobox, flat, atown (a town that ends an address), lcaddr (lower case). Places: town,
village, road, corner and landmark (a road without a number is a place in passing, so LOCATION),
lcplace, upplace. Organisations: the kinds of `companies` (shop, startup, ...), theorg ("the" before
it unmarked), orgpair ("North Rail Trust (NRT)", two names), lcorg, uporg.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random

from llm_guard_protecto.training.companies import KINDS, company, spelled_out
from llm_guard_protecto.training.grammar import Piece
from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.wordlists import wordlists

__all__ = ["SLOTS", "Slot"]

Slot = Callable[[Random, Names], Sequence[Piece]]

_FORMS = wordlists("english")
_TOWNS = wordlists("companies")["towns"]
_COUNTRIES = ("uk", "uk", "uk", "us", "us", "us", "us", "ca", "au", "in", "ie", "za")
_PLACE = re.compile(r"\{(\w+)\}")
# 0 stands for a digit, A for a letter.
_CODES = {
    "zipuk": ("AA0 0AA", "AA00 0AA", "A0 0AA", "A00 0AA", "AA0A 0AA", "AA000AA"),
    "zipus": ("00000", "00000", "00000", "00000-0000"),
    "zipca": ("A0A 0A0", "A0A0A0"),
    "zipau": ("0000",),
    "zipin": ("000000", "000 000"),
    "zipie": ("A00 A000", "A00 AA00", "A00A000"),
}


def _town(rng: Random, names: Names) -> str:
    chance = rng.random()
    if chance < 0.5:
        return rng.choice(_TOWNS)
    if chance < 0.58:
        return _filled("{village}", rng, names)
    if chance < 0.64:
        return names.invent_place.word(rng)
    return names.city(rng)


def _family(rng: Random, names: Names) -> str:
    chance = rng.random()
    if chance < 0.15:
        return names.invent_family.word(rng)
    if chance < 0.25:
        return rng.choice(_FORMS["common"])
    origin = names.english if chance < 0.65 else rng.choice(names.origins)
    family = rng.choice(origin.family)
    return family if max(family) < "\u0250" else rng.choice(names.english.family)


def _given(rng: Random, names: Names) -> str:
    origin = names.english if rng.random() < 0.6 else rng.choice(names.origins)
    given = rng.choice(origin.given)
    return given if max(given) < "\u0250" else rng.choice(names.english.given)


def _code(key: str, rng: Random) -> str:
    return "".join(
        rng.choice("0123456789")
        if c == "0"
        else rng.choice("ABCDEFGHKLMNPRSTVWY")
        if c == "A"
        else c
        for c in rng.choice(_CODES[key])
    )


def _number(rng: Random) -> str:
    return str(rng.choice((rng.randint(1, 99), rng.randint(1, 999), rng.randint(100, 19_999))))


_MADE: dict[str, Callable[[Random, Names], str]] = {
    "f": _family,
    "g": _given,
    "town": _town,
    "n": lambda rng, _: _number(rng),
    "m": lambda rng, _: str(rng.randint(1, 24)),
    "big": lambda rng, _: str(rng.randint(10, 99_999)),
    "l": lambda rng, _: rng.choice("ABCDEF"),
    "i": lambda rng, _: rng.choice("ABCDEFGHIJKLMNOPRSTVW"),
    "state": lambda rng, names: rng.choice(names.states)[0],
}


def _filled(form: str, rng: Random, names: Names) -> str:
    def fill(match: re.Match[str]) -> str:
        key = match[1]
        if key in _MADE:
            return _MADE[key](rng, names)
        return _code(key, rng) if key in _CODES else _filled(rng.choice(_FORMS[key]), rng, names)

    return _PLACE.sub(fill, form)


def _said(form: str, entity: str, change: Callable[[str], str] = str) -> Slot:
    return lambda rng, names: [(change(_filled(form, rng, names)), entity)]


def _address(form: str | None, joint: str | None, rng: Random, names: Names) -> Sequence[Piece]:
    """An address in marked parts; `joint` stands for every comma (None: drawn)."""
    text = _filled("{" + (form or rng.choice(_COUNTRIES)) + "}", rng, names)
    if joint is None:
        joint = rng.choice((", ", ", ", ", ", ", ", ", ", ",", " "))
    parts = text.split(", ")
    if joint == " ":
        return [(" ".join(parts), "ADDRESS")]
    pieces: list[Piece] = []
    for part in parts:
        pieces += [(joint, None), (part, "ADDRESS")]
    return pieces[1:]


def _lines(rng: Random, names: Names) -> Sequence[Piece]:
    return _address(None, rng.choice(("\n", "\n", ",\n", "\n  ", "\r\n")), rng, names)


def _lower_address(rng: Random, names: Names) -> Sequence[Piece]:
    form = rng.choice((None, "line", "line", "pobox"))
    joint = rng.choice((" ", " ", ", "))
    return [(text.lower(), entity) for text, entity in _address(form, joint, rng, names)]


def _organisation(kind: str, rng: Random, names: Names) -> str:
    return company(kind, rng, names, lambda: _town(rng, names))


def _organised(
    kind: str, rng: Random, names: Names, change: Callable[[str], str] = str
) -> Sequence[Piece]:
    return [(change(_organisation(kind, rng, names)), "ORG")]


def _with_article(rng: Random, names: Names) -> Sequence[Piece]:
    kind = rng.choice(("shop", "shop", "team", "media", "hospital", "court", "club", "band"))
    name = _organisation(kind, rng, names)
    return [(rng.choice(("the ", "the ", "The ")), None), (name, "ORG")]


def _pair(rng: Random, names: Names) -> Sequence[Piece]:
    full, short = spelled_out(rng, lambda: _town(rng, names))
    opening, closing = rng.choice(((" (", ")"), (" (", ")"), (" (the ", ")"), (" – ", " –")))
    return [(full, "ORG"), (opening, None), (short, "ORG"), (closing, None)]


def _person(change: Callable[[str], str] = str) -> Slot:
    forms = ("{g} {f}",) * 6 + ("{particle}", "{initialled}", "{double} {f}", "{g} {f}-{f}")
    return lambda rng, names: [(change(_filled(rng.choice(forms), rng, names)), "PERSON")]


SLOTS: Mapping[str, Slot] = {
    "nick": _said("{nick}", "PERSON"),
    "lcnick": _said("{nick}", "PERSON", str.lower),
    "lcfull": _person(str.lower),
    "upfull": _person(str.upper),
    "uplast": _said("{f}", "PERSON", str.upper),
    "particle": _said("{particle}", "PERSON"),
    "initialled": _said("{initialled}", "PERSON"),
    "common": _said("{common}", "PERSON"),
    "commonfull": _said("{commonfull}", "PERSON"),
    "ethnic": _person(),
    "natl": partial(_address, None, None),
    "natlml": _lines,
    "lcaddr": _lower_address,
    "line": partial(_address, "line", None),
    "pobox": partial(_address, "pobox", ", "),
    "flat": partial(_address, "flat", ", "),
    **{country: partial(_address, country, None) for country in set(_COUNTRIES)},
    "atown": _said("{town}", "ADDRESS"),
    "town": _said("{town}", "LOCATION"),
    "lcplace": _said("{town}", "LOCATION", str.lower),
    "upplace": _said("{town}", "LOCATION", str.upper),
    "village": _said("{village}", "LOCATION"),
    "road": _said("{road}", "LOCATION"),
    "corner": _said("{corner}", "LOCATION"),
    "landmark": _said("{spotname}", "LOCATION"),
    **{kind: partial(_organised, kind) for kind in KINDS if kind not in {"schools", "agencies"}},
    "theorg": _with_article,
    "orgpair": _pair,
    "lcorg": lambda rng, names: _organised("org", rng, names, str.lower),
    "uporg": lambda rng, names: _organised("org", rng, names, str.upper),
}
