"""Cuts masked documents into chunks of a size that a model or an index wants, and no token in two.

    for chunk in Splitter(400, overlap=50).split(masked):
        index.add(chunk.text, chunk.tokens)

A chunk ends where the text itself pauses: at a blank line if there is one in its last part, else at
a line, a sentence, a word. Sizes are in the tokens of a model (`counting`), not in those of a vault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.documents.counting import counter
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import IndividualToken, Masked

__all__ = ["Chunk", "Splitter"]

_UNITS = re.compile(r"\s*\S+|\s+\Z")  # a word and the white space before it
_LAST_PART = 0.35
"""The share of a chunk, at its end, in which a pause counts."""

_LONGEST_UNIT = 200  # characters of a word that is kept whole


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a masked text: `text` is `whole[start:end]` of its `token_value`.

    `size` is its length as the splitter counts. `tokens` are those that stand in it, with places
    that count from the start of the chunk.
    """

    text: str
    start: int
    end: int
    size: int
    tokens: tuple[IndividualToken, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never cut: a word, or a token in its wrapper with what touches it."""

    start: int
    end: int
    size: int
    pause: int  # how good an end it makes: 3 a blank line after it, 2 a line, 1 a sentence, 0 none


class Splitter:
    """Splits masked texts, or plain ones, into chunks. Thread-safe."""

    def __init__(
        self,
        size: int = 400,
        *,
        overlap: int = 0,
        encoding: str = "o200k_base",
        count: Callable[[str], int] | None = None,
    ) -> None:
        """`size` and `overlap` are in tokens of `encoding`, as tiktoken counts them, or as `count`.

        A chunk is never larger than `size` unless one word or token alone is. With tiktoken's
        ranks not on this machine, the length in UTF-8 bytes over three stands in (`counted_by`
        says so): nothing is fetched. Raises `ConfigurationError` for sizes that cannot work and
        for an encoding that tiktoken does not know.
        """
        if size < 1 or not 0 <= overlap < size:
            raise ConfigurationError("a chunk has a size of at least 1 and a smaller overlap")
        self._size, self._overlap = size, overlap
        self._count, self.counted_by = (count, "count") if count else counter(encoding)

    def split(self, document: Masked | str) -> list[Chunk]:
        """The chunks of a document, in order. Without overlap they are the whole text, joined."""
        text = document if isinstance(document, str) else document.token_value
        tokens = () if isinstance(document, str) else tuple(_placed(document))
        units = self._units(text, [(start, end) for start, end, _ in tokens])
        chunks: list[Chunk] = []
        first, last = 0, -1
        while first < len(units):
            last = self._last(text, units, first, last + 1)
            chunks.append(self._chunk(text, units[first].start, units[last].end, tokens))
            if last + 1 == len(units):
                break
            first = max(self._back(units, last), first + 1) if self._overlap else last + 1
        return chunks

    def _units(self, text: str, kept: Sequence[tuple[int, int]]) -> list[_Unit]:
        units: list[_Unit] = []
        at = 0
        ends = [end for _, end in kept]
        starts = [start for start, _ in kept]
        which = 0
        for found in _UNITS.finditer(text):
            end = found.end()
            while which < len(kept) and ends[which] <= at:
                which += 1
            if end <= at:
                continue
            inside = which
            while inside < len(kept) and starts[inside] < end:
                end = max(end, ends[inside])
                inside += 1
            if inside == which and end - at > _LONGEST_UNIT:
                lows = range(at, end, _LONGEST_UNIT)
                units += [self._unit(text, low, min(low + _LONGEST_UNIT, end)) for low in lows]
            else:
                units.append(self._unit(text, at, end))
            at = end
        return units

    def _unit(self, text: str, start: int, end: int) -> _Unit:
        after = text[end : end + 40]
        gap = after[: len(after) - len(after.lstrip())]
        if gap.count("\n") > 1:
            pause = 3
        elif "\n" in gap:
            pause = 2
        else:
            pause = int(text[end - 1] in ".!?…。！？")
        return _Unit(start, end, self._count(text[start:end]), pause)

    def _last(self, text: str, units: Sequence[_Unit], first: int, least: int) -> int:
        """The last unit of the chunk that begins with unit `first` and goes to unit `least`."""
        total, last = 0, first
        for at in range(first, len(units)):
            total += units[at].size
            if total > self._size and at > least:
                break
            last = at
        else:
            return last
        # Sums of parts may be below the whole by a little, where a text's own tokens join.
        while last > least and self._count(text[units[first].start : units[last].end]) > self._size:
            last -= 1
        good = max(first + int((last - first) * (1 - _LAST_PART)), least - 1)
        return max(range(last, good, -1), key=lambda at: units[at].pause, default=last)

    def _back(self, units: Sequence[_Unit], last: int) -> int:
        """The first unit of the chunk after the one that ends with unit `last`, and goes beyond."""
        total, at = 0, last + 1
        room = min(self._overlap, self._size - units[at].size)
        while at > 0 and total + units[at - 1].size <= room:
            at -= 1
            total += units[at].size
        return at

    def _chunk(
        self,
        text: str,
        start: int,
        end: int,
        tokens: Sequence[tuple[int, int, IndividualToken]],
    ) -> Chunk:
        inside = tuple(
            IndividualToken(
                one.value,
                one.pii_type,
                one.token,
                one.prefix,
                one.suffix,
                low - start,
                high - start,
                one.reversible,
            )
            for low, high, one in tokens
            if start <= low and high <= end
        )
        return Chunk(text[start:end], start, end, self._count(text[start:end]), inside)


def _placed(masked: Masked) -> Iterator[tuple[int, int, IndividualToken]]:
    """Where each token stands in the masked text."""
    moved = 0
    for token in sorted(masked.individual_tokens, key=lambda one: one.start_pos):
        start = token.start_pos + moved
        end = start + len(token.wrapped)
        moved += len(token.wrapped) - (token.end_pos - token.start_pos)
        yield start, end, token
