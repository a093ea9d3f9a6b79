r"""Tokens in JSON that arrives in pieces: tool-call arguments, JSON mode.

Each string literal is read as the text it means (`\u003cPER\u003e` is `<PER>`, wherever the escape
was cut) by a reader of its own; a value that goes into a literal is escaped for it. A literal that
itself holds a JSON document is read as JSON again. A token that stands where no string is (a number
position) becomes a JSON string, at the top level. Whatever is not a token keeps its bytes.

Where a policy has rules about places in the arguments, a reader follows the structure (`JsonWay`)
and each literal is open or closed by the way that leads to it. A document inside a literal goes on
with the literal's way. A key is judged before it has been read, so as one of any name.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from llm_guard_protecto.guard.bent import json_escape
from llm_guard_protecto.guard.json_way import JsonWay
from llm_guard_protecto.guard.places import Places
from llm_guard_protecto.guard.reader import Edit, Reader
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.policy import Step

__all__ = ["JsonReader", "JsonValue"]

_INSIDE = re.compile(r'["\\]')
_OUTSIDE = re.compile(r'[{}\[\],:"\s]')
_ESCAPED = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_HALF = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD][c-fC-F]?[0-9a-fA-F]?)?)?)?\Z")
_CUT = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_NESTED = re.compile(r'\s*(?:\{\s*["}]|\[\s*["\[{\d\]-])')
_NESTED_BEGUN = re.compile(r"\s*(?:[\[{]\s*)?\Z")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 4


class JsonValue:
    """Like `Reader`, for what one string of a JSON document means: text, or JSON again."""

    __slots__ = ("_child", "_depth", "_first", "_places", "_tokens", "_way")

    def __init__(
        self, tokens: TokenMap, places: Places, depth: int = 0, way: tuple[Step, ...] = ()
    ) -> None:
        """Start at the first character; `depth` documents are around it, and `way` leads to it."""
        self._tokens, self._places = tokens, places
        self._depth, self._way = depth, way
        self._first = ""
        self._child: Reader | JsonReader | None = None

    @property
    def counts(self) -> dict[str, int]:
        """What happened so far."""
        return self._child.counts if self._child else {}

    def push(self, piece: str, final: bool = False) -> tuple[list[Edit], int]:
        """Take `piece`; give the edits now certain and the position up to which all is settled."""
        if self._child is None:
            self._first += piece
            if not final and _NESTED_BEGUN.match(self._first):
                return [], 0
            nested = self._depth < _DEEPEST and _NESTED.match(self._first)
            self._child = (
                JsonReader(self._tokens, self._places, depth=self._depth + 1, way=self._way)
                if nested
                else Reader(self._tokens, self._places.at(self._way))
            )
            piece, self._first = self._first, ""
        return self._child.push(piece, final)


class _Literal:
    """One string literal: its raw text, what it means, and the reader of the meaning."""

    __slots__ = ("_raw", "_steps", "_text", "child", "said")

    def __init__(
        self, tokens: TokenMap, places: Places, raw: int, depth: int, way: JsonWay | None = None
    ) -> None:
        self.child = JsonValue(tokens, places, depth, way.here() if way is not None else ())
        self.said: list[str] | None = [] if way is not None and way.at_key else None
        # Where raw and meaning drift apart: (meaning position, raw position), both growing.
        self._text = [0]
        self._raw = [raw]
        self._steps = 0

    def push(self, raw: str, at: int, final: bool) -> tuple[list[Edit], int]:
        """Take raw text that begins at `at`; every escape in it is complete."""
        text = self._meaning(raw, at)
        if self.said is not None:
            self.said.append(text)
        edits, settled = self.child.push(text, final)
        mapped = [Edit(self._at(e.start), self._at(e.end), json_escape(e.text)) for e in edits]
        return mapped, self._at(settled)

    def _meaning(self, raw: str, at: int) -> str:
        if "\\" not in raw:
            self._steps += len(raw)
            return raw
        parts: list[str] = []
        done = 0
        while done < len(raw):
            if raw[done] != "\\":
                stop = raw.find("\\", done)
                stop = len(raw) if stop < 0 else stop
                parts.append(raw[done:stop])
                self._steps += stop - done
                done = stop
                continue
            found = _SURROGATES.match(raw, done) or _ESCAPED.match(raw, done)
            char = raw[done] if found is None else _unescaped(found[0])
            done = done + 1 if found is None else found.end()
            parts.append(char)
            self._steps += 1
            self._text.append(self._steps)
            self._raw.append(at + done)
        return "".join(parts)

    def _at(self, position: int) -> int:
        """The raw position of a position in the meaning."""
        step = bisect_right(self._text, position) - 1
        return self._raw[step] + position - self._text[step]


def _unescaped(escape: str) -> str:
    if len(escape) == 12:
        high, low = int(escape[2:6], 16), int(escape[8:12], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    if escape[1] == "u":
        return chr(int(escape[2:6], 16))
    return _SHORT.get(escape[1], escape[1])


class JsonReader:
    """Like `Reader`, for JSON; `inside` says that the text begins within a string literal."""

    __slots__ = (
        "_at",
        "_bare",
        "_depth",
        "_literal",
        "_places",
        "_rest",
        "_sum",
        "_tokens",
        "_way",
    )

    def __init__(
        self,
        tokens: TokenMap,
        places: Places,
        inside: bool = False,
        depth: int = 0,
        way: tuple[Step, ...] = (),
    ) -> None:
        """Start at the first character. `way` leads to the document, if it is inside another."""
        self._tokens = tokens
        self._places = places
        self._way = None if places.arguments is None else JsonWay(way)
        self._depth = depth
        self._at = 0
        self._rest = ""
        self._bare = ""
        self._sum = dict.fromkeys(("restored", "repaired", "unknown", "kept_in_url"), 0)
        self._literal = _Literal(tokens, places, 0, depth, self._way) if inside else None

    @property
    def counts(self) -> dict[str, int]:
        """What happened so far, in all literals."""
        return self._with(self._literal.child if self._literal else None)

    def _with(self, child: Reader | JsonValue | None) -> dict[str, int]:
        more = child.counts if child else {}
        return {name: count + more.get(name, 0) for name, count in self._sum.items()}

    def push(self, piece: str, final: bool = False) -> tuple[list[Edit], int]:
        """Take `piece`; give the edits now certain and the position up to which all is settled."""
        text = self._rest + piece
        start = self._at
        edits: list[Edit] = []
        done = 0
        settled = start
        while True:
            if self._literal is None:
                done, settled, more = self._outside(text, done, start, edits, final)
            else:
                done, settled, more = self._within(text, done, start, edits, final)
            if not more:
                break
        self._rest = text[done:]
        self._at = start + done
        return edits, settled

    def _within(
        self, text: str, done: int, start: int, edits: list[Edit], final: bool
    ) -> tuple[int, int, Literal[True, False]]:
        literal = self._literal
        if literal is None:
            return done, start + done, False
        end = done
        while (sign := _INSIDE.search(text, end)) is not None and sign[0] == "\\":
            if not final and (_CUT.match(text, sign.start()) or _HALF.match(text, sign.start())):
                break
            escape = _SURROGATES.match(text, sign.start()) or _ESCAPED.match(text, sign.start())
            end = escape.end() if escape else min(len(text), sign.start() + 2)
        closed = sign is not None and sign[0] == '"'
        end = sign.start() if sign is not None else len(text)
        if closed:
            found, settled = literal.push(text[done:end], start + done, True)
            edits += found
            self._sum = self._with(literal.child)
            self._literal = None
            if self._way is not None:
                self._way.string("".join(literal.said or ()))
            return end + 1, start + end + 1, True
        found, settled = literal.push(text[done:end], start + done, final)
        edits += found
        return end, start + len(text) if final else settled, False

    def _outside(
        self, text: str, done: int, start: int, edits: list[Edit], final: bool
    ) -> tuple[int, int, Literal[True, False]]:
        """Structure and bare words; a bare stretch that holds a token becomes a string."""
        while done < len(text):
            sign = _OUTSIDE.match(text, done)
            bare = self._token_end(text, done, final) if sign is None or sign[0] in "{[" else done
            if bare < 0:
                return done, start + done, False
            if bare > done:
                inner = Reader(self._tokens, self._places.at(self._way.here() if self._way else ()))
                found, _ = inner.push(text[done:bare], final=True)
                self._sum = self._with(inner)
                if found and self._depth == 0:
                    value = _applied(text[done:bare], found).strip()
                    edits.append(Edit(start + done, start + bare, f'"{json_escape(value)}"'))
                else:
                    # Inside a string it may be prose that begins like JSON: `[1] see ...`.
                    at = start + done
                    edits += [Edit(at + e.start, at + e.end, e.text) for e in found]
                done = bare
            elif text[done] == '"':
                self._literal = _Literal(
                    self._tokens, self._places, start + done + 1, self._depth, self._way
                )
                return done + 1, start + done + 1, True
            else:
                if self._way is not None:
                    self._way.sign(text[done])
                done += 1
        return done, start + done, False

    def _token_end(self, text: str, at: int, final: bool) -> int:
        """The end of the bare stretch at `at`; -1 when it is not all there yet."""
        heads = self._tokens.forms
        if text[at] in "{[":
            # Only a token as it was issued may begin with a sign of JSON itself.
            for form in heads:
                if form[0] == text[at] and text.startswith(form, at):
                    return at + len(form)
            if not final and len(text) - at < self._tokens.longest:
                rest = text[at:]
                if len(rest) > 1 and any(form.startswith(rest) for form in heads):
                    return -1
            return at
        for form in heads:
            if text.startswith(form, at):
                return at + len(form)
        if not final and any(form.startswith(text[at:]) for form in heads):
            return -1
        stop = re.compile(r'[{}\[\],:"\n]').search(text, at)
        if stop is None:
            return len(text) if final else -1
        return at + len(text[at : stop.start()].rstrip())


def _applied(text: str, edits: list[Edit]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, new in edits:
        parts += (text[at:start], new)
        at = end
    return "".join([*parts, text[at:]])
