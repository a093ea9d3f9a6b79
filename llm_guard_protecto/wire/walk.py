"""A body and its table, walked together: which leaves may hold a user's words."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Leaf, Path
from llm_guard_protecto.wire.slots import DATA, SKIP, Place, Slot, Treat
from llm_guard_protecto.wire.switches import NEVER, opens, switches

__all__ = ["Table", "where"]


class Table:
    """What stands where in the bodies of one API: the tree that starts at `root`."""

    __slots__ = ("_met", "_remembers", "_root")

    def __init__(self, root: Place) -> None:
        """Walk bodies with `root`."""
        self._root = root
        # What stands at the known paths met so far, so that the second event of a stream costs a
        # look-up a leaf. Only where it depends on nothing but the path, and never a path that goes
        # through an unknown key: there are few of the others, and they hold no text.
        self._met: dict[Path, Place] = {}
        self._remembers = not _has_cases(root, set())

    @property
    def root(self) -> Place:
        """What stands at the root, to build it into the table of a larger body."""
        return self._root

    def slots(self, doc: JsonText, *, numbers: bool = True) -> list[tuple[Slot, bool]]:
        """Return every slot of `doc` in the order of the text, and whether it is streamed.

        `numbers=False` leaves out all numbers (a token never comes back as one). Raises
        UnknownFormat for a refused place; the message holds its path and no text.
        """
        on = switches()
        walk = (self, numbers, on)
        found, leaves = self._known(doc, walk)
        # What is open now must not be remembered for a walk where it is not.
        met, remembers = self._met, self._remembers and not on
        tags = _Tags(doc)
        before: Path = ()
        places: list[Place] = [self._root]  # places[n] is what stands at before[:n]
        for leaf in leaves:
            path, _, _, kind, value = leaf
            place = met.get(path) if remembers else None
            if place is None:
                if path is not before:  # a key and its value share one path
                    level = _branch(path, before)
                    del places[level + 1 :]
                    for above in range(level, len(path)):
                        places.append(_inside(places, path, above, tags, on))
                    before = path
                place = places[-1]
                if kind == "key" and value not in places[-2].fields:
                    if not (place.skip or places[-2].names or _FIELD_NAME.fullmatch(value)):
                        found.append((Slot(leaf, Treat.TEXT), False))
                    continue
                if kind == "key" and remembers and len(met) < _MOST_MET:
                    met[path] = place
            if place.skip or kind == "key":
                continue
            if kind == "string":
                if not (place.keep and _WORD_OF_AN_API.fullmatch(value)):
                    found.append((Slot(leaf, place.treat), place.stream))
            elif kind == "number" and place.number_refusal:
                if place.number_key not in on:
                    raise _refused(path, place.number_refusal, place.number_key)
            elif numbers and place.numbers and kind == "number":
                found.append((Slot(leaf, Treat.TEXT), False))
        doc.walked[walk] = found
        return found

    def _known(
        self, doc: JsonText, walk: Hashable
    ) -> tuple[list[tuple[Slot, bool]], Sequence[Leaf]]:
        """The slots that an earlier, equal walk found in what `doc` took over, and the other leaves.

        What was taken over ends inside the root alone, so nothing after it can change those slots
        unless a key of the root itself decides.
        """
        before = doc.earlier.get(walk) if doc.taken and self._root.by is None else None
        if before is None:
            return [], doc.leaves
        known = [found for found in before if found[0].leaf.start < doc.agreed]
        return known, doc.leaves[doc.taken :]


def where(path: Path) -> str:
    """Write a path for a message: `messages[0].content[1]`. A key that may be text becomes `…`."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            parts.append(("." if parts else "") + (part if _FIELD_NAME.fullmatch(part) else "…"))
    return "".join(parts) or "the body"


# What ids, models, modes and function names are made of. No `@`, no white space, no quotes.
_WORD_OF_AN_API = re.compile(r"[A-Za-z0-9_.:/+=|~#-]*")
# What names of fields look like; short digits are the keys of `logit_bias`.
_FIELD_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,63}|[0-9]{1,6}")


_MOST_MET = 512


def _has_cases(place: Place, seen: set[int]) -> bool:
    if place.by is not None:
        return True
    if id(place) in seen:  # a schema contains itself
        return False
    seen.add(id(place))
    below = [*place.fields.values(), place.each, place.other]
    return any(_has_cases(inner, seen) for inner in below if inner is not None)


class _Tags:
    """Looks up what the deciding key of an object (its `type`, its `role`) says."""

    def __init__(self, doc: JsonText) -> None:
        self._doc = doc
        self._known: dict[str, dict[Path, str | None]] = {}

    def of(self, parent: Path, key: str) -> str | None:
        values = self._known.get(key)
        if values is None:
            values = self._known[key] = self._collect(key)
        return values.get(parent)

    def _collect(self, key: str) -> dict[Path, str | None]:
        values: dict[Path, str | None] = {}
        for leaf in self._doc.leaves:
            path = leaf.path
            if path and path[-1] == key and leaf.kind != "key":
                value = None if leaf.kind == "literal" and leaf.value == "null" else leaf.value
                if values.setdefault(path[:-1], value) != value:
                    raise UnknownFormat(
                        f"{where(path)} is given twice, with different values {NEVER}"
                    )
        return values


def _branch(path: Path, before: Path) -> int:
    """Return how many steps two paths share, but never the last step of `path`."""
    last = len(path) - 1
    if path[:last] == before[:last]:  # neighbours in one object or list, mostly
        return last
    same = 0
    for ours, theirs in zip(path, before, strict=False):
        if ours != theirs:
            break
        same += 1
    return same


def _inside(places: list[Place], path: Path, level: int, tags: _Tags, on: frozenset[str]) -> Place:
    """Return what stands at `path[: level + 1]`; `places[level]` is what stands before it.

    A place with cases is decided here, where it turns out to be an object, and once for all its
    keys; a case may itself have cases.
    """
    place = places[level]
    if place.skip:
        return place
    part = path[level]
    if isinstance(part, int):
        inner = place.each or place
    else:
        while place.by is not None:
            place = place.cases.get(tags.of(path[:level], place.by), place.otherwise or DATA)
            place = places[level] = _allowed(place, path[:level], on)
        listed = place.fields.get(part) or place.other
        if listed is None and on and place.fields:
            listed = _unlisted(place, path[: level + 1], on)
        inner = listed or DATA
    return _allowed(inner, path[: level + 1], on) if inner.refusal else inner


def _allowed(place: Place, path: Path, on: frozenset[str]) -> Place:
    if not place.refusal:
        return place
    if place.key not in on or place.opened is None:
        raise _refused(path, place.refusal, place.key)
    return place.opened


def _unlisted(place: Place, path: Path, on: frozenset[str]) -> Place:
    """What stands at a field that `place` does not list."""
    if "unknown_fields=refuse" in on and not place.names:
        raise UnknownFormat(
            f"{where(path)}: this field is not listed, so the request was not sent "
            + opens("unknown_fields", '"mask"')
        )
    return SKIP if "unknown_fields=keep" in on and not place.names else DATA


def _refused(path: Path, reason: str, key: str) -> UnknownFormat:
    return UnknownFormat(f"{where(path)}: {reason} {opens(key)}")
