"""JSON at the level of its literals: find every one, replace some, leave every other character.

Parsing and dumping a body again would change white space, key order, duplicate keys, number forms
and escapes, and a provider's prompt cache, a signature or an SDK would notice. So a body is read
once into `Leaf` values (a literal, where it stands, what it says) and changed with `edit`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from json.decoder import JSONDecoder
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_leaves import (
    COLON,
    MAX_DEPTH,
    Kind,
    Leaf,
    Path,
    leaves_after,
    leaves_of,
)

__all__ = ["MAX_DEPTH", "JsonText", "Kind", "Leaf", "Path", "edit", "nested", "quote"]


class JsonText:
    """A parsed JSON text: `text` as given and its `leaves` in the order of the text.

    Raises UnknownFormat when the text is not JSON or nests deeper than `MAX_DEPTH`; the message
    tells the position and quotes nothing.
    """

    __slots__ = ("agreed", "earlier", "leaves", "taken", "text", "walked")

    def __init__(self, text: str, *, vectors: bool = True, after: JsonText | None = None) -> None:
        """Parse `text` at once. `vectors=False` gives no leaves for lists of 16 or more numbers.

        A reply with embeddings has thousands of numbers that nobody looks at. The request of a
        chat begins like the one before, `after`, whose leaves are taken over as far as both texts
        agree: the first `taken`, which end before character `agreed`. `walked` keeps what a walk
        over the leaves found, by who walked, and `earlier` is that of `after`.
        """
        self.text = text
        self.walked: dict[Any, Any] = {}
        self.earlier: dict[Any, Any] = {} if after is None else after.walked
        self.leaves: tuple[Leaf, ...]
        if after is None:
            self.taken = self.agreed = 0
            self.leaves = leaves_of(text, vectors)
        else:
            self.leaves, self.taken, self.agreed = leaves_after(text, after.text, after.leaves)

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

    def span(self, path: Path) -> tuple[int, int] | None:
        """Return where the value of the key at `path` stands, an object or a list included.

        Raises UnknownFormat for a doubled key: two readers would read two values.
        """
        keys = [leaf for leaf in self.leaves if leaf.kind == "key" and leaf.path == path]
        if len(keys) > 1:
            raise UnknownFormat("a key is given twice")
        colon = COLON.match(self.text, keys[0].end) if keys else None
        if colon is None:
            return None
        return colon.end(), _DECODER.raw_decode(self.text, colon.end())[1]

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


_DECODER = JSONDecoder(parse_int=len, parse_float=len)  # the values do not matter, their ends do
_SURROGATE = re.compile("[\ud800-\udfff]")


def _by_start(change: tuple[Leaf, str]) -> int:
    return change[0].start


def _first(text: str) -> str:
    return text.lstrip("\ufeff \t\n\r")[:1]
