"""Names of organisations by grammar: companies, shops, schools, hospitals, agencies, clubs.

A form such as `{f} & {f} {trade}` is filled from lists (`lists/companies.txt`, `phrases.txt`) and
from what is made here: a family name, a city, a coined word, an acronym. Ordinary words are the
larger part, because a name like "Copper Kettle" gives a tagger nothing to hold on to but its place
in the sentence. No name begins with "The": the article is never marked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from llm_guard_protecto.training import atlas
from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.phrases import phrases
from llm_guard_protecto.training.wordlists import wordlists

__all__ = ["KINDS", "company", "spelled_out"]

_FORMS = wordlists("companies")

# The kinds that name a list of forms, and how often `org` is one of them.
_SHARES = {
    "company": 10,
    "brand": 8,
    "schools": 1,
    "agencies": 2,
    "shop": 8,
    "startup": 5,
    "firm": 5,
    "team": 2,
    "club": 2,
    "media": 2,
    "hospital": 2,
    "dept": 2,
    "court": 0.5,
    "union": 0.8,
    "charity": 2,
    "church": 1,
    "band": 1,
    "academy": 2,
    "acronym": 2,
    "solo": 8,
    "partners": 6,
    "police": 1.5,
    "ministry": 1.5,
    "party": 1,
    "campus": 2.5,
    "clinic": 2,
    "footy": 2.5,
    "press": 2,
    "guild": 1.5,
}
_OLDER = {"school": "schools", "agency": "agencies"}
KINDS = (*_SHARES, *_OLDER, "org")


def company(kind: str, rng: Random, names: Names, city: Callable[[], str]) -> str:
    """A name of one of `KINDS`; `org` is any of them. Raises KeyError for another kind."""
    if kind == "org":
        kind = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
    kind = _OLDER.get(kind, kind)
    if kind == "brand":
        return rng.choice(names.organisations)
    if kind == "acronym":
        return _acronym(rng) if rng.random() < 0.5 else spelled_out(rng, city)[1]
    if kind == "company":
        return _company(rng, names, city)
    return _filled("{" + kind + "}", rng, names, city)


def spelled_out(rng: Random, city: Callable[[], str]) -> tuple[str, str]:
    """A long name and its initials: ("North West Rail Trust", "NWRT")."""
    words = [rng.choice(_FORMS["lead"]), rng.choice(_FORMS["middle"]), rng.choice(_FORMS["last"])]
    if rng.random() < 0.4:
        words.insert(1, rng.choice(_FORMS["middle"]))
    if rng.random() < 0.25:
        words[0] = city()
    joint = " for " if rng.random() < 0.08 else " "
    full = " ".join(words[:-1]) + " " + words[-1]
    if joint == " for ":
        full = f"{words[0]} {words[-1]} for {' '.join(words[1:-1])}"
    initials = [word[0] for word in full.split() if word[0].isupper()]
    return full, "".join(initials)


_PLACE = re.compile(r"\{(\w+)\}")


def _filled(form: str, rng: Random, names: Names, city: Callable[[], str]) -> str:
    def fill(match: re.Match[str]) -> str:
        key = match[1]
        if key == "c":
            return _town(rng, city)
        if key in _MADE:
            return _MADE[key](rng, names)
        options = _FORMS[key] if key in _FORMS else phrases(f"companies_{key}")
        return _filled(rng.choice(options), rng, names, city)

    return _PLACE.sub(fill, form).removeprefix("The ")


def _town(rng: Random, city: Callable[[], str]) -> str:
    chance = rng.random()
    if chance < 0.35:
        return rng.choice(_FORMS["towns"])
    return atlas.town(atlas.country(rng), rng) if chance < 0.6 else city()


def _family(rng: Random, names: Names) -> str:
    if rng.random() < 0.15:
        return names.invent_family.word(rng)
    origin = names.english if rng.random() < 0.6 else rng.choice(names.origins)
    family = rng.choice(origin.family)
    # A name in another script would stand beside English words.
    return family if max(family) < "\u0250" else rng.choice(names.english.family)


def _coined(rng: Random, _: Names) -> str:
    syllables = phrases("companies_syllables")
    word = "".join(rng.choice(syllables) for _ in range(rng.choice((2, 2, 3)))).capitalize()
    chance = rng.random()
    if chance < 0.25:
        # Other sounds than those of the list: consonant, vowel, and so on.
        sounds = (rng.choice("bcdfghjklmnprstvwxz") + rng.choice("aeiou") for _ in range(3))
        word = "".join(sounds).capitalize() + rng.choice(("", "", "n", "x", "ra", "ne", "lo"))
    elif chance < 0.35:
        word = word[:-3] + word[-3:].capitalize()
    return word


def _acronym(rng: Random) -> str:
    size = rng.choice((3, 3, 3, 4, 4, 5))
    return "".join(rng.choice("ABCDEFGHILMNOPRSTUVW") for _ in range(size))


def _camel(rng: Random, _: Names) -> str:
    heads = ("Data", "Cloud", "Pay", "Green", "Smart", "Snap", "Bit", "Meta", "Health", "Ship")
    head = rng.choice((*heads, rng.choice(_FORMS["adj"]), rng.choice(_FORMS["noun"])))
    return head + rng.choice(_FORMS["noun"])


_MADE: dict[str, Callable[[Random, Names], str]] = {
    "f": _family,
    "g": lambda rng, names: rng.choice(names.english.given),
    "county": lambda rng, names: rng.choice(names.counties),
    "coined": _coined,
    "acro": lambda rng, _: _acronym(rng),
    "Camel": _camel,
    "lower": lambda rng, names: rng.choice((_coined, _camel))(rng, names).lower(),
    "num": lambda rng, _: str(rng.choice((rng.randint(2, 9), rng.randint(10, 99), 24, 360, 365))),
}


# Forms of trading companies; `area` is a line of business, `end` a legal form.
_TRADING = (
    *("{f} {ends}",) * 2,
    "{f}, {f} and {f}",
    "{f}-{f}",
    "{f} & {f}",
    "{f} & {f} {ends}",
    "{f} {fields}",
    "{f} {fields} {ends}",
    "{words} {fields}",
    "{words} {fields} {ends}",
    "{words} {ends}",
    "{words}",
    "{coined}",
    "{coined} {ends}",
    "{coined} {fields}",
    "{coined} {fields} {ends}",
    "{c} {fields}",
    "{c} {fields} {ends}",
    "{g}'s {fields}",
    "{words} Group",
    "{words} Foundation",
    "{acro} {fields}",
    "{acro} {ends}",
    "{shop} {ends}",
    "{adj} {noun} {ends}",
    "{Camel} {ends}",
    "{startup} {ends}",
    "{firm} {ends}",
    "{side} {fields} {ends}",
    "Bank of {c}",
    "First {fields} of {c}",
)


def _company(rng: Random, names: Names, city: Callable[[], str]) -> str:
    return _filled(rng.choice(_TRADING), rng, names, city)
