"""What calls masked, kept in the vault under the names that a provider gave to them.

A name (of a response, a conversation, a file) has parts, each a sealed list of texts, and a text is
kept once however many lists name it: fifty turns of a chat that all repeat their history cost one
copy of it. The name is only a keyed blind index in the store, the lists and texts are sealed like
every value and bound to their place, and what nobody has used for a while is forgotten.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.store import Kept, Store
from llm_guard_protecto.errors import Unreadable
from llm_guard_protecto.models import IndividualToken, Masked, rebuild

__all__ = ["KeptMaps", "held_text", "listed_places"]

REMEMBERED = 4096
"""Texts kept in memory, the least recently used forgotten first."""

_PLACE = 16


class KeptMaps:
    """What calls masked, by name. Thread-safe."""

    def __init__(self, store: Store, keyring: Keyring, today: Callable[[], int], days: int) -> None:
        """`today` gives the day in days since 1970-01-01; what is `days` old is forgotten, for 0
        nothing is.
        """
        self._store, self._keys, self._today, self._days = store, keyring, today, days
        self._lock = threading.Lock()
        # What is known to be in the store, used on the day of `_cleaned`.
        self._texts: OrderedDict[bytes, Masked] = OrderedDict()
        self._places: dict[int, bytes] = {}
        self._cleaned = -1

    def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        """Add these texts to what is kept under each name; durable when this returns."""
        if not names:
            return
        day = self._clean()
        new: dict[bytes, tuple[bytes, Masked]] = {}
        places: dict[bytes, None] = {}
        for text in masked:
            place = self._place_of(text)
            if place is None:
                clear = _written(text)
                place = self._place("text", clear)
                new[place] = clear, text
            places[place] = None
        held = {row.place: row for row in self._store.kept(self._keys.namespace, list(new))}
        rows = [
            replace(held[place], day=day) if place in held else self._row(place, b"", clear, day)
            for place, (clear, _) in new.items()
            if place not in held or held[place].day < day
        ]
        content = b"".join(places)
        part = self._place("part", content)
        rows += [
            self._row(self._place("name", name), part, content, day)
            for name in dict.fromkeys(names)
        ]
        self._store.keep(self._keys.namespace, rows, self._keys.generation)
        for place, (_, text) in new.items():
            if all(token.reversible for token in text.individual_tokens):
                self._remember(place, text)

    def recall(self, names: Sequence[str]) -> list[list[Masked] | None]:
        """What is kept under each name; None where nothing is.

        Raises `Unreadable` when something does not open, or is gone that a list names.
        """
        day = self._clean()
        # By every index key: a name cannot be indexed anew when the key is replaced.
        name_of = {
            index.of("kept name", name): name for name in names for index in self._keys.indexes
        }
        parts = self._store.kept(self._keys.namespace, list(name_of))
        listed: dict[str, dict[bytes, None]] = {}
        for row in parts:
            content = self._open(row)
            found = listed.setdefault(name_of[row.place], {})
            for at in range(0, len(content), _PLACE):
                found[content[at : at + _PLACE]] = None
        wanted = dict.fromkeys(text for found in listed.values() for text in found)
        with self._lock:
            texts = {place: self._texts[place] for place in wanted if place in self._texts}
        missing = [place for place in wanted if place not in texts]
        rows = self._store.kept(self._keys.namespace, missing) if missing else []
        texts |= {row.place: _read(self._open(row)) for row in rows}
        if len(texts) != len(wanted):
            raise Unreadable
        old = [replace(row, day=day) for row in (*parts, *rows) if row.day < day]
        old += [
            self._row(self._place("name", name), row.part, self._open(row), day)
            for row in parts
            if row.place != self._place("name", name := name_of[row.place])
        ]
        if old:
            self._store.keep(self._keys.namespace, old, self._keys.generation)
        for place, text in texts.items():
            self._remember(place, text)
        return [
            None if name not in listed else [texts[text] for text in listed[name]] for name in names
        ]

    def _place_of(self, text: Masked) -> bytes | None:
        """Where this very object is kept, if it is remembered."""
        with self._lock:
            place = self._places.get(id(text))
            return place if place is not None and self._texts.get(place) is text else None

    def _remember(self, place: bytes, text: Masked) -> None:
        """Remember a text that is in the store, used today."""
        with self._lock:
            before = self._texts.pop(place, text)
            self._texts[place] = before
            self._places[id(before)] = place
            if len(self._texts) > REMEMBERED:
                gone = self._texts.popitem(last=False)[1]
                self._places.pop(id(gone), None)

    def _row(self, place: bytes, part: bytes, clear: bytes, day: int) -> Kept:
        version, sealed = self._keys.seal_at(zlib.compress(clear), place, part)
        return Kept(place, part, version, sealed, day)

    def _open(self, row: Kept) -> bytes:
        return _opened(self._keys, row)

    def _place(self, what: str, content: str | bytes) -> bytes:
        return self._keys.index.of(f"kept {what}", content)

    def _clean(self) -> int:
        """Forget what is old, once a day; today."""
        day = self._today()
        if day != self._cleaned:
            with self._lock:
                self._cleaned = day
                self._texts.clear()
                self._places.clear()
            if self._days:
                self._store.forget(self._keys.namespace, day - self._days)
        return day


def held_text(keys: Keyring, row: Kept) -> tuple[str, list[str]]:
    """The clear text of a kept text, and its tokens. Raises `Unreadable`."""
    value, rows = json.loads(_opened(keys, row))
    return str(value), [str(token) for _, _, token, *_ in rows]


def listed_places(keys: Keyring, row: Kept) -> set[bytes]:
    """The places of the texts that a kept name lists. Raises `Unreadable`."""
    content = _opened(keys, row)
    return {content[at : at + _PLACE] for at in range(0, len(content), _PLACE)}


def _opened(keys: Keyring, row: Kept) -> bytes:
    return zlib.decompress(keys.open_at(row.key_version, row.sealed, row.place, row.part))


def _written(text: Masked) -> bytes:
    """A text as it is kept: its value and its tokens.

    What stands behind a token that nobody can turn back is not written down: it would be a way.
    """
    value: list[str] = []
    tokens: list[list[object]] = []
    at = size = 0
    for one in sorted(text.individual_tokens, key=lambda token: token.start_pos):
        value += (text.value[at : one.start_pos], one.value if one.reversible else "")
        start = size + one.start_pos - at
        at, size = one.end_pos, start + len(value[-1])
        way = [one.token, one.prefix, one.suffix, one.pii_type, int(one.reversible)]
        tokens.append([start, size, *way])
    value.append(text.value[at:])
    return json.dumps(["".join(value), tokens], separators=(",", ":")).encode()


def _read(written: bytes) -> Masked:
    value, rows = json.loads(written)
    tokens = tuple(
        IndividualToken(value[start:end], kind, token, prefix, suffix, start, end, bool(back))
        for start, end, token, prefix, suffix, kind, back in rows
    )
    return Masked(value, rebuild(value, tokens), tokens)
