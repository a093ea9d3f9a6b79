"""Another reading of a text, with a way back: every place of the reading is a place of the text.

    view = View(text).patched([Patch(5, 8, "@", "percent")])
    view.origin(0, len(view.text))     # -> (0, len(text))

A view is the text with pieces replaced; a patched view can be patched again, each time in the
offsets of its own text. A replaced piece is never cut: any part of it goes back to all of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Patch", "View"]


@dataclass(frozen=True, slots=True)
class Patch:
    """`text` in the place of `start:end`; empty text drops the piece. `kind` says what it was."""

    start: int
    end: int
    text: str = field(repr=False)
    kind: str


class _Layer:
    """One round of patches: where each stands in the old text and in the new one."""

    __slots__ = ("ends", "froms", "kinds", "starts", "tos")

    def __init__(self) -> None:
        self.froms: list[int] = []  # old
        self.tos: list[int] = []
        self.starts: list[int] = []  # new
        self.ends: list[int] = []
        self.kinds: list[str] = []

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The old place of a non-empty new one."""
        i = bisect_right(self.starts, start) - 1
        j = bisect_right(self.starts, end - 1) - 1
        if i >= 0:
            past = start - self.ends[i]
            start = self.froms[i] if past < 0 else self.tos[i] + past
        if j >= 0:
            past = end - self.ends[j]
            end = self.tos[j] if past <= 0 else self.tos[j] + past
        return start, end

    def forth(self, start: int, end: int) -> tuple[int, int]:
        """The new place of an old one; what touches a replaced piece takes all of it."""
        i = bisect_right(self.froms, start) - 1
        j = bisect_left(self.froms, end) - 1
        if i >= 0:
            past = start - self.tos[i]
            start = self.starts[i] if past < 0 else self.ends[i] + past
        if j >= 0:
            past = end - self.tos[j]
            end = self.ends[j] if past <= 0 else self.ends[j] + past
        return start, max(start, end)


class View:
    """A text with pieces replaced. Immutable."""

    __slots__ = ("_layers", "text")

    def __init__(self, text: str, layers: tuple[_Layer, ...] = ()) -> None:
        """The text itself: nothing is replaced yet."""
        self.text = text
        self._layers = layers

    def __repr__(self) -> str:
        """Say how much was replaced, never what."""
        return f"View({sum(len(layer.kinds) for layer in self._layers)} patches)"

    @property
    def changed(self) -> bool:
        """Whether anything is replaced."""
        return bool(self._layers)

    def patched(self, patches: Iterable[Patch]) -> View:
        """This view with pieces of its text replaced.

        Patches may come in any order; of two that overlap the one that starts first, then the
        longer one, stays. A view without patches is the view itself.
        """
        layer = _Layer()
        parts: list[str] = []
        text = self.text
        at = size = 0
        for patch in sorted(patches, key=_order):
            if patch.start < at or patch.start >= patch.end:
                continue
            parts += text[at : patch.start], patch.text
            size += patch.start - at
            layer.starts.append(size)
            size += len(patch.text)
            layer.ends.append(size)
            layer.froms.append(patch.start)
            layer.tos.append(patch.end)
            layer.kinds.append(patch.kind)
            at = patch.end
        if not layer.kinds:
            return self
        parts.append(text[at:])
        return View("".join(parts), (*self._layers, layer))

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where `start:end` of this text (not empty) stands in the first one."""
        for layer in reversed(self._layers):
            start, end = layer.back(start, end)
        return start, end

    def kinds(self, start: int, end: int) -> list[str]:
        """The kinds of the patches within `start:end`, of the earliest round first."""
        kinds: list[str] = []
        for layer in reversed(self._layers):
            start, end = layer.back(start, end)
            first = bisect_left(layer.froms, start)
            last = bisect_left(layer.froms, end)
            kinds[:0] = dict.fromkeys(layer.kinds[first:last])
        return kinds

    def places(self) -> list[tuple[int, int]]:
        """Where in this text the replaced pieces of every round stand (empty ones for drops)."""
        found: list[tuple[int, int]] = []
        for layer in self._layers:
            moved = [layer.forth(a, b) for a, b in found] if found else []
            found = [*moved, *zip(layer.starts, layer.ends, strict=True)]
        found.sort()
        return found


def _order(patch: Patch) -> tuple[int, int]:
    return patch.start, -patch.end
