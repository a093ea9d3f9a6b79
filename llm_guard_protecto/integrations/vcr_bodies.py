"""Bodies of a recorded exchange as texts that can be written back: JSON, events, lines, any text."""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Protocol

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.models import Masked
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit
from llm_guard_protecto.wire.sse import Event, Events

__all__ = ["Body", "Changed", "body_of"]

_IN_PIECES = frozenset(
    [
        "arguments",
        "content",
        "delta",
        "input",
        "output",
        "partial_json",
        "reasoning_content",
        "refusal",
        "text",
        "thinking",
        "transcript",
    ]
)
"""Keys under which a text comes in pieces, an event each."""

_WHICH = frozenset(
    ["content_index", "id", "index", "item_id", "output_index", "summary_index", "tool_call_id"]
)
"""Keys that tell the texts of one stream apart."""

_LONG_NUMBER = 7  # digits: a phone number, a card


@dataclass(frozen=True, slots=True)
class Changed:
    """A text as it was and as it is now; `places` are what was replaced, where and by what."""

    old: str = field(repr=False)
    new: str = field(repr=False)
    places: tuple[tuple[int, int, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, masked: Masked) -> Changed:
        """What masking made of a text."""
        places = [(t.start_pos, t.end_pos, t.wrapped) for t in masked.individual_tokens]
        return cls(masked.value, masked.token_value, tuple(sorted(places)))

    def cut(self, sizes: Sequence[int]) -> list[str]:
        """The new text in as many pieces as the old one had; what was put in is never cut."""
        ends = list(accumulate(sizes, initial=0))
        pieces = []
        for start, end in pairwise(ends):
            parts, at = [], start
            for first, last, wrapped in self.places:
                if last <= start or first >= end:
                    continue
                parts.append(self.old[at : max(at, first)])
                if first >= start:
                    parts.append(wrapped)
                at = min(last, end)
            pieces.append("".join([*parts, self.old[at:end]]))
        return pieces


class Body(Protocol):
    """Something with texts in it. `write` puts others in their place."""

    texts: Sequence[str]

    def write(self, said: Sequence[Changed]) -> None:
        """Write what became of each of `texts`."""


class _Text(Body):
    def __init__(self, text: str, holder: MutableMapping[str, Any], key: str) -> None:
        self.texts = [text]
        self._holder, self._key = holder, key

    def write(self, said: Sequence[Changed]) -> None:
        self._holder[self._key] = said[0].new


class _Json(Body):
    """A JSON text, or several, each on a line of its own; None for a line with nothing on it."""

    def __init__(
        self, lines: Sequence[JsonText | None], holder: MutableMapping[str, Any], key: str
    ) -> None:
        self._holder, self._key = holder, key
        self._docs = [(doc, _leaves(doc)) if doc else None for doc in lines]
        self.texts = [leaf.value for one in self._docs if one for leaf in one[1]]

    def write(self, said: Sequence[Changed]) -> None:
        new = iter(said)
        lines: list[str] = []
        for one in self._docs:
            if one is None:
                lines.append("")
                continue
            doc, leaves = one
            now = [(leaf, next(new)) for leaf in leaves]
            lines.append(edit(doc.text, [(leaf, c.new) for leaf, c in now if c.new != c.old]))
        self._holder[self._key] = "\n".join(lines)


class _Stream(Body):
    """An event stream; a text that comes in pieces is one text."""

    def __init__(self, text: str, holder: MutableMapping[str, Any], key: str) -> None:
        self._holder, self._key = holder, key
        reader = Events()
        self._events: list[Event] = [*reader.feed(text.encode()), *reader.flush()]
        self._docs: dict[int, JsonText] = {}
        self._pieces: dict[Hashable, list[tuple[int, Leaf]]] = {}
        for number, event in enumerate(self._events):
            doc = _json(event.data or "")
            if doc is None:
                continue
            self._docs[number] = doc
            which = tuple(
                (leaf.path, leaf.value)
                for leaf in doc.leaves
                if leaf.kind != "key" and leaf.path and leaf.path[-1] in _WHICH - {"id"}
            )
            for leaf in _leaves(doc):
                joined = leaf.path and leaf.path[-1] in _IN_PIECES
                name: Hashable = (leaf.path, which) if joined else (number, leaf.start)
                self._pieces.setdefault(name, []).append((number, leaf))
        self.texts = ["".join(leaf.value for _, leaf in some) for some in self._pieces.values()]

    def write(self, said: Sequence[Changed]) -> None:
        changes: dict[int, list[tuple[Leaf, str]]] = {}
        for one, some in zip(said, self._pieces.values(), strict=True):
            if one.new == one.old:
                continue
            if one.places:
                pieces = one.cut([len(leaf.value) for _, leaf in some])
            else:  # restored: as it was cut nobody knows any more
                pieces = [one.new, *[""] * (len(some) - 1)]
            for (number, leaf), piece in zip(some, pieces, strict=True):
                changes.setdefault(number, []).append((leaf, piece))
        raw = [
            event.with_data(edit(self._docs[number].text, changes[number]))
            if number in changes
            else event.raw
            for number, event in enumerate(self._events)
        ]
        self._holder[self._key] = b"".join(raw).decode()


def body_of(text: str, kind: str, holder: MutableMapping[str, Any], key: str) -> Body:
    """The body `text` of content type `kind`, which stands at `holder[key]`."""
    if kind == "text/event-stream":
        return _Stream(text, holder, key)
    whole = _json(text)
    if whole is not None:
        return _Json([whole], holder, key)
    lines = text.split("\n")
    docs = [_json(line) if line.strip() else None for line in lines]
    if len(lines) > 1 and all(
        doc or not line.strip() for doc, line in zip(docs, lines, strict=True)
    ):
        return _Json(docs, holder, key)
    return _Text(text, holder, key)


def _json(text: str) -> JsonText | None:
    try:
        return JsonText(text)
    except UnknownFormat:
        return None


def _leaves(doc: JsonText) -> list[Leaf]:
    """The strings of a JSON text that are values, and its long numbers."""
    return [
        leaf
        for leaf in doc.leaves
        if leaf.kind == "string"
        or leaf.kind == "number"
        and sum(map(str.isdigit, leaf.value)) >= _LONG_NUMBER
    ]
