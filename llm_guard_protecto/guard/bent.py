r"""The forms a model gives to tokens and wrappers, and how they fold back.

Runs fold character by character: case, Unicode digits and full-width letters, invisible
characters, and the joiners a renderer or typist puts inside a word (a line wrap, a Markdown
escape, emphasis). Wrappers are matched by patterns made from their literal: other brackets, other
case, blanks, and the HTML, JSON, percent and Markdown escapes of each sign. Nothing here measures
distance: a form either folds to the thing itself or it is something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["ALNUM", "JOINER", "JOINER_CHARS", "Wrapper", "escape_like", "plain", "solid"]

ALNUM = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
)
_SOFT = str.maketrans("", "", "\\*_~`")
_INVISIBLES = re.compile(f"[{_INVISIBLE}]+")

JOINER = re.compile(r"\\|[*_~`]{1,3}|-?[ \t]{0,3}\r?\n[ \t]{0,3}(?:>[ \t]?)?")
"""What may stand inside a run of a bent token: an escape, emphasis, a line wrap."""

JOINER_CHARS = frozenset("\\*_~`-\r\n \t>")


@lru_cache(maxsize=4096)
def _plain_char(char: str) -> str:
    """The ASCII letter or digit `char` looks like, "" if it is invisible, else itself."""
    if _INVISIBLES.match(char):
        return ""
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    # Only the compatibility forms of a single letter that are a change of font or width.
    kind, _, rest = unicodedata.decomposition(char).partition(" ")
    if kind in ("<wide>", "<font>") and " " not in rest:
        like = chr(int(rest, 16))
        if like in ALNUM:
            return like
    return char


def plain(text: str) -> str:
    """`text` with look-alike letters and digits as ASCII and invisible characters gone."""
    if text.isascii():
        return text
    return "".join([char if char < "\x80" else _plain_char(char) for char in text])


def solid(text: str) -> str:
    """`text` folded and lower case, every joiner gone: to ask "could a run be in here?"."""
    lines = plain(text).translate(_SOFT).lower().split("\n")
    return "".join([line.strip(" \t\r>-") for line in lines])


_OPENERS = "<([{«‹⟨＜〈【"
_CLOSERS = ">)]}»›⟩＞〉】"
_ENTITY = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;"}


def _escapes(char: str) -> list[str]:
    """How `char` is written plainly and in Markdown, HTML, JSON and URLs."""
    forms = [char]
    if char < "\x80":
        code = ord(char)
        if char.isprintable() and not char.isspace():
            forms.append("\\" + char)
        if char in _ENTITY:
            forms.append(_ENTITY[char])
        forms += [f"&#{code};", f"&#x{code:x};", f"\\u{code:04x}", f"\\x{code:02x}", f"%{code:02x}"]
    return forms


@dataclass(frozen=True, slots=True)
class _Part:
    """One piece of a wrapper pattern: the complete form and the forms cut short."""

    full: str
    cut: str = ""
    edge: bool = False


_BLANK = _Part(rf"[\s{_INVISIBLE}]{{0,3}}")


def _one_of(forms: Sequence[str], edge: bool = False) -> _Part:
    cuts = {form[:n] for form in forms for n in range(1, len(form))}
    return _Part(
        "(?:" + "|".join(re.escape(f) for f in sorted(set(forms), key=len, reverse=True)) + ")",
        "(?:" + "|".join(re.escape(c) for c in sorted(cuts, key=len, reverse=True)) + ")"
        if cuts
        else "",
        edge,
    )


def _parts(literal: str, worded: bool) -> list[_Part]:
    """The pieces of `literal`, each with its bent forms."""
    parts: list[_Part] = []
    for piece in re.findall(r"[^\W_]+|\s+|.", literal, re.DOTALL):
        if piece.isspace():
            part = _Part(r"\s{1,3}")
        elif piece.isalnum():
            part = _one_of([piece])
        elif worded and piece in _OPENERS:
            part = _one_of([*_escapes("<"), *_escapes(piece), *_OPENERS], edge=True)
        elif worded and piece in _CLOSERS:
            part = _one_of([*_escapes(">"), *_escapes(piece), *_CLOSERS], edge=True)
        elif worded and piece == "/":
            part = _one_of([*_escapes("/"), "\u2044", "\u2215", "\uff0f"], edge=True)
        elif worded and piece in "_-":
            part = _one_of([*_escapes("_"), "-", "\u2010", "\u2011", " "])
        else:
            part = _one_of(_escapes(piece))
        if parts and worded and (part.edge or parts[-1].edge):
            parts.append(_BLANK)
        parts.append(part)
    return parts


def _whole(parts: Sequence[_Part]) -> re.Pattern[str]:
    return re.compile("".join(part.full for part in parts), re.IGNORECASE)


def _begun(parts: Sequence[_Part]) -> re.Pattern[str]:
    """Matches a non-empty text that could go on to become `parts`, up to the end."""
    nested = ""
    for part in reversed(parts):
        going_on = rf"(?:\Z|{nested})" if nested else r"(?!)"
        cut = rf"{part.cut}\Z|" if part.cut else ""
        nested = f"(?:{cut}{part.full}{going_on})"
    return re.compile(nested or r"(?!)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A prefix and suffix and the patterns of their bent forms.

    A wrapper that holds a word of two letters or more (`<PER>`, `{Person Name `) can be told
    anywhere; one without (`{`, `[[`) is only ever recognised in its exact form.
    """

    prefix: str
    suffix: str
    opens: re.Pattern[str] | None
    closes: re.Pattern[str] | None
    opening: re.Pattern[str]
    closing: re.Pattern[str]
    starts: str

    @staticmethod
    @lru_cache(maxsize=1024)
    def of(prefix: str, suffix: str) -> Wrapper:
        """The wrapper made of this prefix and suffix."""
        word = re.compile(r"[A-Za-z]{2}")
        worded = [bool(word.search(side)) for side in (prefix, suffix)]
        # A suffix without a word may close only what its own prefix has opened.
        bends = [worded[0], worded[0] and bool(suffix)]
        sides = [_parts(side, bent) for side, bent in zip((prefix, suffix), bends, strict=True)]
        starts = set()
        for side, bent in zip((prefix, suffix), bends, strict=True):
            if not side or not bent:
                continue
            first = side[0]
            starts |= {first.lower(), first.upper()} if first.isalpha() else set("<&\\%" + first)
            if first in _OPENERS:
                starts |= set(_OPENERS)
            if first in _CLOSERS:
                starts |= set(_CLOSERS)
        return Wrapper(
            prefix,
            suffix,
            _whole(sides[0]) if bends[0] else None,
            _whole(sides[1]) if bends[1] else None,
            _begun(sides[0]) if bends[0] else re.compile(r"(?!)"),
            _begun(sides[1]) if bends[1] else re.compile(r"(?!)"),
            "".join(sorted(starts)),
        )

    @property
    def closes_alone(self) -> bool:
        """Whether the suffix can be told without its prefix."""
        return self.closes is not None and bool(re.search(r"[A-Za-z]{2}", self.suffix))


def escape_like(opener: str, value: str) -> str:
    """`value` escaped the way `opener`, the wrapper as the model wrote it, was escaped."""
    if opener.startswith("&"):
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if re.match(r"\\[ux]", opener):
        return json_escape(value)
    if opener.startswith("%"):
        return _percent(value)
    return value


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
