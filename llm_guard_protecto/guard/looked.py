"""A quick look through what leaves: which of the values that a call masks may stand in it at all.

All strings, keys and numbers of the outgoing bytes are read, with a parser that knows no table.
A value can only stand where its words do, so the words are compared first, by the thousand, and
only a value whose words are all there is searched for.

The next turn of a chat begins with the same characters. There nothing changed, and the values
that were looked for then need not be looked for again: only what follows is read for all values,
and the beginning for the new ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]  # undocumented

from llm_guard_protecto.guard.maps import begins_with
from llm_guard_protecto.models import Masked

__all__ = ["DEEPEST", "ESCAPE", "OPENS", "SHORTEST", "Looked", "has_borders", "look"]

SHORTEST = 3
"""Characters of the shortest value that is looked for."""

DEEPEST = 4
"""How deep JSON inside strings is read."""

OPENS = ("{", "[", " ", "\n", "\r", "\t")
"""What a string begins with that may be JSON."""

ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
"""An escape of JSON."""

# Borders of words, by bytes of UTF-8, because that is several times as fast as `re` on text: signs
# of ASCII, and the blocks of Unicode that hold punctuation.
_BLANKS = bytes(c if c > 127 or chr(c).isalnum() or c == 95 else 32 for c in range(256))
_PUNCTUATION = re.compile(
    rb"\xe2[\x80-\xbf]{2}|\xe3\x80.|\xc2[\x80-\xbf]|\xef[\xbc\xbd].", re.DOTALL
)
_GAP = re.compile(r"[ \t\n\r]*+")


@dataclass(slots=True)
class Looked:
    """What was seen in a call. `suspects` are the values that stand somewhere in it.

    `text` is its body and `texts` are the strings in it; up to a position in `text` those before a
    place in `texts` were read, see `cuts`. `words` are at least the words of these strings, and
    `values` those of `answer`, each with its own. `scanned` counts bytes.
    """

    text: str = field(default="", repr=False)
    texts: list[str] = field(default_factory=list, repr=False)
    cuts: list[tuple[int, int]] = field(default_factory=list, repr=False)
    words: frozenset[bytes] = field(default=frozenset(), repr=False)
    answer: Sequence[Masked] = field(default=(), repr=False)
    values: dict[str, list[bytes]] = field(default_factory=dict, repr=False)
    suspects: set[str] = field(default_factory=set, repr=False)
    scanned: int = 0


def look(
    body: bytes, urls: Sequence[str], answer: Sequence[Masked], before: Looked | None = None
) -> Looked:
    """Find the values of `answer` that stand in a body or in a part of its URL.

    Values are compared as they are spelt; the borders of words are not looked at.
    """
    known: dict[str, list[bytes]] = {}
    old = 0
    if before is not None and begins_with(answer, before.answer):
        known, old = before.values, len(before.answer)
    values = known | _values(answer[old:], known)
    if not values:
        return Looked()
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    cut, number = (0, 0) if before is None else _shared(text, before)
    texts = before.texts[:number] if before is not None else []
    cuts = [one for one in before.cuts if one[0] <= cut] if before is not None else []
    if not _read(text, texts, cuts, cut):
        number, texts, cuts = 0, [], []
        if not _collect(text, texts, 0):
            for line in text.split("\n"):
                _collect(line, texts, 0)
    rest = [*texts[number:], *urls]
    words = frozenset(_words("\n".join(rest)))
    every = words if before is None or not number else words | before.words
    suspects = {value for value, inner in values.items() if words.issuperset(inner)}
    suspects = {value for value in suspects if any(value in one for one in rest)}
    if number and before is not None:
        # Of the beginning it is known already which of the old values stand there.
        again = before.suspects.intersection(values)
        again.update(v for v in values if v not in known and every.issuperset(values[v]))
        suspects.update(v for v in again if any(v in one for one in texts[:number]))
    return Looked(text, texts, cuts, every, tuple(answer), values, suspects)


def has_borders(value: str) -> bool:
    """Whether the words of a value can be told from their neighbours."""
    return value.isascii() or not any(c.isalpha() and c.lower() == c.upper() for c in value)


def _values(answer: Iterable[Masked], known: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """The values to look for, each with the words that stand there wherever it does."""
    found: dict[str, list[bytes]] = {}
    for text in answer:
        for token in text.individual_tokens:
            value = token.value
            if value not in known and value not in found and len(value) >= SHORTEST:
                words = _words(value)
                # Its first and last word may be glued to others, but not those between. In scripts
                # that write no blanks there is no telling.
                inner = words if len(words) < 3 else words[1:-1]
                found[value] = inner if has_borders(value) else []
    return found


def _words(text: str) -> list[bytes]:
    encoded = text.encode("utf-8", "surrogatepass")
    if not text.isascii():
        encoded = _PUNCTUATION.sub(b" ", encoded)
    return encoded.translate(_BLANKS).split()


def _shared(text: str, before: Looked) -> tuple[int, int]:
    """The last cut up to which a text begins like the one before."""
    low, high = -1, len(before.cuts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        end = before.cuts[middle][0]
        if text[:end] == before.text[:end]:
            low = middle
        else:
            high = middle - 1
    return before.cuts[low] if low >= 0 else (0, 0)


def _collector(texts: list[str], depth: int) -> tuple[JSONDecoder, Callable[[object], None]]:
    """A decoder that adds every string, key and number in an object to `texts`.

    What it gives, and nothing else, is to be added with the function that comes with it.
    """

    def add(value: object) -> None:
        if type(value) is str:
            if value[:1] in OPENS and depth < DEEPEST:
                _collect(value, texts, depth + 1)
            else:
                texts.append(value)
        elif type(value) is list:
            for item in value:
                add(item)

    def pairs(members: list[tuple[str, object]]) -> None:
        for key, value in members:
            texts.append(key)
            add(value)

    return JSONDecoder(object_pairs_hook=pairs, parse_int=str, parse_float=str), add


def _collect(text: str, texts: list[str], depth: int) -> bool:
    """Add every string, key and number of a JSON text to `texts`, else the text itself.

    Returns whether it was JSON.
    """
    if text[:1] in OPENS:
        decoder, add = _collector(texts, depth)
        try:
            add(decoder.decode(text))
        except (ValueError, RecursionError):
            pass
        else:
            return True
    texts.append(text)
    if "\\" in text:  # half a JSON text, perhaps: an escape may hide the border of a word
        texts.append(ESCAPE.sub(" ", text))
    return False


def _read(text: str, texts: list[str], cuts: list[tuple[int, int]], at: int) -> bool:
    """`_collect` for an object, and note where an item of a list in it has ended.

    From such a cut `at` the rest of the object can be read by itself. False, and anything in
    `texts`, if it is no object.
    """
    decoder, add = _collector(texts, 0)
    try:
        _members(text, decoder.raw_decode, add, texts, cuts, at)
    except (ValueError, RecursionError, IndexError):
        return False
    return True


def _members(
    text: str,
    decode: Callable[[str, int], tuple[object, int]],
    add: Callable[[object], None],
    texts: list[str],
    cuts: list[tuple[int, int]],
    at: int,
) -> None:
    """Read the members of the root; raises `ValueError` or `IndexError` if they are none."""

    def past(end: int) -> int:
        gap = _GAP.match(text, end)
        return gap.end() if gap else end

    listed = at > 0
    if not listed:
        at = past(0)
        _expect(text, at, "{")
    while True:
        if listed:
            value, at = decode(text, past(at))
            add(value)
            at = past(at)
            if text[at] == ",":
                at += 1
                cuts.append((at, len(texts)))
                continue
            _expect(text, at, "]")
            at, listed = past(at + 1), False
            if text[at] == "}":
                break
            _expect(text, at, ",")
        at = past(at + 1)
        _expect(text, at, '"')
        key, at = scanstring(text, at + 1, True)
        texts.append(key)
        at = past(at)
        _expect(text, at, ":")
        at = past(at + 1)
        if text[at] == "[" and text[past(at + 1)] != "]":
            at, listed = at + 1, True
            continue
        value, at = decode(text, at)
        add(value)
        at = past(at)
        if text[at] == "}":
            break
        _expect(text, at, ",")
    if past(at + 1) != len(text):
        raise ValueError


def _expect(text: str, at: int, sign: str) -> None:
    if text[at] != sign:
        raise ValueError
