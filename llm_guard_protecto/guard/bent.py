r"""The forms a model gives to wrappers, and how a value is written where one of them stood.

Wrappers are matched by patterns made from their literal: other brackets, doubled brackets, other
case, blanks, a stray attribute, and the HTML, JSON, percent and Markdown escapes of each sign. How
the runs inside them fold is in `fold`. Nothing here measures distance: a form either folds to the
thing itself or it is something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from llm_guard_protecto.guard.fold import ALNUM, INVISIBLE, JOINER, JOINER_CHARS, plain, solid

__all__ = ["ALNUM", "JOINER", "JOINER_CHARS", "OPENERS", "Wrapper", "escape_like", "plain", "solid"]

OPENERS = "<([{«‹⟨＜〈【「『《〔（［｛"
_CLOSERS = ">)]}»›⟩＞〉】」』》〕）］｝"
_ENTITY = {"<": "lt", ">": "gt", "&": "amp", '"': "quot", "/": "sol", "«": "laquo", "»": "raquo"}
_NEVER = re.compile(r"(?!)")


def _escapes(char: str) -> list[str]:
    """How `char` is written plainly and in Markdown, HTML, JSON and URLs, once or twice over."""
    code = ord(char)
    names = [f"{_ENTITY[char]};"] if char in _ENTITY else []
    forms = [char]
    if char < "\x80":
        if char.isprintable() and not char.isspace():
            forms.append("\\" + char)
        names += [f"#{code};", f"#x{code:x};"]
        forms += [f"\\u{code:04x}", f"\\\\u{code:04x}", f"\\x{code:02x}", f"%{code:02x}"]
    return [*forms, *(f"{amp}{name}" for amp in ("&", "&amp;") for name in names)]


@dataclass(frozen=True, slots=True)
class _Part:
    """One piece of a wrapper pattern: the complete form and the forms cut short."""

    full: str
    cut: str = ""
    edge: bool = False


_BLANK = _Part(rf"[\s{INVISIBLE}]{{0,3}}")
# `<PER class="name">`, `<PER/>`: what a model adds to a tag.
_ADDED = _Part(
    r"""(?:\s[A-Za-z][\w:.\-]{0,20}\s?=\s?["'][^"'<>\n]{0,40}["']){0,2}\s?/?""",
    r"(?:\s[A-Za-z][^<>\n]{0,80})",
)


def _one_of(forms: Sequence[str], edge: bool = False) -> _Part:
    cuts = {form[:n] for form in forms for n in range(1, len(form))}
    return _Part(
        "(?:" + "|".join(re.escape(f) for f in sorted(set(forms), key=len, reverse=True)) + ")",
        "(?:" + "|".join(re.escape(c) for c in sorted(cuts, key=len, reverse=True)) + ")"
        if cuts
        else "",
        edge,
    )


def _parts(literal: str, worded: bool, times: int = 1, names: Sequence[str] = ()) -> list[_Part]:
    """The pieces of `literal`, each with its bent forms; its brackets written `times` times.

    `names` stand in the place of the word.
    """
    parts: list[_Part] = []
    pieces = re.findall(r"[^\W_]+|\s+|.", literal, re.DOTALL)
    for number, piece in enumerate(pieces):
        if piece.isspace():
            part = _Part(r"\s{1,3}")
        elif piece.isalnum():
            part = _one_of(names or [piece])
        elif worded and (piece in OPENERS or piece in _CLOSERS):
            sign, others = ("<", OPENERS) if piece in OPENERS else (">", _CLOSERS)
            forms = [*_escapes(sign), *_escapes(piece), *others]
            part = _one_of([form * times for form in forms], edge=True)
        elif worded and piece == "/":
            part = _one_of([*_escapes("/"), "\u2044", "\u2215", "\uff0f"], edge=True)
        elif worded and piece in "_-":
            part = _one_of([*_escapes("_"), "-", "\u2010", "\u2011", " "])
        else:
            part = _one_of(_escapes(piece))
        if parts and worded and (part.edge or parts[-1].edge):
            parts.append(_BLANK)
        if worded and piece == ">" and number == len(pieces) - 1 and parts and "/" not in literal:
            parts.append(_ADDED)
        parts.append(part)
    return parts


def _whole(*ways: Sequence[_Part]) -> re.Pattern[str]:
    """Matches the first of the `ways` to write a side of a wrapper."""
    rows = ["".join(part.full for part in parts) for parts in ways]
    return re.compile("|".join(rows), re.IGNORECASE)


def _begun(*ways: Sequence[_Part]) -> re.Pattern[str]:
    """Matches a non-empty text that could go on to become one of the `ways`, up to the end."""
    rows: list[str] = []
    for parts in ways:
        nested = ""
        for part in reversed(parts):
            going_on = rf"(?:\Z|{nested})" if nested else r"(?!)"
            cut = rf"{part.cut}\Z|" if part.cut else ""
            nested = f"(?:{cut}{part.full}{going_on})"
        rows.append(nested or r"(?!)")
    return re.compile("|".join(rows), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A prefix and suffix and the patterns of their bent forms.

    A wrapper that holds a word of two letters or more (`<PER>`, `{Person Name `) can be told
    anywhere; one without (`{`, `[[`) is only ever recognised in its exact form. `closes_twice`
    closes what doubled brackets have opened; `closes_torn` lacks the last bracket.
    """

    prefix: str
    suffix: str
    opens: re.Pattern[str] | None
    closes: re.Pattern[str] | None
    closes_twice: re.Pattern[str]
    closes_torn: re.Pattern[str]
    opening: re.Pattern[str]
    closing: re.Pattern[str]
    starts: str

    @staticmethod
    @lru_cache(maxsize=1024)
    def of(prefix: str, suffix: str, names: tuple[str, ...] = ()) -> Wrapper:
        """The wrapper made of this prefix and suffix, its word replaced by any of `names`."""
        word = re.compile(r"[A-Za-z]{2}")
        worded = [bool(word.search(side)) for side in (prefix, suffix)]
        # A suffix without a word may close only what its own prefix has opened.
        bends = [worded[0], worded[0] and bool(suffix)]
        opens, closes = (
            [_parts(side, bent, times, names) for times in (2, 1)]
            for side, bent in zip((prefix, suffix), bends, strict=True)
        )
        starts = set()
        for side, bent in zip((prefix, suffix), bends, strict=True):
            if not side or not bent:
                continue
            first = side[0]
            starts |= {first.lower(), first.upper()} if first.isalpha() else set("<&\\%" + first)
            if first in OPENERS:
                starts |= set(OPENERS)
            if first in _CLOSERS:
                starts |= set(_CLOSERS)
        torn = bends[1] and worded[1] and suffix[-1] in _CLOSERS
        return Wrapper(
            prefix,
            suffix,
            _whole(*opens) if bends[0] else None,
            _whole(closes[1]) if bends[1] else None,
            _whole(closes[0]) if bends[1] else _NEVER,
            re.compile(_whole(closes[1][:-2]).pattern + r"(?![0-9A-Za-z_\-])", re.IGNORECASE)
            if torn
            else _NEVER,
            _begun(*opens) if bends[0] else _NEVER,
            _begun(*closes) if bends[1] else _NEVER,
            "".join(sorted(starts)),
        )

    @property
    def closes_alone(self) -> bool:
        """Whether the suffix can be told without its prefix."""
        return self.closes is not None and bool(re.search(r"[A-Za-z]{2}", self.suffix))

    @property
    def torn(self) -> str:
        """The prefix without its first bracket, where that can be told; else empty."""
        bracket = self.opens is not None and self.prefix[0] in OPENERS
        return self.prefix[1:] if bracket and self.prefix[-1] in _CLOSERS else ""


def escape_like(opener: str, value: str) -> str:
    """`value` escaped the way `opener`, the wrapper as the model wrote it, was escaped."""
    if opener.startswith("&"):
        twice = opener[:5].lower() == "&amp;"
        return _entities(_entities(value)) if twice else _entities(value)
    if re.match(r"\\\\u", opener):
        return json_escape(json_escape(value))
    if re.match(r"\\[ux]", opener):
        return json_escape(value)
    if opener.startswith("%"):
        return _percent(value)
    return value


def _entities(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def json_escape(value: str) -> str:
    """`value` as it stands between the quotes of a JSON string; lone surrogates stay legal."""
    return _MUST_ESCAPE.sub(_json_char, value)


_MUST_ESCAPE = re.compile('[\x00-\x1f"\\\\\ud800-\udfff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _json_char(match: re.Match[str]) -> str:
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}"


def _percent(value: str) -> str:
    from urllib.parse import quote

    return quote(value, safe="", errors="surrogatepass")
