"""Another reading of a text, with a way back: every place of the reading is a place of the text.

    view = View(text).patched([Patch(5, 8, "@", "percent")])
    view.origin(0, len(view.text))     # -> (0, len(text))

A view is the text with pieces replaced; a patched view can be patched again, each time in the
offsets of its own text. A replaced piece is never cut: any part of it goes back to all of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress, count, islice
from operator import add, le, lt, ne, sub
from typing import Final, NamedTuple, Protocol

__all__ = ["Change", "Patch", "View"]


class Patch(NamedTuple):
    """`text` in the place of `start:end`; empty text drops the piece. `kind` says what it was."""

    start: int
    end: int
    text: str
    kind: str

    def __repr__(self) -> str:
        """Say where, never what."""
        return f"Patch({self.start}:{self.end}, {self.kind})"


Change = tuple[int, int, str]
"""Start and end of what was changed, and the kind of change."""

_BESIDE: Final = 2  # characters between two changes that are told as one


class _Layer(Protocol):
    """One round of changes, between an old text and a new one."""

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The old place of a new one (not empty)."""
        ...

    def forth(self, start: int, end: int) -> tuple[int, int]:
        """The new place of an old one; what touches a replaced piece takes all of it."""
        ...

    def kinds(self, start: int, end: int) -> Collection[str]:
        """The kinds of the changes within an old place."""
        ...

    def changes(self) -> Iterable[Change]:
        """The new places of all changes, in order, those of a kind that all but touch as one."""
        ...


class _Patched:
    """Pieces replaced by others, of any length."""

    __slots__ = ("_ends", "_froms", "_kinds", "_starts", "_tos")

    def __init__(self, columns: _Columns) -> None:
        self._froms, self._tos = columns.starts, columns.ends  # in the old text
        self._kinds = columns.kinds
        sizes = list(map(len, columns.texts))
        longer = map(sub, map(add, self._froms, sizes), self._tos)
        self._ends = list(map(add, self._tos, accumulate(longer)))
        self._starts = list(map(sub, self._ends, sizes))  # both in the new text

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

    def kinds(self, start: int, end: int) -> Collection[str]:
        first = bisect_left(self._froms, start)
        last = bisect_left(self._froms, end)
        return dict.fromkeys(self._kinds[first:last]) if first < last else ()

    def changes(self) -> Iterable[Change]:
        return _merged(zip(self._starts, self._ends, self._kinds, strict=True))


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

    def kinds(self, start: int, end: int) -> Collection[str]:
        return (self._kind,) if self._old[start:end] != self._new[start:end] else ()

    def changes(self) -> Iterable[Change]:
        places = compress(count(), map(ne, self._old, self._new))
        return _merged((at, at + 1, self._kind) for at in places)


class _Columns:
    """Sorted patches, and each of their fields by itself: there may be thousands."""

    __slots__ = ("ends", "kinds", "patches", "starts", "texts")

    def __init__(self, patches: Sequence[Patch]) -> None:
        self.patches = patches
        self.starts = [patch[0] for patch in patches]
        self.ends = [patch[1] for patch in patches]
        self.texts = [patch[2] for patch in patches]
        self.kinds = [patch[3] for patch in patches]

    @property
    def disjoint(self) -> bool:
        """Whether none overlaps another and none is empty."""
        starts, ends = self.starts, self.ends
        return all(map(lt, starts, ends)) and all(map(le, ends, islice(starts, 1, None)))


def _disjoint(patches: Iterable[Patch]) -> list[Patch]:
    """Of sorted patches that overlap the one that starts first, then the longer; no empty one."""
    kept: list[Patch] = []
    at = 0
    for patch in patches:
        start, end, _, _ = patch
        if start < at:
            if start > kept[-1][0]:
                continue
            kept.pop()  # the same start, and longer
        if start < end:
            kept.append(patch)
            at = end
    return kept


def _merged(changes: Iterable[Change]) -> Iterator[Change]:
    """The same changes, those of a kind that all but touch made one."""
    first = last = 0
    same = ""
    for start, end, kind in changes:
        if start <= last + _BESIDE and kind == same:
            last = end
            continue
        if same:
            yield first, last, same
        first, last, same = start, end, kind
    if same:
        yield first, last, same


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
        columns = _Columns(sorted(patches))
        if not columns.disjoint:
            columns = _Columns(_disjoint(columns.patches))
        if not columns.patches:
            return self
        text = self.text
        before = map(text.__getitem__, map(slice, chain((0,), columns.ends), columns.starts))
        parts = [*chain.from_iterable(zip(before, columns.texts, strict=False))]
        parts.append(text[columns.ends[-1] :])
        return self._with("".join(parts), _Patched(columns))

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
        return self.traced(start, end)[2]

    def traced(self, start: int, end: int) -> tuple[int, int, list[str]]:
        """`origin` and `kinds` at once."""
        kinds: list[str] = []
        for layer in reversed(self._layers):
            start, end = layer.back(start, end)
            if more := layer.kinds(start, end):
                kinds[:0] = more
        return start, end, kinds

    def changes(self) -> list[Change]:
        """What was changed in every round, where it stands in this text (empty for drops)."""
        found: list[Change] = []
        for layer in self._layers:
            moved = [(*layer.forth(start, end), kind) for start, end, kind in found]
            found = [*moved, *layer.changes()]
        found.sort()
        return found
