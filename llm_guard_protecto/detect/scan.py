"""One linear-time scan over a text: every shape and every context word, places in string offsets.

The engine works on the UTF-8 bytes of the text (lone surrogates as `surrogatepass` writes them), in
byte mode, so any Python string is legal. Inside a shape `\\x80-\\xff` therefore means "part of a
character outside ASCII", and `\\b` and `\\w` know ASCII only; the caller checks Unicode borders.
A scan that does not finish raises `DetectionFailed`: an error never reads as "nothing found".

Compiling takes longer than many requests, so the compiled form is kept by `kept.py`. Shapes are
compiled in portions: the time to compile grows faster than their number, the time to scan slower.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import hyperscan

from llm_guard_protecto.detect.context import AFTER, BEFORE, Words
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.kept import fetch, fingerprint, keep
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed

__all__ = ["Hits", "Scanner", "Shape"]

_PORTION = 32
_TIED_PORTION = 12  # smaller: a portion is passed over where none of its words occur
_TIED_LENGTH = 96
"""How long a match that needs a word may be; what is longer is not looked for."""

_SHORT = 4  # bytes of a context word
_JOINTS = (" ", "_", "-", ".", "")
_Place = tuple[int, int]
_INNER = expression(rb"[\x80-\xbf]+")  # the bytes of characters after their first ones
_IN_WORD = bytes(chr(c).isalnum() and c < 128 for c in range(256))


@dataclass(frozen=True, slots=True)
class Shape:
    """An expression of the engine, and the groups of words one of which must stand near a match.

    With no groups in `needs` every match is reported.
    """

    regex: str
    needs: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Hits:
    """What one scan found, in string offsets.

    `places`: for each shape that occurs (by its index) the start and end of its matches, sorted;
    for each start only the longest. `words`: for each group of context words that occurs, the
    sorted ends of its words.
    """

    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    words: dict[Words, list[int]] = field(default_factory=dict)


class Scanner:
    """Shapes and groups of context words, compiled. Safe to share between threads."""

    def __init__(
        self, shapes: Sequence[Shape], groups: Sequence[Words] = (), cache: Path | None = None
    ) -> None:
        """Compile, or load from `cache` (a directory; None keeps nothing on disk).

        A blank in a context word also stands for a hyphen, an underscore, a dot or nothing. Words
        are found in lower or upper case (ASCII letters in any) and only between characters that are no ASCII
        letters or digits. Raises `ConfigurationError` for a shape that cannot run in linear time.
        """
        # Groups go by their numbers here: to hash one takes as long as it has words.
        numbers: dict[Words, int] = {}
        for group in (*groups, *(group for shape in shapes for group in shape.needs)):
            numbers.setdefault(group, len(numbers))
        belongs: dict[bytes, list[int]] = {}
        for group, number in numbers.items():
            for word in group:
                for joint in _JOINTS if " " in word else ("",):
                    for cased in dict.fromkeys((word.lower(), word.upper())):
                        if cased.isascii() and not cased.islower():
                            continue  # the engine folds ASCII letters itself
                        spelled = cased.replace(" ", joint).encode()
                        belongs.setdefault(spelled, []).append(number)
        self._named = tuple(numbers)
        self._groups = list(belongs.values())
        self._lengths = [len(spelled) for spelled in belongs]
        free = [i for i, shape in enumerate(shapes) if not shape.needs]
        tied = [i for i, shape in enumerate(shapes) if shape.needs]
        portions = [*_portions(free, _PORTION), *_portions(tied, _TIED_PORTION)]
        self._needs = [frozenset(numbers[group] for group in shape.needs) for shape in shapes]
        self._needed = [{g for i in portion for g in self._needs[i]} for portion in portions]
        self._databases = _databases(
            [([shapes[i].regex.encode() for i in portion], portion) for portion in portions],
            list(belongs),
            cache,
        )
        self._local = threading.local()

    def scan(self, text: str) -> Hits:
        """Find every shape and word in `text`; raises `DetectionFailed` when a scan breaks off."""
        try:
            return self._scan(text)
        except Exception as error:  # noqa: BLE001 - whatever it was, the text was not searched
            kind = type(error).__name__
            raise DetectionFailed(
                f"the pattern scan broke off ({kind}); nothing was sent"
            ) from None

    def _scan(self, text: str) -> Hits:
        data = text.encode("utf-8", "surrogatepass")
        size = len(data)
        stretch = 1 if size == len(text) else 4  # bytes a character takes at most
        longest: dict[int, dict[int, int]] = {}
        found: dict[int, list[int]] = {}
        lengths = self._lengths
        inside = data.translate(_IN_WORD)

        def shape(which: int, start: int, end: int, _flags: int, _context: object) -> None:
            matches = longest.get(which)
            if matches is None:
                longest[which] = {start: end}
            elif matches.get(start, 0) < end:
                matches[start] = end

        def word(which: int, _start: int, end: int, _flags: int, _context: object) -> None:
            start = end - lengths[which]
            if start and inside[start - 1] and inside[start]:
                return
            if end < size and inside[end] and inside[end - 1]:
                return
            ends = found.get(which)
            if ends is None:
                found[which] = [end]
            else:
                ends.append(end)

        first = last = 0  # the window that is being scanned

        def tied(which: int, start: int, end: int, _flags: int, _context: object) -> None:
            if start == 0 and first and inside[first - 1] and inside[first]:
                return  # the window cut this one
            if end == last - first and last < size and inside[last]:
                return
            start, end = start + first, end + first
            matches = longest.get(which)
            if matches is None:
                longest[which] = {start: end}
            elif matches.get(start, 0) < end:
                matches[start] = end

        *parts, words = zip(self._databases, self._scratches(), strict=True)
        if lengths:
            words[0].scan(data, match_event_handler=word, scratch=words[1])
        groups = self._by_group(found)
        for (database, scratch), needed in zip(parts, self._needed, strict=True):
            if not needed:
                database.scan(data, match_event_handler=shape, scratch=scratch)
            elif not needed.isdisjoint(groups):
                ends = [groups[group] for group in needed if group in groups]
                for first, last in _windows(size, ends, stretch):
                    database.scan(data[first:last], match_event_handler=tied, scratch=scratch)
        places = {}
        supports: dict[frozenset[int], list[int]] = {}  # the ends of all words of some groups
        for which, matches in longest.items():
            kept = sorted(matches.items())
            if needs := self._needs[which]:
                if needs not in supports:
                    ends = [groups[group] for group in needs if group in groups]
                    supports[needs] = sorted(set().union(*ends))
                kept = _reached(kept, supports[needs], stretch)
            if kept:
                places[which] = kept
        named = {self._named[group]: ends for group, ends in groups.items()}
        if stretch > 1:
            places, named = _in_characters(data, places, named)
        return Hits(places, named)

    def _by_group(self, words: dict[int, list[int]]) -> dict[int, list[int]]:
        """The sorted ends of the words of each group that occurs, by the number of the group."""
        ends: dict[int, list[int]] = {}
        for which, some in words.items():
            for group in self._groups[which]:
                ends.setdefault(group, []).extend(some)
        for some in ends.values():
            some.sort()
        return ends

    def _scratches(self) -> list[hyperscan.Scratch]:
        """This thread's own working memory: the engine refuses to share one."""
        scratches: list[hyperscan.Scratch] | None = getattr(self._local, "scratches", None)
        if scratches is None:
            scratches = [hyperscan.Scratch(database) for database in self._databases]
            self._local.scratches = scratches
        return scratches


def _portions(indices: list[int], size: int) -> list[list[int]]:
    return [indices[at : at + size] for at in range(0, len(indices), size)]


def _windows(size: int, ends: Iterable[list[int]], stretch: int) -> list[tuple[int, int]]:
    """The stretches of the data where a word may support a match: around each end of a word."""
    before = AFTER * stretch + _TIED_LENGTH
    after = BEFORE * stretch + _TIED_LENGTH
    windows: list[tuple[int, int]] = []
    for end in sorted(set().union(*ends)):
        if windows and windows[-1][1] >= end - before:
            windows[-1] = (windows[-1][0], min(end + after, size))
        else:
            windows.append((max(end - before, 0), min(end + after, size)))
    return windows


def _reached(matches: list[_Place], ends: list[int], stretch: int) -> list[_Place]:
    """The matches (sorted) with one of the `ends` of words (sorted) in reach.

    `stretch` bytes are one character at most.
    """
    before, after = BEFORE * stretch, AFTER * stretch
    reached: list[_Place] = []
    following = iter(ends)
    end = next(following, -1)
    for match in matches:
        low = match[0] - before
        while end < low:
            end = next(following, -1)
            if end < 0:
                return reached
        if 0 <= end <= match[1] + after:
            reached.append(match)
    return reached


def _in_characters(
    data: bytes, places: dict[int, list[tuple[int, int]]], words: dict[Words, list[int]]
) -> tuple[dict[int, list[tuple[int, int]]], dict[Words, list[int]]]:
    """Turn byte offsets into character offsets; one inside a character is taken for its end."""
    inner = [at for run in _INNER.finditer(data) for at in range(run.start(), run.end())]

    def at(offset: int) -> int:
        return offset - bisect_left(inner, offset)

    return (
        {which: [(at(a), at(b)) for a, b in some] for which, some in places.items()},
        {group: list(map(at, ends)) for group, ends in words.items()},
    )


def _databases(
    portions: Sequence[tuple[list[bytes], list[int]]], words: Sequence[bytes], cache: Path | None
) -> list[hyperscan.Database]:
    """One database a portion of shapes (expressions, their ids), then the words; or as kept."""
    spelled = [_in_text(word) for word in words or [b"no words"]]
    name = fingerprint(repr((portions, spelled)).encode())
    kept = fetch(cache, name, len(portions) + 1)
    if kept is not None:
        return kept
    starts = hyperscan.HS_FLAG_SOM_LEFTMOST
    databases = [_compile(expressions, ids, starts) for expressions, ids in portions]
    databases.append(_compile(spelled, range(len(spelled)), hyperscan.HS_FLAG_CASELESS))
    keep(cache, name, databases)
    return databases


def _in_text(word: bytes) -> bytes:
    """A context word as an expression. Short ones stand inside many others (`ice`, `ring`), so the
    engine itself looks at what is before them; nearly all of their matches would be in vain.
    """
    short = len(word) <= _SHORT and word.isalnum()
    return (rb"(?:^|[^0-9A-Za-z])" if short else b"") + re.escape(word)


def _compile(expressions: Sequence[bytes], ids: Sequence[int], flags: int) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=list(expressions),
            ids=list(ids),
            elements=len(expressions),
            flags=[flags] * len(expressions),
        )
    except hyperscan.error as error:
        raise ConfigurationError(f"an expression cannot be compiled: {error}") from None
    return database
