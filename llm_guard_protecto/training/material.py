"""Fills the slots of templates: people, places, addresses, organisations, and unmarked stuff.

One `Material` serves one text, so that `{full1}` and `{first1}` are the same person throughout.
Slots: full per first last titled lastfirst initials user (people); city place country state cityst;
addr addrml street unit zip; org company brand school agency; date time phone email url num money
age id code card mac ip product word (nothing marked); and those of `english` and `twins`.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from llm_guard_protecto.training import addresses, fillers
from llm_guard_protecto.training.companies import company
from llm_guard_protecto.training.english import SLOTS
from llm_guard_protecto.training.grammar import Piece
from llm_guard_protecto.training.names import Names, Origin
from llm_guard_protecto.training.phrases import phrases
from llm_guard_protecto.training.postal import POSTAL
from llm_guard_protecto.training.twins import TWINS

__all__ = ["Material"]

_TITLES = phrases("material_titles")
_SUFFIXES = ("Jr", "Sr", "II", "III", "Jr", "Jr", "IV")


class Material:
    """Random fillings for one text."""

    def __init__(self, rng: Random, names: Names) -> None:
        """Draws from `names` with `rng`; remembers the numbered slots of this text."""
        self._rng = rng
        self._names = names
        self._people: dict[str, tuple[str, str]] = {}
        self._kept: dict[str, Sequence[Piece]] = {}
        # One text's people mostly share an origin.
        self._origin = self._draw_origin()

    def __call__(self, slot: str) -> Sequence[Piece]:
        """The pieces for a slot. Raises KeyError for a slot that does not exist."""
        kind = slot.rstrip("0123456789")
        number = slot[len(kind) :]
        if kind in _PEOPLE:
            if number not in self._people or not number:
                self._people[number] = self._person()
            return self._call_person(kind, *self._people[number])
        if number and slot in self._kept:
            return self._kept[slot]
        pieces = self._other(kind)
        if number:
            self._kept[slot] = pieces
        return pieces

    def _draw_origin(self) -> Origin:
        if self._rng.random() < 0.45:
            return self._names.english
        return self._rng.choice(self._names.origins)

    def _person(self) -> tuple[str, str]:
        rng = self._rng
        origin = self._origin if rng.random() < 0.6 else self._draw_origin()
        given, family = rng.choice(origin.given), rng.choice(origin.family)
        if rng.random() < 0.12:
            given = self._names.invent_given.word(rng)
        if rng.random() < 0.2:
            family = self._names.invent_family.word(rng)
        if rng.random() < 0.04:
            given += "-" + rng.choice(origin.given)
        if rng.random() < 0.05:
            family += rng.choice(("-", "-", " ")) + rng.choice(origin.family)
        elif rng.random() < 0.04:
            particles = ("van", "von", "de", "de la", "del", "bin", "di", "da", "al", "ter", "St.")
            family = rng.choice(particles) + " " + family
        return given, family

    def _call_person(self, kind: str, given: str, family: str) -> Sequence[Piece]:
        rng = self._rng
        if kind == "per":
            kind = rng.choice(("full", "full", "full", "first", "titled", "initials"))
        if kind == "first":
            return [(given, "PERSON")]
        if kind == "last":
            return [(family, "PERSON")]
        if kind == "titled":
            name = family if rng.random() < 0.7 else f"{given} {family}"
            return [(rng.choice(_TITLES) + " ", None), (name, "PERSON")]
        if kind == "lastfirst":
            name = f"{family}, {given}" + (f" {_letter(rng)}" if rng.random() < 0.2 else "")
            return [(name, "PERSON")]
        if kind == "initials":
            forms = (
                f"{given[0]}. {family}",
                f"{given[0]}.{_letter(rng)}. {family}",
                f"{given} {family[0]}",
                f"{given[0]} {family}",
            )
            return [(rng.choice(forms), "PERSON")]
        if kind == "user":
            joint = rng.choice(("", ".", "_", "-", ""))
            plain = f"{given}{joint}{family}".lower().replace(" ", "").replace("'", "")
            return [(plain + rng.choice(("", "", "1", "82", "_x")), None)]
        chance = rng.random()
        if chance < 0.08:
            return [(f"{given} {_letter(rng)}. {family}", "PERSON")]
        if chance < 0.1:
            return [(f"{given} {_letter(rng)} {family}", "PERSON")]
        if chance < 0.16:
            return [(f"{given} {rng.choice(self._origin.given)} {family}", "PERSON")]
        if chance < 0.18:
            joint = rng.choice((" ", ", "))
            return [(f"{given} {family}{joint}{rng.choice(_SUFFIXES)}", "PERSON")]
        return [(f"{given} {family}", "PERSON")]

    def _other(self, kind: str) -> Sequence[Piece]:
        rng, names = self._rng, self._names
        if kind in _WIDER and rng.random() < 0.4:
            kind = _WIDER[kind]
        if kind in POSTAL:
            return POSTAL[kind](rng)
        if kind in SLOTS and kind not in _OWN:
            return SLOTS[kind](rng, names)
        if kind in TWINS:
            return TWINS[kind](rng, names)
        if kind == "city":
            return [(self._city(), "LOCATION")]
        if kind == "country":
            return [(rng.choice(names.countries), "LOCATION")]
        if kind == "state":
            return [(rng.choice(names.states)[rng.random() < 0.25], "LOCATION")]
        if kind == "cityst":
            name, code = rng.choice(names.states)
            city = self._city()
            far = rng.choice((code, code, name, rng.choice(names.countries)))
            return [(city, "LOCATION"), (", ", None), (far, "LOCATION")]
        if kind == "place":
            return self._other(
                rng.choice(
                    ("city", "city", "city", "country", "country", "state", "cityst", "spot")
                )
            )
        if kind == "spot":
            return [(addresses.spot(rng, names), "LOCATION")]
        if kind in {"addr", "addrml", "street", "streetcity", "unit", "zip"}:
            return addresses.address(kind, rng, names, self._city)
        if kind in {"org", "company", "brand", "school", "agency"}:
            return [(company(kind, rng, names, self._city), "ORG")]
        return [(fillers.filler(kind, rng, names), None)]

    def _city(self) -> str:
        rng, names = self._rng, self._names
        chance = rng.random()
        if chance < 0.08:
            return names.invent_place.word(rng)
        if chance < 0.3:
            return rng.choice(names.cities)
        return names.city(rng)


# Slots that are, by turns, one for places of all countries.
_WIDER = {
    "addr": "world",
    "addrml": "worldml",
    "natl": "world",
    "natlml": "worldml",
    "lcaddr": "worldlc",
    "town": "abroad",
    "lcplace": "lcabroad",
    "country": "nation",
}
_OWN = {"org", "company", "brand", "school", "agency"}
_PEOPLE = {"full", "per", "first", "last", "titled", "lastfirst", "initials", "user"}


def _letter(rng: Random) -> str:
    return rng.choice("ABCDEFGHJKLMNPRSTVW")
