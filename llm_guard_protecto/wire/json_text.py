"""JSON at the level of its literals: find every one, replace some, leave every other character.

Parsing and dumping a body again would change white space, key order, duplicate keys, number forms
and escapes, and a provider's prompt cache, a signature or an SDK would notice. So a body is read
once into `Leaf` values (a literal, where it stands, what it says) and changed with `edit`.

Strict (RFC 8259), in one pass, in time linear in the text. Nesting is limited to 64 containers.
Two deviations, both harmless: a byte order mark at the very start counts as white space, and a
character that is a lone surrogate is accepted where any character is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]  # undocumented
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Literal, NamedTuple

from llm_guard_protecto.errors import UnknownFormat

__all__ = ["MAX_DEPTH", "JsonText", "Kind", "Leaf", "Path", "edit", "nested", "quote"]

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


class JsonText:
    """A parsed JSON text: `text` as given and its `leaves` in the order of the text.

    Raises UnknownFormat when the text is not JSON or nests deeper than `MAX_DEPTH`; the message
    tells the position and quotes nothing.
    """

    __slots__ = ("leaves", "text")

    def __init__(self, text: str, *, vectors: bool = True) -> None:
        """Parse `text` at once. `vectors=False` gives no leaves for lists of 16 or more numbers.

        A reply with embeddings has thousands of numbers that nobody looks at.
        """
        self.text = text
        try:
            self.leaves: tuple[Leaf, ...] = tuple(_leaves(text, vectors))
        except JSONDecodeError as error:  # its own message is fine, but it carries the whole text
            position = error.pos
        else:
            return
        raise _malformed(position)

    @property
    def is_object(self) -> bool:
        """Whether the text is an object."""
        return _first(self.text) == "{"

    def at(self, path: Path) -> Leaf | None:
        """Return the value that stands at `path` (the last one, if a key is doubled), or None."""
        found = None
        for leaf in self.leaves:
            if leaf.path == path and leaf.kind != "key":
                found = leaf
        return found

    def __repr__(self) -> str:
        """Show sizes, no text."""
        return f"JsonText({len(self.text)} characters, {len(self.leaves)} leaves)"


def nested(text: str) -> JsonText | None:
    """Read a string that may itself hold JSON (tool arguments, tool results).

    Returns None unless it is a well-formed object or array: a model writes half JSON, and a program
    writes plain words, and both are to be handled as text.
    """
    if _first(text) not in ("{", "["):
        return None
    try:
        return JsonText(text)
    except UnknownFormat:
        return None


def quote(value: str, *, ascii_only: bool = False) -> str:
    r"""Write `value` as a JSON string literal.

    Lone surrogates always become `\udXXX`, so the result can be encoded as UTF-8. Other characters
    stay as they are unless `ascii_only`.
    """
    if ascii_only:
        return encode_basestring_ascii(value)
    literal = encode_basestring(value)
    if literal.isascii():
        return literal
    return _SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", literal)


def edit(text: str, changes: Sequence[tuple[Leaf, str]]) -> str:
    """Let each of these leaves of `text` say something else; every other character stays.

    What is written is always a string literal, also in place of a number. One rule for escapes: a
    text that was pure ASCII stays pure ASCII, any other takes characters as they are. A leaf that
    already says the new value as a string keeps its own spelling, and without any real change the
    very same string object is returned. Raises ValueError when a leaf is named twice.
    """
    ascii_only = text.isascii()
    parts: list[str] = []
    at = 0
    for leaf, value in sorted(changes, key=_by_start):
        if leaf.start < at:
            raise ValueError("two changes for one place")
        if leaf.value == value and leaf.kind in ("string", "key"):
            continue
        parts.append(text[at : leaf.start])
        parts.append(quote(value, ascii_only=ascii_only))
        at = leaf.end
    if not parts:
        return text
    parts.append(text[at:])
    return "".join(parts)


_SURROGATE = re.compile("[\ud800-\udfff]")
_GAP = re.compile(r"[ \t\n\r]*+")
_OPENING = re.compile("\ufeff?+[ \t\n\r]*+")
_COLON = re.compile(r"[ \t\n\r]*+:[ \t\n\r]*+")
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


def _by_start(change: tuple[Leaf, str]) -> int:
    return change[0].start


def _first(text: str) -> str:
    return text.lstrip("\ufeff \t\n\r")[:1]


def _malformed(position: int) -> UnknownFormat:
    return UnknownFormat(f"not valid JSON (at character {position})")


def _leaves(text: str, vectors: bool) -> list[Leaf]:
    """Walk the grammar with a stack of our own, so that no input can exhaust Python's.

    One turn of the outer loop reads one value, or several plain members of an object at a time.
    Longer strings and those with escapes go through the standard library's C scanner.
    """
    leaves: list[Leaf] = []
    add = leaves.append
    make = tuple.__new__  # a quarter of the cost of Leaf(...), and these are the hottest lines
    member_at = _MEMBER.match
    opened = _OPENING.match(text)
    at = opened.end() if opened else 0

    # The innermost open container is `parent` (its path); `index` is the position of the item being
    # read, or -1 in an object; `path` is that of the value being read. `outer` holds the others.
    outer: list[tuple[Path, int]] = []
    parent: Path = ()
    index = -1
    path: Path = ()

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
    colon = _COLON.match(text, end)
    if colon is None:
        raise _malformed(end)
    return path, colon.end()
