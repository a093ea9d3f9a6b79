"""The folded reading of a text: one plain character for every way to write it.

Invisible characters and marks that no letter needs are dropped, wide, mathematical and circled
letters and digits become plain, digits of every script ASCII ones, exotic blanks, dashes and dots
plain ones; then letters of another script become the Latin ones they look like, in words that mix
scripts. Ordinary writing of any language is left as it is: `é`, a Persian joiner, a word in Greek.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.lookalikes import (
    DIGITS,
    LETTERS,
    NEARLY,
    PLAIN_DIGITS,
    PLAIN_LETTERS,
)
from llm_guard_protecto.detect.view import Patch, View

__all__ = ["FOLDED", "fold", "foreign_digits", "look_digits"]

FOLDED: Final = "folded"

_INVISIBLE: Final = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_DASHES: Final = "\u2010-\u2015\u2043\u207b\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d\u02d7\u2796"
_BLANKS: Final = "\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
_DOTS: Final = "\u2024\u3002\uff0e\uff61\ufe52"
_SIGNS: Final = {
    **dict.fromkeys("\u2044\u2215\u29f8\uff0f", "/"),
    **dict.fromkeys("\u2236\ua789\ufe55\uff1a\u02d0", ":"),
    **dict.fromkeys("\ufe6b\uff20", "@"),
    "\u02cd": "_",
    "\uff3f": "_",
    "\uff0b": "+",
}
_JOINTS: Final = f"{_DASHES}{_BLANKS}{_DOTS}{''.join(_SIGNS)}"
_WIDE_SIGNS: Final = {chr(c + 0xFEE0): chr(c) for c in range(33, 127) if not chr(c).isalnum()}
_LINES: Final = "\x85\u2028\u2029"

# What a character may need: the readings below are made only where one of them does.
_MARK, _HIDDEN, _FORM, _SCRIPT, _SPACING = (1 << n for n in range(5))
_IS_INVISIBLE: Final = expression(f"[{_INVISIBLE}]")
_IS_SPACING: Final = expression(f"[{_JOINTS}]")
_IS_SCRIPT: Final = expression(f"[\u0370-\u058f{PLAIN_LETTERS}]")

# Scripts in which a mark or a joiner is a disguise: Latin, Greek, Cyrillic, Armenian; and signs.
_OURS: Final = "!-~\xa1-\u02ff\u0370-\u0482\u048a-\u058f\u1e00-\u1fff\u2460-\u24ff\uff01-\uff5e"
_HIDES: Final = expression(
    rf"(?<![^\s{_OURS}\U0001d400-\U0001d7ff])[{_INVISIBLE}]+(?=[{_OURS}\U0001d400-\U0001d7ff\s]|\Z)"
)
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u3099\u309a"
)
_MARKED: Final = expression(rf"[ {_OURS}][{_INVISIBLE}]*[{_MARKS}][{_MARKS}{_INVISIBLE}]*")
_SPACED: Final = expression(
    rf"(?<=[A-Z\uff21-\uff3a\uff08\uff09\d).+(])[{_JOINTS} ]+(?=[A-Z\uff21-\uff3a\uff08\uff09\d)(+])"
    rf"|(?<=\w)[{_DOTS}{''.join(_SIGNS)}](?=\w)"
)
_SPACED_ADDRESS: Final = expression(rf"(?<=[\w).(+])[{_JOINTS} ]+(?=[\w)(+])")
_REGIONAL: Final = expression("[\U0001f1e6-\U0001f1ff]+")
_MARKS_LOOKED_AT: Final = 8
_KEPT: Final = 1 << 15  # characters that were met
_WORD: Final = expression(r"\w+")
_LATIN: Final = expression(r"[A-Za-z]")
_ACCOUNT: Final = expression(rf"[A-Z{PLAIN_LETTERS}]{{2}}[0-9{PLAIN_DIGITS}]{{2}}")
_NUMBER: Final = expression(
    rf"(?<![\w|])(?:[0-9{PLAIN_DIGITS}](?:[ ()./-]{{0,2}}[0-9{PLAIN_DIGITS}]){{6,}}+)(?![\w|])"
)
_FOREIGN_DIGIT: Final = expression(f"[{''.join(c for c in DIGITS if not c.isascii())}]")
_TO_DIGITS: Final = {ord(letter): digit for letter, digit in DIGITS.items()}
_ALL_LETTERS: Final = frozenset(LETTERS)


def fold(view: View) -> View:
    """The folded reading of a view; the view itself when nothing in it needs folding."""
    text = view.text
    if text.isascii():
        return view
    needs = _needs(text)
    if needs & _SPACING:
        spaced = _SPACED_ADDRESS if "@" in text or "\uff20" in text else _SPACED
        view = view.rewritten(spaced.sub(_plainly_spaced, text), FOLDED)
    if needs & (_MARK | _HIDDEN | _FORM):
        view = view.patched(_plain_patches(text, needs))
        if needs & _FORM:
            view = view.respelled(_single_forms(view.text), FOLDED)
    if needs & _SCRIPT:
        view = view.rewritten(_one_script(view.text), FOLDED)
    return view


def foreign_digits(text: str) -> bool:
    """Whether a letter outside ASCII may pass for a digit in `text`."""
    return _FOREIGN_DIGIT.search(text) is not None


def look_digits(text: str, *, foreign: bool) -> str:
    """`text` with digits for the letters between digits that pass for them: `41ll 1OO1`.

    Most must be real digits, or one at least where other letters were a disguise (`foreign`).
    """

    def plain(number: re.Match[str]) -> str:
        value = number.group()
        wrong = sum(map(DIGITS.__contains__, value))
        if not wrong:
            return value
        real = sum("0" <= c <= "9" for c in value)
        return value if real < (1 if foreign else max(3, wrong)) else value.translate(_TO_DIGITS)

    return _NUMBER.sub(plain, text)


def _needs(text: str) -> int:
    needs = 0
    for character in _foreign(text):
        needs |= _need(character)
    return needs


def _foreign(text: str) -> list[str]:
    """The characters of `text` outside ASCII, but for those that are never folded."""
    return _FOREIGN.findall("".join(set(text)))


# Not the Han characters, Korean syllables, characters for private use: they are many.
_FOREIGN: Final = expression(
    "[\x80-\u33ff\ua000-\uabff\ud7a4-\udfff\uf900-\U0001ffff\U000e0000-\U0010ffff]"
)


@lru_cache(maxsize=_KEPT)
def _need(character: str) -> int:
    """What readings a character may call for."""
    if _IS_INVISIBLE.match(character):
        return _HIDDEN
    if _IS_SPACING.match(character):
        return _SPACING
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return _FORM
    if _form(character):
        return _FORM
    if _IS_SCRIPT.match(character):
        return _SCRIPT
    if character >= "\u0300" and unicodedata.category(character)[0] == "M":
        return _MARK
    return 0


@lru_cache(maxsize=_KEPT)
def _form(character: str) -> str:
    """The plain letters or digits that `character` is a form of, or nothing."""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if "\U0001f130" <= character <= "\U0001f189":  # squared and negative letters
        return chr(65 + (ord(character) - 0x1F130) % 32) if _lettered(character) else ""
    if character in "\u2122\u2120\u2116\xaa\xba" or unicodedata.category(character) == "No":
        plain = unicodedata.normalize("NFKC", character)
        return plain if plain.isdigit() and plain.isascii() else ""
    plain = unicodedata.normalize("NFKC", character)
    if plain == character or len(plain) > 4:
        return ""
    return plain if plain.strip("().").isalnum() and plain.isprintable() and _latin(plain) else ""


def _lettered(character: str) -> bool:
    return (ord(character) - 0x1F130) % 32 < 26


def _latin(text: str) -> bool:
    """ASCII, or letters that may pass for ASCII ones (a bold Greek alpha)."""
    return all(c < "\x80" or c in LETTERS for c in text)


def _single_forms(text: str) -> dict[str, str]:
    """The forms in `text` of one plain character; beside letters and digits also the wide signs."""
    plain = {c: _WIDE_SIGNS.get(c) or _form(c) for c in _foreign(text)}
    return {c: single for c, single in plain.items() if len(single) == 1}


def _several(text: str) -> Iterator[tuple[int, str]]:
    """The characters that stand for several plain ones (`⑽`, `ﬁ`), and where."""
    several = {c for c in _foreign(text) if len(_form(c)) > 1}
    return ((at, c) for at, c in enumerate(text) if c in several) if several else iter(())


def _plain_patches(text: str, needs: int) -> Iterator[Patch]:
    if needs & _HIDDEN:
        for found in _HIDES.finditer(text):
            yield Patch(found.start(), found.end(), "", FOLDED)
    if needs & (_MARK | _HIDDEN):
        for found in _MARKED.finditer(text):
            yield from _cluster(found.group(), found.start(), found.end())
    if needs & _FORM:
        for at, character in _several(text):
            yield Patch(at, at + 1, _form(character), FOLDED)
        for found in _REGIONAL.finditer(text):
            yield from _regional(text, *found.span())


def _regional(text: str, start: int, end: int) -> Iterator[Patch]:
    """Letters that are shown as flags in pairs; pairs by themselves are flags."""
    if (end - start) % 2 or "@" in text[max(0, start - 1) : end + 1]:
        for at in range(start, end):
            yield Patch(at, at + 1, chr(65 + ord(text[at]) - 0x1F1E6), FOLDED)


def _cluster(cluster: str, start: int, end: int) -> Iterator[Patch]:
    plain = _composed(cluster[:_MARKS_LOOKED_AT])
    if plain != cluster:
        yield Patch(start, end, plain, FOLDED)


@lru_cache(maxsize=1024)
def _composed(cluster: str) -> str:
    """A letter with its marks: the composed letter where there is one, else the bare letter."""
    plain = unicodedata.normalize("NFC", _IS_INVISIBLE.sub("", cluster))
    if len(plain) == 1 and plain.isalpha():
        return plain
    return _form(cluster[0]) or cluster[0]


def _plainly_spaced(found: re.Match[str]) -> str:
    return "".join(c if c < "\x80" else _spacing(c) for c in found.group())


@lru_cache(maxsize=256)
def _spacing(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if character in _LINES:
        return "\n"
    if re.match(f"[{_DASHES}]", character):
        return "-"
    return "." if re.match(f"[{_DOTS}]", character) else " "


def _one_script(text: str) -> str:
    """Plain look-alikes in words that mix scripts, or everywhere when there are no other letters."""
    foreign = {c for c in set(text) if "\u0370" <= c <= "\u058f"}
    everywhere = foreign <= _ALL_LETTERS and _LATIN.search(text) is not None

    def plain(word: re.Match[str]) -> str:
        value = word.group()
        if value.isascii():
            return value
        if _ACCOUNT.match(value):
            return _account(value)
        if _LATIN.search(value):
            return value.translate(_TO_NEARLY)
        return value.translate(_TO_LETTERS) if everywhere and len(value) > 1 else value

    return _WORD.sub(plain, text)


def _foreign_only(table: Mapping[str, str]) -> dict[int, str]:
    return {ord(old): new for old, new in table.items() if old > "\x7f"}


_TO_NEARLY: Final = _foreign_only(NEARLY)
_TO_LETTERS: Final = _foreign_only(LETTERS)


def _account(value: str) -> str:
    """Two letters, then digits, most of them real: how an account number begins."""
    rest = value[2:]
    real = sum("0" <= c <= "9" for c in rest)
    number = real >= 2 and all("0" <= c <= "9" or c in DIGITS for c in rest)
    if not number:
        return value.translate(_TO_LETTERS)
    letters = "".join(LETTERS.get(c, c) for c in value[:2])
    return letters + "".join(DIGITS.get(c, c) for c in rest)
