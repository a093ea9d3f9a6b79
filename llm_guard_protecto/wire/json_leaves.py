"""The grammar of JSON: every literal of a text, with its path and place.

Strict (RFC 8259), in one pass, in time linear in the text. Nesting is limited to 64 containers.
Two deviations, both harmless: a byte order mark at the very start counts as white space, and a
character that is a lone surrogate is accepted where any character is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]  # undocumented
from typing import Literal, NamedTuple

from llm_guard_protecto.errors import UnknownFormat

__all__ = ["COLON", "MAX_DEPTH", "Kind", "Leaf", "Path", "leaves_after", "leaves_of"]

MAX_DEPTH = 64

Path = tuple[str | int, ...]
Kind = Literal["string", "number", "literal", "key"]


class Leaf(NamedTuple):
    """One literal of a JSON text: `text[start:end]` is it, quotes included.

    `path` leads from the root to it: keys and list positions. A key's path is that of the value it
    names. `value` is what a string or key says, and the raw digits or word of a number or literal.
    """

    path: Path
    start: int
    end: int
    kind: Kind
    value: str

    def __repr__(self) -> str:
        """Show no text: keys are text too, so not even the path."""
        return f"Leaf({self.kind} at {self.start}:{self.end}, depth {len(self.path)})"


_GAP = re.compile(r"[ \t\n\r]*+")
_OPENING = re.compile("\ufeff?+[ \t\n\r]*+")
COLON = re.compile(r"[ \t\n\r]*+:[ \t\n\r]*+")
_AFTER = re.compile(r"[ \t\n\r]*+([,\]}])[ \t\n\r]*+")
_DIGITS = r"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
_NUMBER = re.compile(_DIGITS)
_VECTOR = re.compile(
    rf"\[[ \t\n\r]*+{_DIGITS}(?:[ \t\n\r]*+,[ \t\n\r]*+{_DIGITS}){{15,}}+[ \t\n\r]*+\]"
)
_WORD = re.compile(r"true|false|null")

# A whole member of an object in one match: a short key, a short plain value, what follows. Most of
# a streamed event is such members. The limit on length keeps a failed attempt cheap.
_MEMBER = re.compile(
    r'"([^"\\\x00-\x1f]{0,64}+)"[ \t\n\r]*+:[ \t\n\r]*+'
    rf'(?:"([^"\\\x00-\x1f]{{0,128}}+)"|({_DIGITS})'
    r"|(true|false|null))[ \t\n\r]*+([,}])[ \t\n\r]*+"
)


def _malformed(position: int) -> UnknownFormat:
    return UnknownFormat(f"not valid JSON (at character {position})")


def leaves_of(text: str, vectors: bool = True) -> tuple[Leaf, ...]:
    """Every literal of `text`, in order; with `vectors` false none of a long list of numbers.

    Raises UnknownFormat when the text is not JSON or nests too deeply.
    """
    opened = _OPENING.match(text)
    return _read(text, vectors, [], opened.end() if opened else 0)


def leaves_after(
    text: str, before: str, known: Sequence[Leaf]
) -> tuple[tuple[Leaf, ...], int, int]:
    """The literals of `text`, `known` being those of `before`, which may begin like it.

    Also returns how many of `known` are among them, and where in the text those end. What is taken
    over ends with a whole object of a list that the root holds: there it is plain what is open.
    """
    same = _shared(text, before)
    for at in range(bisect_right(known, same, key=_start) - 1, 0, -1):
        path, start, _, kind, _ = known[at]
        if kind == "key" and len(path) == 3 and path[:2] != known[at - 1].path[:2]:
            item = path[1]
            if isinstance(item, int):
                start = text.rindex("{", 0, start)
                return _read(text, True, list(known[:at]), start, path[:2], item), at, start
    return leaves_of(text), 0, 0


def _start(leaf: Leaf) -> int:
    return leaf.start


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common at their start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _read(
    text: str, vectors: bool, leaves: list[Leaf], at: int, path: Path = (), item: int = -1
) -> tuple[Leaf, ...]:
    """All literals: `leaves`, and those of the value that starts at `at`, at `path`, and after."""
    try:
        return tuple(_walked(text, vectors, leaves, at, path, item))
    except JSONDecodeError as error:  # its own message is fine, but it carries the whole text
        position = error.pos
    raise _malformed(position)


def _walked(
    text: str, vectors: bool, leaves: list[Leaf], at: int, path: Path, item: int
) -> list[Leaf]:
    """Walk the grammar with a stack of our own, so that no input can exhaust Python's.

    One turn of the outer loop reads one value, or several plain members of an object at a time.
    Longer strings and those with escapes go through the standard library's C scanner.
    """
    add = leaves.append
    make = tuple.__new__  # a quarter of the cost of Leaf(...), and these are the hottest lines
    member_at = _MEMBER.match

    # The innermost open container is `parent` (its path); `index` is the position of the item being
    # read, or -1 in an object; `path` is that of the value being read. `outer` holds the others.
    # At the start that is the root or, as `leaves_after` has it, an item of a list in the root.
    outer: list[tuple[Path, int]] = [((), -1)] * len(path)
    parent, index = path[:1], item

    while True:
        opening = text[at : at + 1]
        if opening == '"':
            value, end = scanstring(text, at + 1, True)
            add(make(Leaf, (path, at, end, "string", value)))
        elif opening == "[" and not vectors and (vector := _VECTOR.match(text, at)):
            end = vector.end()
        elif opening == "{" or opening == "[":
            if len(outer) == MAX_DEPTH:
                raise UnknownFormat(f"JSON nested deeper than {MAX_DEPTH} levels")
            gap = _GAP.match(text, at + 1)
            at = gap.end() if gap else at + 1
            if text[at : at + 1] != ("}" if opening == "{" else "]"):
                outer.append((parent, index))
                parent = path
                if opening == "[":
                    index = 0
                    path = (*parent, 0)
                    continue
                index = -1
                end = -1  # nothing has ended yet: the first member comes next
            else:
                end = at + 1
        elif number := _NUMBER.match(text, at):
            end = number.end()
            add(make(Leaf, (path, at, end, "number", number[0])))
        elif word := _WORD.match(text, at):
            end = word.end()
            add(make(Leaf, (path, at, end, "literal", word[0])))
        else:
            raise _malformed(at)

        # A value has ended at `end`: close what closes, then go to the next value.
        while True:
            if end >= 0:
                if not outer:
                    gap = _GAP.match(text, end)
                    if gap and gap.end() == len(text):
                        return leaves
                    raise _malformed(end)
                after = _AFTER.match(text, end)
                if after is None:
                    raise _malformed(end)
                mark = after[1]
                if mark != ",":
                    if (mark == "]") != (index >= 0):
                        raise _malformed(after.start(1))
                    end = after.start(1) + 1
                    parent, index = outer.pop()
                    continue
                at = after.end()
                if index >= 0:
                    index += 1
                    path = (*parent, index)
                    break
            mark = ","
            while mark == "," and (member := member_at(text, at)):
                _, (_, key_end), string, number_, word_, (closing, _) = member.regs
                name, said, digits, literal, mark = member.groups()
                path = (*parent, name)
                add(make(Leaf, (path, at, key_end + 1, "key", name)))
                if said is not None:
                    add(make(Leaf, (path, string[0] - 1, string[1] + 1, "string", said)))
                elif digits is not None:
                    add(make(Leaf, (path, *number_, "number", digits)))
                else:
                    add(make(Leaf, (path, *word_, "literal", literal)))
                at = member.end()
            if mark == "}":
                end = closing + 1
                parent, index = outer.pop()
                continue
            path, at = _key(text, at, parent, leaves)
            break


def _key(text: str, at: int, parent: Path, leaves: list[Leaf]) -> tuple[Path, int]:
    """Read one key and its colon; return the path of its value and where that starts."""
    if text[at : at + 1] != '"':
        raise _malformed(at)
    name, end = scanstring(text, at + 1, True)
    path = (*parent, name)
    leaves.append(Leaf(path, at, end, "key", name))
    colon = COLON.match(text, end)
    if colon is None:
        raise _malformed(end)
    return path, colon.end()
