"""Slots for places of all countries: addresses in national forms, their tails, towns, pairs.

Addresses: world (one line), worldml (several lines), worldlc (lower case), worldup, worldhead (street
and unit only), tail (town, postcode and country cut off from their street), tailml, endtown (the town
of an address). Places: abroad
(a town of any country), hamlet, lcabroad, townpair ("Ennis, Clare, Ireland"), nation (a country by
one of its names), province, lcnation. Unmarked: demonym (the adjective of a country).
`contrastpair` is a country and the adjective of another, side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from llm_guard_protecto.training import atlas
from llm_guard_protecto.training.grammar import Piece

__all__ = ["POSTAL"]

_JOINTS = (", ",) * 11 + (",", " ", " ", " ", " - ", "; ")
_BREAKS = ("\n", "\n", "\n", "\n", ",\n", "\n  ", "\r\n", " / ", "\\n", "<br>")


def _joined(parts: Sequence[str], joint: str, rng: Random) -> list[Piece]:
    """Marked parts; where only a blank divides two parts they are one."""
    pieces: list[Piece] = []
    for part in parts:
        between = " " if joint == ", " and rng.random() < 0.06 else joint
        if not pieces:
            pieces.append((part, "ADDRESS"))
        elif between == " ":
            pieces[-1] = (f"{pieces[-1][0]} {part}", "ADDRESS")
        else:
            pieces += [(between, None), (part, "ADDRESS")]
    return pieces


def _split(parts: list[str]) -> list[str]:
    """Unit and street of one part stay together, commas within divide."""
    return [piece for part in parts for piece in part.split(", ")]


def _world(rng: Random) -> Sequence[Piece]:
    parts, _, _ = atlas.address_parts(rng)
    return _joined(_split(parts), rng.choice(_JOINTS), rng)


def _lines(rng: Random) -> Sequence[Piece]:
    parts, _, _ = atlas.address_parts(rng)
    return _joined(_split(parts), rng.choice(_BREAKS), rng)


def _head(rng: Random) -> Sequence[Piece]:
    parts, head, _ = atlas.address_parts(rng)
    return _joined(_split(parts[: max(head, 1)]), ", ", rng)


def _tail_parts(rng: Random) -> list[str]:
    while True:
        parts, head, _ = atlas.address_parts(rng)
        rest = _split(parts[head:])
        # Without a postcode a town is a place and no address.
        if head and rest and any(char.isdigit() for part in rest for char in part):
            return rest


def _tail(rng: Random) -> Sequence[Piece]:
    return _joined(_tail_parts(rng), ", ", rng)


def _tail_lines(rng: Random) -> Sequence[Piece]:
    return _joined(_tail_parts(rng), rng.choice(_BREAKS), rng)


def _cased(draw: Callable[[Random], Sequence[Piece]], change: Callable[[str], str]) -> _Draw:
    return lambda rng: [(change(text), entity) for text, entity in draw(rng)]


def _town(rng: Random) -> Sequence[Piece]:
    return [(atlas.town(atlas.country(rng), rng), "LOCATION")]


def _hamlet(rng: Random) -> Sequence[Piece]:
    one = atlas.country(rng, postal=True)
    return [(atlas.town(one, rng), "LOCATION")]


def _nation(rng: Random) -> Sequence[Piece]:
    name = rng.choice(atlas.country(rng).names)
    if name.startswith("the "):
        return [("the ", None), (name[4:], "LOCATION")]
    return [(name, "LOCATION")]


def _end(rng: Random) -> Sequence[Piece]:
    return [(atlas.town(atlas.country(rng, postal=True), rng), "ADDRESS")]


def _province(rng: Random) -> Sequence[Piece]:
    one = atlas.country(rng)
    while "g" not in one.lists:
        one = atlas.country(rng)
    return [(rng.choice(one.lists["g"]), "LOCATION")]


def _pair(rng: Random) -> Sequence[Piece]:
    """Town and country, or town, region and country: each a place."""
    one = atlas.country(rng)
    names = [atlas.town(one, rng), rng.choice(one.names).removeprefix("the ")]
    if "g" in one.lists and rng.random() < 0.5:
        names.insert(1, rng.choice(one.lists["g"]))
        if rng.random() < 0.5:
            names.pop()
    joint = rng.choice((", ", ", ", ", ", ",", " / "))
    pieces: list[Piece] = []
    for name in names:
        pieces += [(joint, None)] if pieces else []
        pieces.append((name, "LOCATION"))
    return pieces


def _demonym(rng: Random) -> Sequence[Piece]:
    return [(atlas.country(rng).adjective, None)]


def _contrast(rng: Random) -> Sequence[Piece]:
    pieces = list(_nation(rng))
    link = rng.choice(
        (", not the ", " and the ", " with the ", ", then the ", " or some ", " vs the ")
    )
    noun = rng.choice(("one", "dish", "visa", "team", "branch", "word", "song", "plug", "law"))
    other: list[Piece] = [(f"{atlas.country(rng).adjective} {noun}", None)]
    return [*pieces, (link, None), *other]


_Draw = Callable[[Random], Sequence[Piece]]

POSTAL: Mapping[str, _Draw] = {
    "world": _world,
    "worldml": _lines,
    "worldlc": _cased(_world, str.lower),
    "worldup": _cased(_world, str.upper),
    "worldhead": _head,
    "tail": _tail,
    "tailml": _tail_lines,
    "endtown": _end,
    "abroad": _town,
    "hamlet": _hamlet,
    "lcabroad": _cased(_town, str.lower),
    "townpair": _pair,
    "nation": _nation,
    "lcnation": _cased(_nation, str.lower),
    "province": _province,
    "demonym": _demonym,
    "contrastpair": _contrast,
}
