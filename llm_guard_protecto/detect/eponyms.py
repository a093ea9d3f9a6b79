"""Things that are called after people, places and firms: `Bell's palsy`, `Boston fern`, `Jenkins`.

The tagger knows names by their looks and their neighbours, and such a thing looks like one. The
table beside this module (`eponyms.txt`) lists them in six kinds of sections:

- `[term]`: names a thing wherever it stands (`Queen's Gambit`, `Mann-Whitney`, `Camembert`);
- `[pair disease|sign]`: names one with such a word after it (`Parkinson's` and `disease`);
- `[bare knife|fracture]`: the same, but a possessive makes it somebody's (`Kelly's knife`) unless
  the table has it (`Levi's`);
- `[after battle of|siege of]`: names one with such words before it;
- `[near font|css]`: names one where one of these words is at most `_REACH` words away;
- `[beside dog|puppy]`: could be somebody's name as it stands (`Jack Russell`) or a place's, and
  names a thing only where one of these words is next to it or next but one.

Case, accents and a possessive `'s` do not matter otherwise. A title before it (`Mr Bell`), a mail
address after it, and for the last two kinds also what introduces people and places, or what people
do, make it a name again: where in doubt it is masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from llm_guard_protecto.detect import eponym_words as about
from llm_guard_protecto.detect.eponym_table import (
    OWN,
    Node,
    Words,
    begun,
    is_listed,
    is_model,
    rows,
    words_of,
)
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.models import Span

__all__ = ["named_things", "names_only"]

_REACH = 7  # words to either side in which a word of a `near` section must stand
_BESIDE = 2  # the same for `beside`
_AROUND = 110  # characters to either side of a span that are read

_JOINTS = frozenset((" ", "", "-", "–", "/", "'", "’", "\n", " \n", "\n> ", "\u00a0"))
"""What may stand between two words of one name."""
_MODEL_JOINTS = frozenset((" ", "-"))
_LOOSE = 4  # characters between a word that introduces somebody and the name
_ADDRESSED = expression(r"[\s,(\[<]{0,3}(?:mailto:)?[\w.+-]{1,64}@\w")


def names_only(text: str, spans: Sequence[Span]) -> Sequence[Span]:
    """Those of `spans`, in the order of the text, that do not lie inside the name of a thing.

    Only the surroundings of the spans are read, so a text without spans costs nothing.
    """
    doubtful = [span for span in spans if is_listed(text, span.start, span.end)]
    if not doubtful:
        return spans
    found: list[tuple[int, int]] = []
    for start, end in _windows(text, doubtful):
        found += named_things(text, start, end)
    if not found:
        return spans
    kept: list[Span] = []
    at = 0
    for span in spans:
        while at < len(found) and found[at][1] <= span.start:
            at += 1
        if at == len(found) or span.start < found[at][0] or span.end > found[at][1]:
            kept.append(span)
    return kept


def named_things(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """`(start, end)` of the names of things in `text[start:end]`, in order, disjoint. Linear."""
    words = words_of(text, start, len(text) if end is None else end)
    firsts = rows()
    found: list[tuple[int, int]] = []
    after = 0
    for at, key in enumerate(words.keys):
        if at < after or key not in firsts:
            continue
        last = _longest(text, words, at, begun(key))
        if last < 0:
            continue
        first = words.starts[at]
        if found and text[found[-1][1] : first] in _JOINTS:
            first = found.pop()[0]
        found.append((first, words.ends[last]))
        after = last + 1
    return found


def _longest(text: str, words: Words, at: int, node: Node | None) -> int:
    """The number of the last word of the longest term that begins at word `at`, -1 for none."""
    keys = words.keys
    best, here = -1, at
    while node is not None:
        next_ = here + 1
        joined = next_ < len(keys) and words.gaps[here] in _JOINTS
        if joined and node.heads and _heads(text, words, next_, node):
            best = next_
        elif node.whole or _seen(text, words, at, here, node):
            best = here
        if not joined:
            break
        node = node.ways.get(keys[next_])
        here = next_
    if best < 0 or at and keys[at - 1] in about.TITLES or _ADDRESSED.match(text, words.ends[best]):
        return -1
    if text[words.starts[best]].isupper() and not about.SPEAKING.isdisjoint(
        keys[best + 1 : best + 2]
    ):
        return -1
    while best + 1 < len(keys) and _is_model(words, best):
        best += 1
    return best


def _heads(text: str, words: Words, at: int, node: Node) -> bool:
    """Whether word `at` makes a thing of what `node` stands for."""
    key = words.keys[at]
    if key not in node.heads:
        return False
    owned = words.keys[at - 1].endswith(OWN)
    if text[words.starts[at]].isupper() and not owned and key not in about.TITLED:
        return False
    barred = about.UNPAIRED.get(key)
    return not (barred and at + 1 < len(words.keys) and words.keys[at + 1] in barred)


def _seen(text: str, words: Words, first: int, last: int, node: Node) -> bool:
    """Whether a word that tells a thing is near, and nothing says that this is somebody."""
    keys = words.keys
    for cues, reach in ((node.beside, _BESIDE), (node.near, _REACH)):
        if cues and not (
            cues.isdisjoint(keys[max(first - reach, 0) : first])
            and cues.isdisjoint(keys[last + 1 : last + 1 + reach])
        ):
            break
    else:
        return False
    if last + 1 < len(keys) and keys[last + 1] in about.ACTS:
        return False
    return not first or not _introduced(text, words, first)


def _introduced(text: str, words: Words, at: int) -> bool:
    """Whether the word before word `at` introduces a person or a place."""
    start = words.starts[at]
    if text[start - 1] == "@" or start - words.ends[at - 1] > _LOOSE:
        return text[start - 1] == "@"
    before = words.keys[at - 1]
    return (
        before in about.INTRODUCING
        or before == "is"
        and at > 1
        and words.keys[at - 2] in about.NAMING
    )


def _is_model(words: Words, last: int) -> bool:
    """Whether the word after `last` is a number of a model: `Kodak Portra 400`."""
    return words.gaps[last] in _MODEL_JOINTS and is_model(words.keys[last + 1])


def _windows(text: str, spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """What is to be read around the spans, in order, disjoint."""
    start = end = -1
    for span in spans:
        if end >= 0 and span.start - _AROUND <= end:
            end = max(end, span.end + _AROUND)
            continue
        if end >= 0:
            yield start, min(end, len(text))
        start, end = max(span.start - _AROUND, 0), span.end + _AROUND
    yield start, min(end, len(text))
