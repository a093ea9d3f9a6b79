"""How the signs of a run fold: look-alike letters and digits, invisible signs, joiners, case.

Runs fold character by character and no further: what is left either is the run or it is not.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["ALNUM", "INVISIBLE", "JOINER", "JOINER_CHARS", "plain", "solid"]

ALNUM = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
)
"""Signs without a width, as the inside of a character class."""
_SOFT = str.maketrans("", "", "\\*_~`")
_INVISIBLES = re.compile(f"[{INVISIBLE}]+")

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
