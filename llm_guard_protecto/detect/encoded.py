"""Encoded runs of a text, decoded in place: base64, hex, percent, HTML, escapes, one level deep.

`decoded(text)` gives the reading in which each run that decodes to printable text is replaced by
what it says. What stands for single characters (`%40`, `&#64;`, `\\u0040`) is replaced one by one;
a block (base64, hex, characters hidden in invisible ones) as a whole. A block that is no text (an
image, a hash, a key) stays.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from html import unescape
from typing import Final

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.hints import Hints
from llm_guard_protecto.detect.view import Patch, View

__all__ = ["BLOCKS", "decoded"]

BLOCKS: Final = frozenset({"base64", "base32", "hex", "hidden", "reversed"})
"""The kinds that are replaced as a whole."""

_SHORTEST: Final = 6  # characters a block must say
_IMAGE: Final = expression(r"data:(?:image|audio|video|font|application)/[^\s,]{0,120},\Z")

_BASE64: Final = re.compile(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{14,}+(?:\r?\n[A-Za-z0-9+/_-]{4,76}(?![A-Za-z0-9+/_ -]))*+"
    r"={0,2}(?![A-Za-z0-9+/_=-])"
)
_HEX: Final = expression(
    r"(?<![0-9A-Za-z])(?:0[xX])?[0-9A-Fa-f]{2}(?:[ :,\\-]{0,2}(?:0?x)?[0-9A-Fa-f]{2}){7,}"
    r"(?![0-9A-Za-z])"
)
_HEX_SIGNS: Final = expression(r"0?[xX]|[^0-9A-Fa-f]")
_PERCENT: Final = expression(r"(?:%[0-9A-Fa-f]{2})+")
_HTML: Final = expression(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,9});")
_ESCAPE: Final = expression(
    r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\})"
)
_QUOTED: Final = expression(r"=(?:([2-7][0-9A-F])|\r?\n)")
_BACKSLASH: Final = expression(r"(?<=[\w)(+])\\(?=[@._+()\-])")
_TAG: Final = expression(
    r"(?<=[\w@.+)-])(?:<!--[^<>]{0,200}-->"
    r"|</?(?:b|i|u|s|em|strong|span|wbr|font|small|sup|sub|mark|a|code)\b[^<>]{0,200}>)+"
    r"(?=[\w@.(+-])"
)
_CONTROL: Final = expression(r"[\x00-\x08\x0e-\x1f\x7f]+")
_HIDDEN: Final = expression(r"[\U000e0020-\U000e007e]{5,}|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{5,}")
_REVERSED: Final = expression(r"\u202e([^\u202a-\u202e\n]{2,2000})[\u202c\n]?")


def decoded(text: str, hints: int) -> View:
    """The reading of `text` with every encoded run replaced; `hints` are those of `text`."""
    patches: list[Patch] = []
    for hint, find in _FINDERS:
        if hint & hints:
            patches += find(text)
    return View(text).patched(patches)


def _blocks(
    kind: str, runs: re.Pattern[str], read: Callable[[str], bytes]
) -> Callable[[str], Iterator[Patch]]:
    def find(text: str) -> Iterator[Patch]:
        for run in runs.finditer(text):
            start, end = run.span()
            if _IMAGE.search(text, max(0, start - 150), start):
                continue
            said = _said(read, run.group())
            if said:
                yield Patch(start, end, said, kind)

    return find


def _said(read: Callable[[str], bytes], run: str) -> str:
    """What a run says, when that is printable text."""
    try:
        raw = read(run)
        if len(raw) % 2 == 0 and raw[1::2].count(0) * 2 == len(raw):
            said = raw.decode("utf-16-le")
        else:
            said = raw.decode("utf-8")
    except (ValueError, binascii.Error):
        return ""
    plain = said.translate(_LINE_SIGNS)
    return said if len(said) >= _SHORTEST and plain.isprintable() else ""


_LINE_SIGNS: Final = str.maketrans("\t\r\n", "   ")
_URL_SAFE: Final = str.maketrans("-_", "+/", "\r\n=")


def _read_base64(run: str) -> bytes:
    run = run.translate(_URL_SAFE)
    return base64.b64decode(run + "=" * (-len(run) % 4), validate=True)


def _read_base32(run: str) -> bytes:
    run = run.rstrip("=")
    return base64.b32decode(run + "=" * (-len(run) % 8))


def _read_hex(run: str) -> bytes:
    compact = _HEX_SIGNS.sub("", run)
    if compact.isdigit() and len(compact) < 24:
        return b""
    return bytes.fromhex(compact)


def _percents(text: str) -> Iterator[Patch]:
    for run in _PERCENT.finditer(text):
        raw = bytes.fromhex(run.group().replace("%", ""))
        if raw.isascii():
            for i, byte in enumerate(raw):
                if 32 <= byte < 127 or byte == 10:
                    at = run.start() + 3 * i
                    yield Patch(at, at + 3, chr(byte), "percent")
            continue
        at = run.start()
        for character in raw.decode("utf-8", "replace"):
            size = len(character.encode()) * 3
            if character == "\ufffd":  # no text: leave the rest
                break
            if character.isprintable():
                yield Patch(at, at + size, character, "percent")
            at += size


def _entities(text: str) -> Iterator[Patch]:
    for found in _HTML.finditer(text):
        plain = _entity(found.group())
        if plain is not None:
            yield Patch(found.start(), found.end(), plain, "html")


@lru_cache(maxsize=1024)
def _entity(written: str) -> str | None:
    """What an HTML entity stands for, if it is one; nothing for a control character."""
    plain = unescape(written)
    return plain if plain != written and (plain.isprintable() or plain.isspace()) else None


def _escapes(text: str) -> Iterator[Patch]:
    for found in _ESCAPE.finditer(text):
        code = int(found.group(found.lastindex or 1), 16)
        if code < 0x110000 and not 0xD800 <= code < 0xE000 and chr(code).isprintable():
            yield Patch(found.start(), found.end(), chr(code), "escape")


def _quoted(text: str) -> Iterator[Patch]:
    for found in _QUOTED.finditer(text):
        plain = chr(int(found[1], 16)) if found[1] else ""
        if plain.isprintable():
            yield Patch(found.start(), found.end(), plain, "quoted-printable")


def _dropped(kind: str, what: re.Pattern[str]) -> Callable[[str], Iterator[Patch]]:
    def find(text: str) -> Iterator[Patch]:
        for found in what.finditer(text):
            yield Patch(found.start(), found.end(), "", kind)

    return find


def _smuggled(text: str) -> Iterator[Patch]:
    """Text in characters that are not shown: tags, or bytes as variation selectors."""
    for run in _HIDDEN.finditer(text):
        codes = [ord(c) for c in run.group()]
        if codes[0] >= 0xE0000 and codes[0] < 0xE0100:
            yield Patch(
                run.start(), run.end(), f" {''.join(chr(c - 0xE0000) for c in codes)} ", "hidden"
            )
            continue
        raw = bytes(c - 0xFE00 if c < 0xE0000 else c - 0xE0100 + 16 for c in codes)
        said = _said(bytes.fromhex, raw.hex())
        if said:
            yield Patch(run.start(), run.end(), f" {said} ", "hidden")


def _turned(text: str) -> Iterator[Patch]:
    """What a right-to-left override shows backwards."""
    for run in _REVERSED.finditer(text):
        yield Patch(run.start(), run.start(1) + len(run[1]), run[1][::-1], "reversed")


_FINDERS: Final = (
    (Hints.PERCENT, _percents),
    (Hints.HTML, _entities),
    (Hints.ESCAPE, _escapes),
    (Hints.QUOTED, _quoted),
    (Hints.BACKSLASH, _dropped("backslash", _BACKSLASH)),
    (Hints.TAG, _dropped("markup", _TAG)),
    (Hints.CONTROL, _dropped("folded", _CONTROL)),
    (Hints.BASE64, _blocks("base64", _BASE64, _read_base64)),
    (Hints.BASE32, _blocks("base32", re.compile(r"\b[A-Z2-7]{16,}+={0,6}"), _read_base32)),
    (Hints.HEX, _blocks("hex", _HEX, _read_hex)),
    (Hints.HIDDEN, _smuggled),
    (Hints.HIDDEN, _turned),
)
