"""What another reading of a text could be worth: one fast scan that says which ones to try.

Ordinary prose has none of these signs and pays a few microseconds. A sign proves nothing.
"""

from __future__ import annotations

import re
import threading
from enum import IntFlag, auto
from typing import Final

import hyperscan

from llm_guard_protecto.detect.numerals import AT_WORDS, DOT_WORDS, NUMBER_WORDS

__all__ = ["Hints", "hints"]


class Hints(IntFlag):
    """Signs of a value that is not written plainly."""

    PERCENT = auto()
    HTML = auto()
    ESCAPE = auto()
    QUOTED = auto()
    BACKSLASH = auto()
    TAG = auto()
    CONTROL = auto()
    BASE64 = auto()
    BASE32 = auto()
    HEX = auto()
    HIDDEN = auto()
    APART = auto()
    GROUPS = auto()
    SPELLED = auto()
    ADDRESS = auto()
    LOOK = auto()

    ENCODED = (
        PERCENT | HTML | ESCAPE | QUOTED | BACKSLASH | TAG | CONTROL | BASE64 | BASE32 | HEX | HIDDEN
    )


def _any(words: tuple[str, ...]) -> str:
    return "(?:" + "|".join(words) + ")"


_AT: Final = _any(AT_WORDS)
_DOT: Final = _any(DOT_WORDS)
_NUMBER: Final = _any(tuple(sorted(NUMBER_WORDS)))
_MAILBOXES: Final = (
    "(?:gmail|googlemail|yahoo|ymail|hotmail|outlook|live|icloud|aol|gmx|proton|protonmail|zoho)"
)

_SIGNS: Final = (
    (Hints.PERCENT, r"%[0-9a-f]{2}"),
    (Hints.HTML, r"&(?:#x?[0-9a-f]{1,7}|[a-z][a-z0-9]{1,9});"),
    (Hints.ESCAPE, r"\\(?:u[0-9a-f]{4}|u\{|x[0-9a-f]{2})"),
    (Hints.QUOTED, r"=(?:40|2e)[0-9a-z=]|(?:=[2-7][0-9a-f]){4}|[0-9a-z.@-]=\r?\n[0-9a-z.@-]"),
    (Hints.BACKSLASH, r"[0-9a-z)]\\[@._+()-]"),
    (Hints.TAG, r"[0-9a-z@.+-]<(?:!--|/?(?:b|i|u|s|em|st|sp|w|f|sm|su|m|a|c)[a-z]*[ />])"),
    (Hints.CONTROL, r"[\x00-\x08\x0e-\x1f\x7f]"),
    (Hints.BASE64, r"[a-z0-9+/_-]{14}[a-z0-9+/_=-]{2}"),
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
    (Hints.SPELLED, rf"{_NUMBER}(?:[^0-9a-z]{{1,4}}(?:[0-9]|{_NUMBER})){{2}}[^0-9a-z]"),
    (Hints.ADDRESS, rf"[\[({{<*_~-] ?(?:{_AT}|{_DOT}|[@.]) ?[\])}}>*_~-]"),
    (Hints.ADDRESS, rf"[ \t]{_AT}[ \t].{{1,80}}[ \t]{_DOT}[ \t]"),
    (Hints.ADDRESS, rf"[ \t]{_AT}[ \t]+{_MAILBOXES}\."),
    (Hints.ADDRESS, rf"[0-9a-z] ?@ ?[0-9a-z-]+(?: |[ \t]{_DOT}[ \t])"),
    (Hints.ADDRESS, r"[0-9a-z][ \t]{1,3}@|@[ \t]{1,3}[0-9a-z]"),
    (Hints.LOOK, r"[0-9][ .-]?[oil|](?:[ .-]?[0-9oil|]){5}"),
    (Hints.LOOK, r"[oil|][ .-]?[0-9](?:[ .-]?[0-9oil|]){5}"),
)


class _Scan:
    """The signs, compiled; each thread has its own working memory."""

    def __init__(self) -> None:
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH
        self._database.compile(
            expressions=[regex.encode("latin-1") if "\\x" in regex else regex.encode()
                         for _, regex in _SIGNS],
            ids=list(range(len(_SIGNS))),
            elements=len(_SIGNS),
            flags=[flags | hyperscan.HS_FLAG_DOTALL] * len(_SIGNS),
        )
        self._local = threading.local()

    def __call__(self, text: str) -> Hints:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        seen: list[int] = []

        def sign(which: int, *_: object) -> None:
            seen.append(which)

        data = text.encode("utf-8", "surrogatepass")
        self._database.scan(data, match_event_handler=sign, scratch=scratch)
        found = Hints(0)
        for which in seen:
            found |= _SIGNS[which][0]
        return found


_LOCK = threading.Lock()
_BUILT: list[_Scan] = []


def hints(text: str) -> Hints:
    """The signs in `text`."""
    if not _BUILT:
        with _LOCK:
            if not _BUILT:
                _BUILT.append(_Scan())
    return _BUILT[0](text)
