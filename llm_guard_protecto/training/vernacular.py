"""Fills the slots of the templates in German, French, Spanish, Italian, Portuguese and Dutch.

People: full first last titled dear lastfirst initials firsts user. Places: city country region
spot exonym place, and with their preposition incountry inregion inspot inplace. addr addrml street
streetcity zipcity, and those of `postal`. Organisations: org orga orgd (nominative, accusative,
dative, with their article if they have one), bare, solo (a firm called by a word or a surname). Nouns with a word before them: det acc dat ind inda indd my mya myd your
youra this no; noun alone and pl. Headings of forms: `_LABELS`. Words from the lists: imp inf ich
adv thing adj job day month greet bye. Numbers and the like: `LOCAL` and `_FILLERS`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from random import Random

from llm_guard_protecto.training import fillers
from llm_guard_protecto.training.companies import company
from llm_guard_protecto.training.grammar import Piece
from llm_guard_protecto.training.local_fillers import LOCAL, local, plain
from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.postal import POSTAL
from llm_guard_protecto.training.sandhi import article
from llm_guard_protecto.training.tongues import Tongue

__all__ = ["Speaker"]

_PEOPLE = {"full", "first", "last", "titled", "dear", "lastfirst", "initials", "firsts", "user"}
_WORDS = {"imp", "inf", "ich", "adv", "thing", "adj", "job", "day", "month", "greet", "bye", "task"}
_PLACED = {"country": "countries", "region": "regions", "spot": "spots"}
_GENDERS = ("noun_m", "noun_f", "noun_n")
_LETTERS = "ABCDEFGHJKLMNPRSTVWZ"

Person = tuple[str, str, bool]


class Speaker:
    """Random fillings for one text in one language."""

    def __init__(self, tongue: Tongue, rng: Random, names: Names) -> None:
        """Draws from `tongue`, people from abroad from `names`; remembers numbered slots."""
        self._tongue, self._rng, self._names = tongue, rng, names
        self._people: dict[str, Person] = {}
        self._kept: dict[str, Sequence[Piece]] = {}

    def __call__(self, slot: str) -> Sequence[Piece]:
        """The pieces for a slot. Raises KeyError for a slot that does not exist."""
        kind = slot.rstrip("0123456789")
        number = slot[len(kind) :]
        if kind in _PEOPLE:
            if not number or number not in self._people:
                self._people[number] = self._person()
            return self._named(kind, *self._people[number])
        if number and slot in self._kept:
            return self._kept[slot]
        pieces = self._other(kind)
        if number:
            self._kept[slot] = pieces
        return pieces

    def _list(self, name: str) -> str:
        return self._rng.choice(self._tongue.lists[name])

    def _person(self) -> Person:
        rng, tongue = self._rng, self._tongue
        female = rng.random() < 0.5
        given = rng.choice(tongue.female if female else tongue.male)
        family = rng.choice(tongue.family)
        chance = rng.random()
        if chance < 0.1:
            origin = rng.choice(self._names.origins)
            if _is_latin(origin.given[0] + origin.family[0]):
                given, family = rng.choice(origin.given), rng.choice(origin.family)
        elif chance < 0.15:
            given = self._names.invent_given.word(rng)
        elif chance < 0.22:
            given += rng.choice(("-", " ")) + rng.choice(tongue.female if female else tongue.male)
        chance = rng.random()
        if chance < 0.08:
            family = self._names.invent_family.word(rng)
        elif chance < 0.16 and family[0].isupper() and " " not in family:
            particle = self._list("particles")
            if not particle.endswith("'"):
                family = f"{particle} {family}"
            elif family[0] in "AEIOUÉ":
                family = particle + family
        elif chance < (0.55 if tongue.code in {"es", "pt"} else 0.24):
            joint = " " if tongue.code in {"es", "pt"} else "-"
            family += joint + rng.choice(tongue.family)
        return given, family, female

    def _named(self, kind: str, given: str, family: str, female: bool) -> Sequence[Piece]:
        rng = self._rng
        if kind in {"last", "titled", "dear"} and self._tongue.code == "nl" and rng.random() < 0.8:
            family = family[0].upper() + family[1:]  # "Jan de Wit", but "mevrouw De Wit"
        if kind == "full":
            form = f"{given} {family}"
            if rng.random() < 0.04:
                form = f"{given} {rng.choice(_LETTERS)}. {family}"
            return [(form, "PERSON")]
        if kind == "first":
            return [(given, "PERSON")]
        if kind == "firsts":
            return [(given + ("'" if given[-1] in "sxzß" else "s"), "PERSON")]
        if kind == "last":
            return [(family, "PERSON")]
        if kind == "lastfirst":
            return [(rng.choice((f"{family}, {given}", f"{family} {given}")), "PERSON")]
        if kind == "initials":
            forms = (f"{given[0]}. {family}", f"{given} {family[0]}.", f"{family}, {given[0]}.")
            return [(rng.choice(forms).rstrip(".") if rng.random() < 0.2 else forms[0], "PERSON")]
        if kind == "user":
            handle = plain(f"{given}{rng.choice(('', '.', '_'))}{family}")
            return [(handle + rng.choice(("", "", "7", "88")), None)]
        list_name = ("title" if kind == "titled" else "dear") + ("_f" if female else "_m")
        title = self._list(list_name)
        whole = "+" in title  # Don and Doña go before given names
        name = given if whole else family if rng.random() < 0.7 else f"{given} {family}"
        return [(title.replace("+", "") + " ", None), (name, "PERSON")]

    def _other(self, kind: str) -> Sequence[Piece]:
        rng = self._rng
        if kind in _WORDS:
            return [(self._list(kind), None)]
        if kind in {"noun", "pl"}:
            return [(self._noun(0)[0] if kind == "noun" else self._list("plural"), None)]
        if kind in {"city", "exonym"}:
            return [(self._city() if kind == "city" else self._list("exonyms"), "LOCATION")]
        if kind in _PLACED:
            return [(self._list(_PLACED[kind]).partition("~")[2], "LOCATION")]
        if kind == "place":
            return self._other(rng.choice(("city", "city", "country", "region", "exonym")))
        if kind.removeprefix("in") in _PLACED:
            before, _, name = self._list(_PLACED[kind[2:]]).partition("~")
            return [(before, None), (name, "LOCATION")]
        if kind == "inplace":
            form = rng.choice(("city", "city", "exonym", "incountry", "inregion", "inspot"))
            if form in {"city", "exonym"}:
                return [(self._list("in_city") + " ", None), *self._other(form)]
            return self._other(form)
        if kind in {"addr", "addrml", "street", "streetcity", "zipcity"}:
            return self._address(kind)
        if kind in {"org", "orga", "orgd", "bare"}:
            return self._organisation(kind)
        if kind == "solo":
            name = company(rng.choice(("solo", "partners")), rng, self._names, self._city)
            return [(self._list("fancy") if rng.random() < 0.35 else name, "ORG")]
        if kind in POSTAL:
            return POSTAL[kind](rng)
        if kind in _LABELS:
            return [(self._tongue.lists["labels"][_LABELS.index(kind)], None)]
        if kind in LOCAL:
            return [(local(kind, rng, self._tongue), None)]
        if kind in _FILLERS:
            return [(fillers.filler(kind, rng, self._names), None)]
        noun, gender = self._noun(rng.random())
        return [(f"{article(self._tongue.code, kind, gender)} {noun}", None)]

    def _noun(self, chance: float) -> tuple[str, int]:
        lists = self._tongue.lists
        if "heads_m" in lists and chance > 0.7:
            gender = self._rng.choice((0, 1, 2))
            return self._list("fore") + self._list("heads_" + "mfn"[gender]), gender
        weights = [len(lists.get(name, ())) for name in _GENDERS]
        gender = self._rng.choices((0, 1, 2), weights)[0]
        return self._list(_GENDERS[gender]), gender

    def _city(self) -> str:
        if self._rng.random() < 0.06:
            return self._names.invent_place.word(self._rng)
        return self._rng.choices(self._tongue.cities, cum_weights=self._tongue.weights)[0]

    def _fill(self, form: str) -> str:
        """A form of the lists with its `{}` places filled."""
        rng, tongue = self._rng, self._tongue
        size = rng.choice((1, 1, 2, 2, 3))
        return form.format_map(
            _Lazy(
                n=lambda: str(rng.randint(1, 10**size)) + (rng.choice("abB") if size == 2 else ""),
                d=lambda: str(rng.randint(1, 12)),
                l=lambda: rng.choice("ABCD"),
                s=lambda: self._list("stems"),
                k=lambda: self._list("kinds"),
                f=lambda: rng.choice(tongue.family),
                g=lambda: rng.choice(tongue.male + tongue.female),
                c=self._city,
                r=lambda: self._list("codes"),
                w=lambda: self._list("fancy"),
                b=lambda: self._list("trades"),
                t=lambda: self._list("topics"),
                e=lambda: self._list("legal"),
                x=self._coined,
                i=lambda: "".join(rng.choices(_LETTERS, k=rng.choice((2, 3, 3, 4)))),
                z=lambda: "".join(
                    rng.choice("0123456789")
                    if c == "9"
                    else rng.choice(_LETTERS)
                    if c == "@"
                    else c
                    for c in self._list("zips")
                ),
            )
        )

    def _coined(self) -> str:
        rng = self._rng
        word = "".join(self._list("syllables") for _ in range(rng.choice((2, 2, 3)))).capitalize()
        return word.upper() if rng.random() < 0.08 else word

    def _address(self, kind: str) -> list[Piece]:
        rng = self._rng
        street = [self._fill(self._list("streets"))]
        if kind == "street":
            return _parts(street)
        if kind == "streetcity":
            return _parts([*street, self._city()])
        town = self._fill(self._list("towns")).split(", ")
        if kind == "zipcity":
            return _parts(town)
        if rng.random() < 0.25:
            street.append(self._fill(self._list("units")))
        if rng.random() < 0.12:
            town.append(self._list("countries").partition("~")[2])
        if kind == "addr":
            joint = rng.choice((", ", ", ", ", ", ", ", " - ", " "))
            if joint == " ":
                return [(" ".join((*street, *town)), "ADDRESS")]
            return _parts([*street, *town], joint)
        return [*_parts(street), (rng.choice(("\n", "\n", ",\n")), None), *_parts(town)]

    def _organisation(self, kind: str) -> list[Piece]:
        chance = self._rng.random()
        source = "companies"
        if chance > 0.5:
            source = "institutions" if chance < 0.78 else "known" if chance < 0.93 else "acronyms"
        before, _, name = self._fill(self._list(source)).rpartition("~")
        # "die ~Deutsche Bahn/Deutschen Bahn": the second after a preposition.
        upright, _, bent = name.partition("/" if self._tongue.code == "de" else "\0")
        if kind == "bare":
            return [(upright, "ORG")]
        oblique = kind == "orgd" and before
        if self._tongue.code == "de" and before:
            before = _GERMAN[kind][before.strip()] + " "
        return [(before, None), ((bent or upright) if oblique else upright, "ORG")]


_GERMAN = {
    "org": {"der": "der", "die": "die", "das": "das"},
    "orga": {"der": "den", "die": "die", "das": "das"},
    "orgd": {"der": "dem", "die": "der", "das": "dem"},
}
# In the order of the lists' section `labels`.
_LABELS = (
    "lname",
    "lgiven",
    "lfamily",
    "laddr",
    "lcity",
    "lborn",
    "lphone",
    "lmail",
    "lfirm",
    "lland",
    "lsubj",
    "ldate",
    "lfrom",
    "lto",
    "lclient",
    "lpatient",
    "ljob",
    "lid",
    "ltotal",
    "lnotes",
    "lhere",
    "linvoice",
    "lcontact",
    "lprot",
    "lcv",
)
_FILLERS = {"url", "num", "id", "age", "ip", "year", "iban", "hash"}


class _Lazy(dict[str, object]):
    """Calls what it holds, so that only what a form asks for is drawn."""

    def __getitem__(self, name: str) -> str:
        draw = super().__getitem__(name)
        return str(draw() if callable(draw) else draw)


def _parts(parts: Sequence[str], joint: str = ", ") -> list[Piece]:
    pieces: list[Piece] = []
    for part in parts:
        pieces += [(joint, None)] if pieces else []
        pieces.append((part, "ADDRESS"))
    return pieces


def _is_latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(char, "") for char in text if char.isalpha())
