r"""Tokens in JSON that arrives in pieces: tool-call arguments, JSON mode.

Each string literal is read as the text it means (`\u003cPER\u003e` is `<PER>`, wherever the escape
was cut) by a reader of its own; a value that goes into a literal is escaped for it. A literal that
itself holds a JSON document is read as JSON again. A token that stands where no string is (a number
position) becomes a JSON string, at the top level. Whatever is not a token keeps its bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from llm_guard_protecto.guard.bent import json_escape
from llm_guard_protecto.guard.places import Places
from llm_guard_protecto.guard.reader import Edit, Reader
from llm_guard_protecto.guard.tokenmap import TokenMap

__all__ = ["JsonReader"]

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


class _Literal:
    """One string literal: its raw text, what it means, and the reader of the meaning."""

    __slots__ = ("_depth", "_first", "_places", "_raw", "_steps", "_text", "_tokens", "child")

    def __init__(self, tokens: TokenMap, places: Places, raw: int, depth: int) -> None:
        self._tokens = tokens
        self._places = places
        self._depth = depth
        self._first = ""
        self.child: Reader | JsonReader | None = None
        # Where raw and meaning drift apart: (meaning position, raw position), both growing.
        self._text = [0]
        self._raw = [raw]
        self._steps = 0

    def push(self, raw: str, at: int, final: bool) -> tuple[list[Edit], int]:
        """Take raw text that begins at `at`; every escape in it is complete."""
        text = self._meaning(raw, at)
        if self.child is None:
            self._first += text
            if not final and _NESTED_BEGUN.match(self._first):
                return [], self._raw[0]
            nested = self._depth < _DEEPEST and _NESTED.match(self._first)
            self.child = (
                JsonReader(self._tokens, self._places, depth=self._depth + 1)
                if nested
                else Reader(self._tokens, self._places)
            )
            text, self._first = self._first, ""
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
    )

    def __init__(
        self, tokens: TokenMap, places: Places, inside: bool = False, depth: int = 0
    ) -> None:
        """Start at the first character."""
        self._tokens = tokens
        self._places = places
        self._depth = depth
        self._at = 0
        self._rest = ""
        self._bare = ""
        self._sum = dict.fromkeys(("restored", "repaired", "unknown", "kept_in_url"), 0)
        self._literal = _Literal(tokens, places, 0, depth) if inside else None

    @property
    def counts(self) -> dict[str, int]:
        """What happened so far, in all literals."""
        return self._with(self._literal.child if self._literal else None)

    def _with(self, child: Reader | JsonReader | None) -> dict[str, int]:
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
                inner = Reader(self._tokens, self._places)
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
                self._literal = _Literal(self._tokens, self._places, start + done + 1, self._depth)
                return done + 1, start + done + 1, True
            else:
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
