"""Names of organisations by grammar: companies, shops, schools, hospitals, agencies, clubs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.phrases import phrases

__all__ = ["company"]

_ENDS = phrases("companies_ends")
_FIELDS = phrases("companies_fields")
_WORDS = phrases("companies_words")
_SYLLABLES = phrases("companies_syllables")
_SCHOOLS = phrases("companies_schools")
_AGENCIES = phrases("companies_agencies")
_TOPICS = phrases("companies_topics")


def company(kind: str, rng: Random, names: Names, city: Callable[[], str]) -> str:
    """A name for the slot `org` (anything), `company`, `brand`, `school` or `agency`."""
    if kind == "org":
        kind = rng.choices(("company", "brand", "school", "agency"), (10, 5, 2, 4))[0]
    if kind == "brand":
        return rng.choice(names.organisations)
    if kind in {"school", "agency"}:
        form = rng.choice(_SCHOOLS if kind == "school" else _AGENCIES)
        return form.format(
            c=city(),
            f=rng.choice(names.english.family),
            g=rng.choice(names.english.given),
            t=rng.choice(_TOPICS),
        )
    return _company(rng, names, city)


def _company(rng: Random, names: Names, city: Callable[[], str]) -> str:

    def family() -> str:
        origin = names.english if rng.random() < 0.5 else rng.choice(names.origins)
        return rng.choice(origin.family)

    end, area, word = rng.choice(_ENDS), rng.choice(_FIELDS), rng.choice(_WORDS)
    coined = "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()
    if rng.random() < 0.12:
        coined = coined[:-3] + coined[-3:].capitalize()
    forms = (
        f"{family()} {end}",
        f"{family()} {end}",
        f"{family()}, {family()} and {family()}",
        f"{family()}, {family()} & {family()}",
        f"{family()}-{family()}",
        f"{family()} & {family()}",
        f"{family()} & {family()} {end}",
        f"{family()} {area}",
        f"{family()} {area} {end}",
        f"{word} {area}",
        f"{word} {area}",
        f"{word} {area} {end}",
        f"{word} {end}",
        f"{word}",
        f"{coined}",
        f"{coined}",
        f"{coined} {end}",
        f"{coined} {area}",
        f"{coined}.{rng.choice(('io', 'ai', 'com'))}",
        f"{city()} {area}",
        f"{city()} {area} {end}",
        f"{area} {end}" if rng.random() < 0.1 else f"{word}{area.split()[0].lower()}",
        f"{rng.choice(names.english.given)}'s {area}",
        f"The {word} {rng.choice(('Company', 'Group', 'Store', 'Foundation', 'Clinic', 'Bakery'))}",
        f"{''.join(rng.choice('ABCDEFGHIKLMNOPRSTUVWX') for _ in range(3))} {area}",
        f"{names.invent_family.word(rng)} {end}",
        f"Bank of {city()}",
    )
    return rng.choice(forms)
