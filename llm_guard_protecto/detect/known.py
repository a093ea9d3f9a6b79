"""Values that were found once, wherever else they stand.

A name found in one sentence is the same name in the next, whatever the detectors think of it
there. A value with letters at its ends is found at word borders only (`Ann` is not in `Annual`);
a number, a key or a word of a script without upper case is found anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.models import Span

__all__ = ["SCORE", "Known", "name_parts", "values_of"]

SCORE = 0.75
"""Sure enough to be masked, and less than what a checked rule says of the same place."""

_WORD = expression(r"\w+")
_FIRM = expression(r"[\d@/]")


class Known:
    """A set of values with their entities, ready to be found again. Immutable.

    `values` maps each value to its entity. Values of one character are left out, so are values
    without any letter or digit.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        """Sort the values by how they are found: at word borders, or anywhere."""
        self._by_word: dict[str, list[tuple[int, str, str]]] = {}
        self._anywhere: list[tuple[str, str]] = []
        for value, entity in values.items():
            first = _WORD.search(value)
            if len(value) < 2 or first is None:
                continue
            if _needs_borders(value):
                row = (first.start(), value, entity)
                self._by_word.setdefault(first.group(), []).append(row)
            else:
                self._anywhere.append((value, entity))

    def __bool__(self) -> bool:
        """Whether there is anything to find."""
        return bool(self._by_word or self._anywhere)

    def __repr__(self) -> str:
        """Say how many values there are, never which."""
        count = sum(map(len, self._by_word.values())) + len(self._anywhere)
        return f"Known({count} values)"

    def find(self, text: str) -> list[Span]:
        """Every place of every value in `text`, longest first where several start together."""
        spans = [*self._at_words(text), *self._in(text)]
        spans.sort(key=lambda span: (span.start, -span.end))
        return spans

    def _at_words(self, text: str) -> Iterator[Span]:
        if not self._by_word:
            return
        get = self._by_word.get
        for word in _WORD.finditer(text):
            for offset, value, entity in get(word.group(), ()):
                start = word.start() - offset
                if start >= 0 and text.startswith(value, start):
                    end = start + len(value)
                    if not _inside_word(text, end):
                        yield Span(start, end, entity, SCORE, "known")

    def _in(self, text: str) -> Iterator[Span]:
        for value, entity in self._anywhere:
            start = text.find(value)
            while start >= 0:
                yield Span(start, start + len(value), entity, SCORE, "known")
                start = text.find(value, start + len(value))


def _needs_borders(value: str) -> bool:
    """Short values and values of letters with case: inside another word they mean another word."""
    if not value.isascii() and any(map(_caseless, value)):
        return False
    return len(value) < 6 or _FIRM.search(value) is None


def _caseless(character: str) -> bool:
    return character.isalpha() and character.lower() == character.upper()


def _inside_word(text: str, at: int) -> bool:
    """Whether a border at `at` would cut a word in two."""
    return 0 < at < len(text) and _wordy(text[at - 1]) and _wordy(text[at])


def _wordy(character: str) -> bool:
    return character.isalnum() or character == "_"


def values_of(text: str, spans: Iterable[Span]) -> dict[str, str]:
    """The value of each span with its entity, and the parts of people's names.

    The first entity of a value stays.
    """
    found: dict[str, str] = {}
    for span in spans:
        value = text[span.start : span.end]
        found.setdefault(value, span.entity)
        if span.entity == "PERSON":
            for part in name_parts(value):
                found.setdefault(part, "PERSON")
    return found


def name_parts(name: str) -> list[str]:
    """The words of a name that mean the same person when they stand alone.

    `Doe` after `John Doe`. Not initials, particles and titles, nor names that are everyday words:
    those the tagger has to find by their surroundings.
    """
    words = _NAME_WORD.findall(name)
    if len(words) < 2:
        return []
    return [
        word
        for word in words
        if len(word) > 2 and word[0] != word[0].lower() and word.lower() not in EVERYDAY
    ]


_NAME_WORD = expression(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

_EVERYDAY = """
    april art august autumn baker bill bishop black brown carter chance chase christian church cook
    daisy dawn day dean doctor drew duke earl faith field fisher ford forest frank gene ginger
    glen grace grant gray green grey hall harbor heather hill holly hope hunter iris ivy jack jasmine
    jean joy june king lane lily long love major march mark marsh mason may miles miss mister
    mrs olive page park pat pearl penny pepper phoenix pope price prince prof ray rich river
    rob robin rock rose ruby sage sir skip small star stone storm sue summer sunny
    trinity van victor violet von walker ward west white will willow winter wood young
    """

EVERYDAY = frozenset(_EVERYDAY.split())
"""Names that are words of their own; a text about somebody called Will still says `will`."""
