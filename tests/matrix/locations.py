"""Where a canary stands in a body, in the words of the table that reads it.

A location is the way from the root of a table to one of its places: `messages[tool].content`,
`tools[].function.description`. What the table decides by a `type` or a `role` is named by it. Free
data is one location with all that is in it, and so is a table inside a table that has been shown
before: `input[mcp_list_tools].tools[] = tools[]`. A key that holds a canary is `…{key}`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from llm_guard_protecto.wire.json_leaves import Path
from llm_guard_protecto.wire.json_schema import SCHEMA
from llm_guard_protecto.wire.slots import DATA, Place

__all__ = ["Stand", "first_names", "stands"]

Json = Any


@dataclass(frozen=True, slots=True)
class Stand:
    """A string of a body, key or value: its location, and what the table says of it."""

    location: str
    text: str
    place: Place
    path: Path
    is_key: bool = False


def stands(root: Place, body: Json) -> Iterator[Stand]:
    """Every string of `body`, key or value, in its order."""
    yield from _walk(root, body, "", first_names(root))


@cache
def _names(key: int, holder: _Holder) -> Mapping[int, str]:
    del key
    names: dict[int, str] = {}
    seen: set[int] = set()
    queue = deque([(holder.root, "")])
    while queue:
        place, name = queue.popleft()
        if id(place) in seen or place.skip or place is DATA:
            continue
        seen.add(id(place))
        if place.cases or place is SCHEMA:
            names[id(place)] = name
        many = place.each is not None and bool(place.each.cases)  # one alone is no valid body
        for tag, case in (*place.cases.items(), ("*", place.otherwise)):
            if case is not None and not many:
                queue.append((case, _tagged(name, tag or "none")))
        for key_, inner in place.fields.items():
            queue.append((inner, f"{name}.{key_}".removeprefix(".")))
        if place.each is not None:
            queue.append((place.each, f"{name}[]"))
        if place.other is not None:
            queue.append((place.other, f"{name}.*"))
    return names


@dataclass(frozen=True, eq=False)
class _Holder:
    root: Place


_HOLDERS: dict[int, _Holder] = {}


def first_names(root: Place) -> Mapping[int, str]:
    """The first name of each table inside the table at `root`, by its identity."""
    return _names(id(root), _HOLDERS.setdefault(id(root), _Holder(root)))


def _walk(
    place: Place, value: Json, name: str, names: Mapping[int, str], path: Path = ()
) -> Iterator[Stand]:
    first = names.get(id(place), name)
    if first != name and not isinstance(value, list):
        yield from _all(place, value, f"{name} = {first}", path)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            below = f"{name}[]" if place.each else name
            yield from _walk(place.each or place, inner, below, names, (*path, at))
    elif isinstance(value, str):
        yield Stand(name, value, place, path)
    elif isinstance(value, dict):
        place, name = _decided(place, value, name)
        if place.skip or place.refusal or not (place.fields or place.other):
            yield from _all(place, value, f"{name}{{data}}", path)
            return
        for key, inner in value.items():
            here = (*path, key)
            below_it = place.fields.get(key) or place.other or DATA
            if key in place.fields:
                yield from _walk(below_it, inner, f"{name}.{key}".removeprefix("."), names, here)
            else:
                stays = Place(skip=True) if place.names else DATA
                yield Stand(f"{name}{{key}}", key, stays, here, is_key=True)
                unknown = f"{name}.*" if place.other else f"{name}{{unknown field}}"
                yield from _walk(below_it, inner, unknown.removeprefix("."), names, here)


def _decided(place: Place, value: dict[str, Json], name: str) -> tuple[Place, str]:
    """What stands at an object whose own `type` or `role` decides, and its name."""
    while place.by is not None and not place.skip:
        tag = value.get(place.by)
        known = tag is None or isinstance(tag, str)
        name = _tagged(name, (tag or "none") if known and tag in place.cases else "*")
        place = (place.cases.get(tag) if known else None) or place.otherwise or DATA
    return place, name


def _all(place: Place, value: Json, name: str, path: Path) -> Iterator[Stand]:
    """All of a value as one location. What is decided inside is decided by the table itself."""
    if isinstance(value, str):
        yield Stand(name, value, place, path)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _all(place if place.skip else place.each or place, inner, name, (*path, at))
    elif isinstance(value, dict):
        place, _ = _decided(place, value, "")
        skipped = place.skip or bool(place.refusal)
        for key, inner in value.items():
            if key not in place.fields:
                stays = Place(skip=True) if skipped or place.names else DATA
                yield Stand(f"{name}{{key}}", key, stays, (*path, key), is_key=True)
            below = place if skipped else place.fields.get(key) or place.other or DATA
            yield from _all(below, inner, name, (*path, key))


def _tagged(name: str, tag: str) -> str:
    return f"{name[:-2]}[{tag}]" if name.endswith("[]") else f"{name}({tag})"
