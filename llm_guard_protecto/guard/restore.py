"""Turns the tokens of a reply back into what one request masked.

`restore` takes a whole text, `Restorer` one that arrives in pieces; any way to cut the text gives
the same result. Only what the `TokenMap` holds is ever restored, a run only when it folds to
exactly one of its runs, and the result is never read again (a value that looks like a token stays
that value).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llm_guard_protecto.guard.places import Place, Places
from llm_guard_protecto.guard.reader import Edit, Reader
from llm_guard_protecto.guard.tokenmap import TokenMap

__all__ = ["LONGEST_SAID", "Restored", "Restorer", "restore"]


LONGEST_SAID = 50_000
"""Characters of a text up to which what it says once restored is kept for a while."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What happened to one text, in counts; holds no value.

    `issued`: different tokens in the map; `restored`: tokens that stood in the text as issued;
    `repaired`: bent or partial ones that were turned back; `unknown`: our wrapper around something
    that is not ours; `kept_in_url`: tokens left alone because they stood inside an address.
    """

    issued: int = 0
    restored: int = 0
    repaired: int = 0
    unknown: int = 0
    kept_in_url: int = 0

    def __add__(self, other: Restored) -> Restored:
        """The counts of two texts of one map."""
        return Restored(
            max(self.issued, other.issued),
            self.restored + other.restored,
            self.repaired + other.repaired,
            self.unknown + other.unknown,
            self.kept_in_url + other.kept_in_url,
        )


class _Pushed(Protocol):
    @property
    def counts(self) -> dict[str, int]: ...

    def push(self, piece: str, final: bool = False) -> tuple[list[Edit], int]: ...


class Restorer:
    """Restores one text that arrives in pieces.

    `feed` gives what is certain, `flush` the rest; together they are `restore` of the whole. Only
    the beginning of a token or wrapper of this map is held back, never more than
    `TokenMap.longest` characters and a little.
    """

    __slots__ = ("_at", "_edits", "_held", "_issued", "_reader", "_said", "place", "replaced")

    def __init__(
        self, tokens: TokenMap, place: Place = Place.PLAIN, places: Places | None = None
    ) -> None:
        """Restore from `tokens` in a text that is `place`, as far as `places` allows."""
        self.place = place
        self._held = ""
        self._at = 0
        self._said: list[str] = []
        self._edits: list[Edit] = []
        self.replaced: list[str] = []
        """What was taken out so far, as it stood in the text: tokens or their parts."""
        self._issued = tokens.issued
        self._reader: _Pushed | None = None
        if tokens.issued:
            self._reader = _reader(tokens, place, places or Places())

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return len(self._held)

    @property
    def counts(self) -> Restored:
        """What happened so far."""
        return Restored(self._issued, **(self._reader.counts if self._reader else {}))

    @property
    def touched(self) -> bool:
        """Whether there is anything to count so far."""
        return self._reader is not None and any(self._reader.counts.values())

    @property
    def length(self) -> int:
        """How many characters of the text, as it came, are settled."""
        return self._at

    @property
    def said(self) -> str:
        """The restored text so far; empty when it is longer than `LONGEST_SAID`."""
        return "".join(self._said) if self._at <= LONGEST_SAID else ""

    @property
    def edits(self) -> Sequence[Edit]:
        """What was replaced so far: positions in the text as it came, in order."""
        return self._edits

    def feed(self, text: str) -> str:
        """Take a piece of the text, give what is certain by now."""
        if self._reader is None or not text:
            return text
        return self._take(text, *self._reader.push(text))

    def flush(self) -> str:
        """The text has ended: give what was held back."""
        if self._reader is None:
            return ""
        return self._take("", *self._reader.push("", final=True))

    def whole(self, text: str) -> str:
        """`feed` and `flush` in one, for a text that is all there."""
        if self._reader is None:
            return text
        return self._take(text, *self._reader.push(text, final=True))

    def _take(self, piece: str, edits: list[Edit], settled: int) -> str:
        text = self._held + piece if self._held else piece
        base = self._at
        if settled == base:
            self._held = text
            return ""
        if not edits:
            out = text[: settled - base]
        else:
            self._edits += edits
            parts: list[str] = []
            at = base
            for start, end, new in edits:
                parts += (text[at - base : start - base], new)
                self.replaced.append(text[start - base : end - base])
                at = end
            parts.append(text[at - base : settled - base])
            out = "".join(parts)
        self._held = text[settled - base :]
        self._at = settled
        if settled <= LONGEST_SAID:
            self._said.append(out)
        return out


def restore(
    text: str, tokens: TokenMap, place: Place = Place.PLAIN, places: Places | None = None
) -> str:
    """`text` with every token of `tokens` turned back."""
    return Restorer(tokens, place, places).whole(text)


def _reader(tokens: TokenMap, place: Place, places: Places) -> _Pushed:
    if place is Place.PLAIN:
        return Reader(tokens, places)
    from llm_guard_protecto.guard.json_fragment import JsonReader, JsonValue

    if place is Place.JSON_VALUE:
        return JsonValue(tokens, places)
    return JsonReader(tokens, places, inside=place is Place.JSON_STRING)
