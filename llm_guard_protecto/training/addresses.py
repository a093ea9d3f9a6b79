"""Postal addresses of many countries, on one line or several, in marked parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from llm_guard_protecto.training.grammar import Piece
from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.phrases import phrases

__all__ = ["address", "spot"]

_KINDS = phrases("addresses_kinds")
_ZIPS = phrases("addresses_zips")
_UNITS = phrases("addresses_units")
_SPOTS = phrases("addresses_spots")


def spot(rng: Random, names: Names) -> str:
    """A place that is neither a city nor a country: a river, a park, a street in passing."""
    core = rng.choice((rng.choice(names.streets), rng.choice(names.english.family)))
    form = rng.choice((*_SPOTS, "{county}"))
    return form.format(x=core, county=rng.choice(names.counties))


def address(kind: str, rng: Random, names: Names, city: Callable[[], str]) -> Sequence[Piece]:
    """The pieces of an address. `addr` on one line, `addrml` on several, `street` its first line,
    `streetcity` street and city, `unit` and `zip` those alone.
    """
    if kind == "street":
        return _parts([_street(rng, names)], ", ")
    if kind == "unit":
        return _parts([_unit(rng)], ", ")
    if kind == "zip":
        return _parts([_zip(rng)], ", ")
    if kind == "streetcity":
        return _parts([_street(rng, names), city()], ", ")
    lines = _lines(rng, names, city)
    if kind == "addr":
        joint = rng.choice((", ", ", ", ", ", ", ", " ", ",", "; "))
        return _parts([part for line in lines for part in line], joint)
    pieces: list[Piece] = []
    blank = rng.choice(("\n", "\n", "\n", ",\n", "\n    ", "\r\n", "\\n", "<br>"))
    for line in lines:
        if pieces:
            pieces.append((blank, None))
        pieces += _parts(line, ", ")
    return pieces


def _parts(parts: Sequence[str], joint: str) -> list[Piece]:
    """Marked parts with an unmarked joint; a joint that is only a blank makes one part."""
    if not joint.strip():
        return [(joint.join(parts), "ADDRESS")]
    pieces: list[Piece] = []
    for part in parts:
        if pieces:
            pieces.append((joint, None))
        pieces.append((part, "ADDRESS"))
    return pieces


def _number(rng: Random) -> str:
    number = rng.choice((rng.randint(1, 99), rng.randint(1, 999), rng.randint(100, 19999)))
    return f"{number}{rng.choice('ABC')}" if rng.random() < 0.06 else str(number)


def _road(rng: Random, names: Names) -> str:
    core = rng.choice(
        (
            rng.choice(names.streets),
            rng.choice(names.streets),
            rng.choice(names.english.family),
            rng.choice(names.english.given),
            names.invent_place.word(rng),
            rng.choice(names.streets)
            + rng.choice(("wood", "field", "ridge", "view", "dale", " Hill")),
            rng.choice(("1st", "2nd", "3rd", "4th", "5th", "7th", "9th", "12th", "21st", "42nd")),
            rng.choice(names.streets) + " " + rng.choice(names.streets),
        )
    )
    core = (
        rng.choice(("N ", "S. ", "East ", "West ", "NW ", "N. ", "SE ")) + core
        if rng.random() < 0.1
        else core
    )
    road = f"{core} {rng.choice(_KINDS)}"
    return road + rng.choice((" NW", " SE", " N", " West")) if rng.random() < 0.04 else road


def _street(rng: Random, names: Names) -> str:
    chance = rng.random()
    number, family = _number(rng), rng.choice(rng.choice(names.origins).family)
    if chance < 0.66:
        return f"{number} {_road(rng, names)}"
    if chance < 0.74:
        kinds = (
            "straße",
            "strasse",
            "str.",
            "weg",
            "platz",
            "gasse",
            "allee",
            "ring",
            "damm",
            "ufer",
        )
        core = rng.choice(
            (
                "Haupt",
                "Bahnhof",
                "Garten",
                "Schul",
                "Berg",
                "Linden",
                "Kirch",
                "Wald",
                "Goethe",
                "Schiller",
                "Mozart",
                family,
                family,
            )
        )
        joint = rng.choice(("", "", "", "-", " "))
        kind = rng.choice(kinds)
        return f"{core}{joint}{kind.capitalize() if joint else kind} {number}"
    if chance < 0.8:
        kind = rng.choice(
            (
                "rue de",
                "rue du",
                "Rue",
                "avenue de",
                "Avenue",
                "boulevard",
                "place",
                "rue de la",
                "chemin des",
                "impasse",
                "quai",
            )
        )
        core = rng.choice(
            ("Paix", "Gare", "Victor Hugo", "Lilas", "République", "Moulin", "Église", family)
        )
        return rng.choice(
            (f"{number} {kind} {core}", f"{number}, {kind} {core}", f"{number} bis {kind} {core}")
        )
    if chance < 0.86:
        kind = rng.choice(
            (
                "Calle",
                "Avenida",
                "Av.",
                "Paseo de",
                "Plaza",
                "C/",
                "Carrera",
                "Calle de",
                "Rua",
                "Rua da",
                "Avenida da",
                "Travessa",
                "Largo do",
            )
        )
        core = rng.choice(
            (
                "Mayor",
                "Reforma",
                "Insurgentes",
                "Juárez",
                "Real",
                "Flores",
                "Liberdade",
                "Augusta",
                "Sol",
                family,
            )
        )
        return rng.choice(
            (
                f"{kind} {core} {number}",
                f"{kind} {core}, {number}",
                f"{kind} {core} #{number}",
                f"{kind} {core} nº {number}",
            )
        )
    if chance < 0.91:
        kind = rng.choice(("Via", "Viale", "Corso", "Piazza", "Largo", "Via dei", "Via della"))
        core = rng.choice(
            ("Roma", "Garibaldi", "Mazzini", "Verdi", "Dante", "Cavour", "Fiori", family)
        )
        return rng.choice((f"{kind} {core} {number}", f"{kind} {core}, {number}"))
    if chance < 0.95:
        core = rng.choice(
            ("Kerk", "Dorps", "Molen", "School", "Stations", "Prinsen", "Heren", "Beatrix", family)
        )
        kind = rng.choice(
            (
                "straat",
                "laan",
                "weg",
                "gracht",
                "plein",
                "kade",
                "gatan",
                "vägen",
                "gade",
                "vej",
                "veien",
                "katu",
            )
        )
        return f"{core}{kind} {number}"
    forms = (
        f"ul. {family} {number}",
        f"ul. {family}a {number}/{rng.randint(1, 40)}",
        f"House {number}, {_road(rng, names)}",
        f"{number}/{rng.randint(1, 40)} {family} Nagar",
        f"Plot {number}, Sector {rng.randint(1, 60)}",
        f"{rng.randint(1, 9)}-{rng.randint(1, 30)}-{rng.randint(1, 30)} {family}-cho",
        f"{rng.randint(1, 9)}-{rng.randint(1, 30)}-{rng.randint(1, 30)} {names.invent_place.word(rng)}",
        f"{family}ring {number}",
        f"{family} Mah. {rng.randint(1, 30)}. Sok. No:{number}",
        f"No. {number}, Jalan {family}",
        f"{number} {family} Marg",
        f"{number} Jalan {family}",
    )
    return rng.choice(forms)


def _unit(rng: Random) -> str:
    return rng.choice(_UNITS).format(
        n=rng.choice(
            (
                str(rng.randint(1, 40)),
                str(rng.randint(100, 999)),
                f"{rng.randint(1, 20)}{rng.choice('ABCD')}",
            )
        ),
        m=rng.randint(4, 20),
        l=rng.choice("ABCDEF"),
        big=rng.randint(10, 9999),
    )


def _zip(rng: Random) -> str:
    # 0 stands for a digit, A for a letter.
    form = rng.choice(_ZIPS)
    return "".join(
        rng.choice("0123456789")
        if char == "0"
        else rng.choice("ABCEGHJKLMNPRSTVWXY")
        if char == "A"
        else char
        for char in form.replace("_", " ")
    )


def _lines(rng: Random, names: Names, city: Callable[[], str]) -> list[list[str]]:
    """The lines of an address; a line is one part or several that a comma divides."""
    first = [_street(rng, names)]
    chance = rng.random()
    if chance < 0.12:
        first[0] += " " + _unit(rng)
    elif chance < 0.3:
        first.append(_unit(rng))
    elif chance < 0.34:
        first.insert(0, _unit(rng))
    town = city()
    name, code = rng.choice(names.states)
    region = rng.choice((code, code, code, name))
    country = rng.choice(names.countries)
    form = rng.random()
    if form < 0.4:
        second = [town, f"{region} {_zip(rng)}"]
    elif form < 0.5:
        second = [town, region]
    elif form < 0.56:
        second = [town, region, _zip(rng)]
    elif form < 0.7:
        second = [f"{_zip(rng)} {town}"]
    elif form < 0.8:
        second = [f"{town} {_zip(rng)}"]
    elif form < 0.9:
        second = [town]
    else:
        second = [town, _zip(rng)]
    lines = [first, second]
    if rng.random() < 0.15:
        lines.insert(1, [rng.choice(names.cities)])
    if rng.random() < 0.25:
        lines.append([country])
    return lines
