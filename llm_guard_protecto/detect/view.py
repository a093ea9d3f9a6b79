"""Another reading of a text, with a way back: every place of the reading is a place of the text.

    view = View(text).patched([Patch(5, 8, "@", "percent")])
    view.origin(0, len(view.text))     # -> (0, len(text))

A view is the text with pieces replaced; a patched view can be patched again, each time in the
offsets of its own text. A replaced piece is never cut: any part of it goes back to all of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

__all__ = ["Patch", "View"]


class Patch(NamedTuple):
    """`text` in the place of `start:end`; empty text drops the piece. `kind` says what it was."""

    start: int
    end: int
    text: str
    kind: str

    def __repr__(self) -> str:
        """Say where, never what."""
        return f"Patch({self.start}:{self.end}, {self.kind})"


class _Layer(Protocol):
    """One round of changes, between an old text and a new one."""

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The old place of a new one (not empty)."""
        ...

    def forth(self, start: int, end: int) -> tuple[int, int]:
        """The new place of an old one; what touches a replaced piece takes all of it."""
        ...

    def kinds(self, start: int, end: int) -> Iterable[str]:
        """The kinds of the changes within an old place."""
        ...

    def places(self) -> Iterable[tuple[int, int]]:
        """The new places of all changes, in order."""
        ...


class _Patched:
    """Pieces replaced by others, of any length."""

    __slots__ = ("_ends", "_froms", "_kinds", "_starts", "_tos")

    def __init__(self, patches: Sequence[Patch], starts: list[int]) -> None:
        froms, tos, texts, kinds = zip(*patches, strict=True)
        self._froms, self._tos = froms, tos  # in the old text
        self._starts = starts  # in the new one
        self._ends = [start + size for start, size in zip(starts, map(len, texts), strict=True)]
        self._kinds = kinds

    def back(self, start: int, end: int) -> tuple[int, int]:
        i = bisect_right(self._starts, start) - 1
        j = bisect_right(self._starts, end - 1) - 1
        if i >= 0:
            past = start - self._ends[i]
            start = self._froms[i] if past < 0 else self._tos[i] + past
        if j >= 0:
            past = end - self._ends[j]
            end = self._tos[j] if past <= 0 else self._tos[j] + past
        return start, end

    def forth(self, start: int, end: int) -> tuple[int, int]:
        i = bisect_right(self._froms, start) - 1
        j = bisect_left(self._froms, end) - 1
        if i >= 0:
            past = start - self._tos[i]
            start = self._starts[i] if past < 0 else self._ends[i] + past
        if j >= 0:
            past = end - self._tos[j]
            end = self._ends[j] if past <= 0 else self._ends[j] + past
        return start, max(start, end)

    def kinds(self, start: int, end: int) -> Iterable[str]:
        first = bisect_left(self._froms, start)
        return dict.fromkeys(self._kinds[first : bisect_left(self._froms, end)])

    def places(self) -> Iterable[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)


class _Respelled:
    """Single characters replaced by single ones: every place stays."""

    __slots__ = ("_kind", "_new", "_old")

    def __init__(self, old: str, new: str, kind: str) -> None:
        self._old = old
        self._new = new
        self._kind = kind

    def back(self, start: int, end: int) -> tuple[int, int]:
        return start, end

    forth = back

    def kinds(self, start: int, end: int) -> Iterable[str]:
        return (self._kind,) if self._old[start:end] != self._new[start:end] else ()

    def places(self) -> Iterable[tuple[int, int]]:
        pairs = zip(self._old, self._new, strict=True)
        return [(i, i + 1) for i, (old, new) in enumerate(pairs) if old != new]


class View:
    """A text with pieces replaced: `source` as it was given, `text` as it reads. Immutable."""

    __slots__ = ("_layers", "source", "text")

    def __init__(self, text: str) -> None:
        """The text itself: nothing is replaced yet."""
        self.source = text
        self.text = text
        self._layers: tuple[_Layer, ...] = ()

    def __repr__(self) -> str:
        """Say how often it was changed, never what."""
        return f"View({len(self._layers)} rounds)"

    @property
    def changed(self) -> bool:
        """Whether anything is replaced."""
        return bool(self._layers)

    def patched(self, patches: Iterable[Patch]) -> View:
        """This view with pieces of its text replaced.

        Patches may come in any order; of two that overlap the one that starts first, then the
        longer one, stays. A view without patches is the view itself.
        """
        kept: list[Patch] = []
        at = 0
        for patch in sorted(patches):
            start, end, _, _ = patch
            if start < at:
                if start > kept[-1][0]:
                    continue
                kept.pop()  # the same start, and longer
            if start < end:
                kept.append(patch)
                at = end
        if not kept:
            return self
        text = self.text
        parts: list[str] = []
        starts: list[int] = []
        at = size = 0
        for start, end, plain, _ in kept:
            parts += text[at:start], plain
            size += start - at
            starts.append(size)
            size += len(plain)
            at = end
        parts.append(text[at:])
        return self._with("".join(parts), _Patched(kept, starts))

    def respelled(self, plain: Mapping[str, str], kind: str) -> View:
        """This view with every character of `plain` replaced by its single other one."""
        new = self.text.translate({ord(old): single for old, single in plain.items()})
        return self.rewritten(new, kind)

    def rewritten(self, text: str, kind: str) -> View:
        """This view with `text`, of the same length, for its own, character by character."""
        return self if text == self.text else self._with(text, _Respelled(self.text, text, kind))

    def _with(self, text: str, layer: _Layer) -> View:
        view = View(self.source)
        view.text = text
        view._layers = (*self._layers, layer)
        return view

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where `start:end` of this text (not empty) stands in the first one."""
        for layer in reversed(self._layers):
            start, end = layer.back(start, end)
        return start, end

    def kinds(self, start: int, end: int) -> list[str]:
        """The kinds of the changes within `start:end`, of the earliest round first."""
        kinds: list[str] = []
        for layer in reversed(self._layers):
            start, end = layer.back(start, end)
            kinds[:0] = layer.kinds(start, end)
        return kinds

    def places(self) -> list[tuple[int, int]]:
        """Where in this text the replaced pieces of every round stand (empty ones for drops)."""
        found: list[tuple[int, int]] = []
        for layer in self._layers:
            moved = [layer.forth(a, b) for a, b in found]
            found = [*moved, *layer.places()]
        found.sort()
        return found
