"""A body inside a body: a format at work on one value of a larger JSON text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llm_guard_protecto.wire.json_text import JsonText, Leaf, Path
from llm_guard_protecto.wire.offsets import Offset, Positioned
from llm_guard_protecto.wire.slots import Format, Slot

__all__ = ["Inside"]


class Inside:
    """The value of the key at `path`, as a JSON text of its own; what is found is placed outside.

    `doc` is None when there is no such key. Raises UnknownFormat for a doubled key.
    """

    def __init__(self, outer: JsonText, path: Path, *, vectors: bool = True) -> None:
        """Cut the value out of `outer`; `vectors` as for `JsonText`."""
        span = outer.span(path)
        self._path, self._at = path, span[0] if span else 0
        self.doc = JsonText(outer.text[slice(*span)], vectors=vectors) if span else None

    def request_slots(self, format_: Format) -> list[Slot]:
        """Return what `format_` masks in it."""
        return self._placed(format_.request_slots(self.doc)) if self.doc else []

    def reply_slots(self, format_: Format) -> list[Slot]:
        """Return what `format_` restores in it, all of it whole."""
        if self.doc is None:
            return []
        streamed = [Slot(delta.leaf, delta.treat) for delta in format_.deltas(self.doc)]
        return self._placed([*format_.reply_slots(self.doc), *streamed])

    def offsets(self, format_: Format) -> list[Offset]:
        """Return the positions that `format_` moves in it."""
        if self.doc is None or not isinstance(format_, Positioned):
            return []
        return [
            replace(
                offset,
                leaf=self._leaf(offset.leaf),
                within=self._leaf(offset.within)
                if isinstance(offset.within, Leaf)
                else offset.within,
            )
            for offset in format_.offsets(self.doc)
        ]

    def _placed(self, slots: Sequence[Slot]) -> list[Slot]:
        return [Slot(self._leaf(slot.leaf), slot.treat) for slot in slots]

    def _leaf(self, leaf: Leaf) -> Leaf:
        return leaf._replace(
            path=(*self._path, *leaf.path), start=leaf.start + self._at, end=leaf.end + self._at
        )
