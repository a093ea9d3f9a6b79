"""What another reading of a text could be worth: one fast scan that says which ones to try.

Ordinary prose has none of these signs and pays a few microseconds. A sign proves nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import hyperscan

from llm_guard_protecto.detect.kept import cache_home, fetch, fingerprint, keep
from llm_guard_protecto.detect.numerals import DOT_WORDS, MAILBOXES, NUMBER_WORDS, REPEATS, SITES

__all__ = ["Hints", "hints"]


class Hints:
    """Signs of a value that is not written plainly: one bit each, for sums of them."""

    PERCENT: Final = 1 << 0
    HTML: Final = 1 << 1
    ESCAPE: Final = 1 << 2
    QUOTED: Final = 1 << 3
    BACKSLASH: Final = 1 << 4
    TAG: Final = 1 << 5
    CONTROL: Final = 1 << 6
    BASE64: Final = 1 << 7
    BASE32: Final = 1 << 8
    HEX: Final = 1 << 9
    HIDDEN: Final = 1 << 10
    APART: Final = 1 << 11
    GROUPS: Final = 1 << 12
    SPELLED: Final = 1 << 13
    ADDRESS: Final = 1 << 14
    SITE: Final = 1 << 15
    MACHINE: Final = 1 << 16
    LOOK: Final = 1 << 17

    ENCODED: Final = (1 << 11) - 1
    """Those of the runs that `encoded.py` reads."""


_PORTION: Final = 7
_FLAGS: Final = (
    hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
)
_NUMBER: Final = "(?:" + "|".join(sorted((*NUMBER_WORDS, *REPEATS))) + ")"
_DOT: Final = "(?:" + "|".join(DOT_WORDS) + ")"
_AFTER_DOT: Final = r"[\])}>*_~\s\x80-\xff-]{0,15}"

_SIGNS: Final = (
    (Hints.PERCENT, r"%[0-9a-f]{2}"),
    (Hints.HTML, r"&(?:#x?[0-9a-f]{1,7}|[a-z][a-z0-9]{1,9});"),
    (Hints.ESCAPE, r"\\(?:u[0-9a-f]{4}|u\{|x[0-9a-f]{2})"),
    (Hints.QUOTED, r"=(?:40|2e)[0-9a-z=]|(?:=[2-7][0-9a-f]){4}|[0-9a-z.@-]=\r?\n[0-9a-z.@-]"),
    (Hints.BACKSLASH, r"[0-9a-z)]\\[@._+()-]"),
    (Hints.TAG, r"[0-9a-z@.+-]<(?:!--|/?(?:b|i|u|s|em|st|sp|w|f|sm|su|m|a|c)[a-z]*[ />])"),
    (Hints.CONTROL, r"[\x00-\x08\x0e-\x1f\x7f]"),
    (Hints.BASE64, r"[a-z0-9+/_-]{12}[a-z0-9+/_=-]{2}"),
    (Hints.BASE32, r"(?-i)[A-Z2-7]{16}"),
    (Hints.HEX, r"[0-9a-f]{2}(?:[ :,\\-]{0,2}(?:0?x)?[0-9a-f]{2}){7}"),
    (Hints.HIDDEN, r"(?:\xf3\xa0[\x80-\xbf]{2}|\xef\xb8[\x80-\x8f]){5}|\xe2\x80\xae"),
    # single characters with something between them; digits with anything between them
    (Hints.APART, r"(?:^|\s)[!-~](?:[ \t]{1,4}[!-~]){6}(?:\s|$)"),
    (Hints.APART, r"\b[0-9](?:[^0-9a-z]{1,6}[0-9]){5}[^0-9a-z]{1,6}[0-9]"),
    (Hints.APART, r"\b[0-9a-z](?:[^0-9a-z\s]{1,4}[0-9a-z]){5}[^0-9a-z\s]{1,4}[0-9a-z@.]"),
    (Hints.APART, r"\b[0-9a-z](?:\r?\n[0-9a-z@.]){6}"),
    (Hints.GROUPS, r"[0-9]{3}[^0-9a-z]{1,6}[0-9]{2,3}[^0-9a-z]{1,6}[0-9]{4}"),
    (Hints.GROUPS, r"[0-9]{4}[^0-9a-z]{1,6}[0-9]{4,6}[^0-9a-z]{1,6}[0-9]{4}"),
    (Hints.GROUPS, r"[0-9]{2}(?:[^0-9a-z][0-9]{2}){6}"),
    (Hints.SPELLED, rf"\b{_NUMBER}[ ,.\r\n-]{{1,3}}{_NUMBER}\b"),
    (Hints.ADDRESS, r"[\[({<*_~-] ?(?:at|dot|[@.]) ?[\])}>*_~-]"),
    (Hints.ADDRESS, rf"\s{_DOT}\s"),
    (Hints.ADDRESS, rf"\s(?:{'|'.join(MAILBOXES)})\."),
    (Hints.ADDRESS, r"[0-9a-z][ \t]{1,3}@|@[ \t]{1,3}[0-9a-z]"),
    (Hints.SITE, rf"(?:\.|{_DOT}){_AFTER_DOT}(?:{'|'.join(SITES)})\b"),
    (Hints.MACHINE, rf"[0-9][^0-9a-z]{{0,8}}(?:\.|{_DOT}){_AFTER_DOT}[0-9]"),
    (Hints.LOOK, r"[0-9][ .-]?[oil|](?:[ .-]?[0-9oil|]){5}"),
    (Hints.LOOK, r"[oil|][ .-]?[0-9](?:[ .-]?[0-9oil|]){5}"),
)
_BITS: Final = tuple(hint for hint, _ in _SIGNS)


class _Scan:
    """The signs, compiled; each thread has its own working memory."""

    def __init__(self, cache: Path | None) -> None:
        portions = [_SIGNS[i : i + _PORTION] for i in range(0, len(_SIGNS), _PORTION)]
        name = fingerprint(repr(portions).encode())
        kept = fetch(cache, name, len(portions))
        if kept is None:
            kept = [_compile(portion, first * _PORTION) for first, portion in enumerate(portions)]
            keep(cache, name, kept)
        self._databases = kept
        self._local = threading.local()

    def __call__(self, text: str) -> int:
        scratches = getattr(self._local, "scratches", None)
        if scratches is None:
            scratches = [hyperscan.Scratch(database) for database in self._databases]
            self._local.scratches = scratches
        found = 0

        def sign(which: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            nonlocal found
            found |= _BITS[which]

        data = text.encode("utf-8", "surrogatepass")
        for database, scratch in zip(self._databases, scratches, strict=True):
            database.scan(data, match_event_handler=sign, scratch=scratch)
        return found


def _compile(signs: Sequence[tuple[int, str]], first: int) -> hyperscan.Database:
    """A few signs at a time: the time to compile grows faster than their number."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[regex.encode() for _, regex in signs],
        ids=list(range(first, first + len(signs))),
        elements=len(signs),
        flags=[_FLAGS] * len(signs),
    )
    return database


_LOCK = threading.Lock()
_BUILT: list[_Scan] = []


def hints(text: str) -> int:
    """The signs in `text`, a sum of `Hints`."""
    if not _BUILT:
        with _LOCK:
            if not _BUILT:
                _BUILT.append(_Scan(cache_home()))
    return _BUILT[0](text)
