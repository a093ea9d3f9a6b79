"""Requests that together show every location of an endpoint, each as small as it can be.

Two sources: the SDK's own types, which know what is valid, and our tables, which also know fields
that only other servers of the same API take. A location counts for what the table says of it, so a
row that someone adds to a table needs no line here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llm_guard_protecto.wire.slots import DATA, Place
from tests.matrix.locations import stands
from tests.wire.sdk_walk import every

__all__ = ["CANARY", "Shown", "merged", "shown"]

Json = Any
CANARY = "Zoë Canary, c7@leak.example"


@dataclass(frozen=True, slots=True)
class Shown:
    """A body and the locations at which it holds a canary that no body before it showed."""

    body: dict[str, Json]
    locations: frozenset[str]


def shown(root: Place, types: Sequence[Any], small: dict[str, Json]) -> list[Shown]:
    """Bodies for every location that `types` or the table at `root` allow.

    `small` is a valid body without a canary, which the table's rows are put into.
    """
    found: list[Shown] = []
    met: set[str] = set()
    for body in _candidates(root, types, small):
        here = {stand.location for stand in stands(root, body) if "anary" in stand.text}
        if here - met:
            found.append(Shown(body, frozenset(here - met)))
            met |= here
    return found


def _candidates(
    root: Place, types: Sequence[Any], small: dict[str, Json]
) -> Iterator[dict[str, Json]]:
    for kind in types:
        yield from every(kind, CANARY)
    for value in _rows(root, set()):
        if isinstance(value, dict):
            yield {**small, **value}


def _rows(place: Place, met: set[int]) -> Iterator[Json]:
    """Values that each show one row of a table; a table inside it is shown in full once."""
    yield CANARY
    if place.skip or place is DATA:
        yield {"note": CANARY}
        return
    if id(place) in met:
        yield {"description": CANARY, "type": next(iter(place.cases), None) or "object"}
        return
    if place.cases or place.fields:
        met.add(id(place))
    if place.number_refusal:
        yield [1, 2]
    # Where items are expected, one alone is no valid body.
    cases = {} if place.each is not None and place.each.cases else place.cases
    for tag, case in (*cases.items(), ("a_new_one", place.otherwise if cases else None)):
        if case is not None and tag is not None:
            yield {place.by: tag, "text": CANARY}
            for value in _rows(case, met):
                if isinstance(value, dict):
                    yield {**value, place.by: tag}
    for name, inner in place.fields.items():
        for value in _rows(inner, met):
            yield {name: value}
    if place.each is not None:
        for value in _rows(place.each, met):
            yield [value]
    if place.other is not None:
        for value in _rows(place.other, met):
            yield {"other_one": value}


def merged(bodies: Sequence[dict[str, Json]], most: int = 60) -> list[dict[str, Json]]:
    """The same in fewer bodies: lists are joined, up to `most` items, and objects put together."""
    made: list[dict[str, Json]] = []
    for body in bodies:
        for at, into in enumerate(made):
            if _fits(into, body, most):
                made[at] = _joined(into, body)
                break
        else:
            made.append(body)
    return made


def _fits(into: Json, value: Json, most: int) -> bool:
    if into == value:
        return True
    if isinstance(into, list) and isinstance(value, list):
        return len(into) < most
    if isinstance(into, dict) and isinstance(value, dict):
        return all(_fits(into[key], value[key], most) for key in into.keys() & value.keys())
    return False


def _joined(into: Json, value: Json) -> Json:
    if into == value:
        return into
    if isinstance(into, list):
        return [*into, *value]
    return into | {k: _joined(into[k], v) if k in into else v for k, v in value.items()}
