"""Where the token is made: a value is cut into units, and each unit becomes one run.

A *run* is a piece `[0-9A-Za-z]+`; the separators between units are copied. A text run always holds
a digit and a letter, so it is never a word; a digits run holds digits only. Pure functions: the
randomness comes in as a keyed digest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llm_guard_protecto.entities import Unit
from llm_guard_protecto.policy import EntityRule

__all__ = [
    "CHECK",
    "RUN",
    "Shape",
    "UnitKey",
    "check_matches",
    "spell",
    "spell_check",
    "split",
    "units",
]

RUN = re.compile(r"[0-9A-Za-z]+")

SAFE_LETTERS = "bcdfghjkmnpqrstvwxzBCDFGHJKMNPQRSTVWXZ"
SAFE_DIGITS = "23456789"
BASE62_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"

CHECK = 4
"""Length of the keyed check at the end of an anonymised run: 46**4 is one chance in 4.5 million."""

# White space, ASCII punctuation, and the dashes, quotes and dots of other scripts' typography.
_BREAKS = r"\s!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u3000-\u3002\uff0c\uff0e"
_WORDS = re.compile(f"[^{_BREAKS}]+")
_URL_PARTS = re.compile(r"[^\s:/.?=&#@,;%+!$'()*\[\]<>\"{}|\\^`~]+")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a run looks: its alphabet and its length in characters, 3 to 42."""

    kind: str
    letters: str
    digits: str
    length: int


@dataclass(frozen=True, slots=True)
class UnitKey:
    """What a run depends on besides the namespace: the token kind and the clear unit.

    `kind` names alphabet and lengths, so the same word under two settings has two runs.
    """

    kind: str
    unit: str = field(repr=False)
    shape: Shape = field(compare=False)


def split(value: str, unit: Unit) -> list[str]:
    """Cut a value into `[separator, unit, separator, ..., unit, separator]`.

    Joining the pieces gives the value. A value without any unit is one unit itself.
    """
    if unit == "value":
        return ["", value, ""]
    if unit == "email":
        local, at, domain = value.rpartition("@")
        return ["", local, at, domain, ""] if local and domain else ["", value, ""]
    pieces: list[str] = []
    at_ = 0
    for match in (_URL_PARTS if unit == "url" else _WORDS).finditer(value):
        pieces += [value[at_ : match.start()], match.group()]
        at_ = match.end()
    return [*pieces, value[at_:]] if pieces else ["", value, ""]


def units(value: str, rule: EntityRule) -> tuple[list[str], list[UnitKey]]:
    """The separators of a value (one more than its units) and the key of each unit."""
    pieces = split(value, rule.unit)
    return pieces[0::2], [_key(piece, rule) for piece in pieces[1::2]]


def _key(unit: str, rule: EntityRule) -> UnitKey:
    mixed = rule.unit == "digits" and not (unit.isascii() and unit.isdigit())
    digits_only = rule.kind == "digits" and not mixed
    length = min(max(len(unit), rule.min_length), rule.max_length)
    if digits_only:
        shape = Shape("digits", "", DIGITS, length)
    elif rule.alphabet == "base62":
        shape = Shape("base62", BASE62_LETTERS, DIGITS, length)
    else:
        shape = Shape("safe", SAFE_LETTERS, SAFE_DIGITS, length)
    return UnitKey(f"{shape.kind}:{rule.min_length}-{rule.max_length}", unit, shape)


def spell(digest: bytes, shape: Shape, counter: int = 0) -> str:
    """Write a run of `shape` from a digest of 32 bytes or more.

    Every second `counter` makes the run one character longer, so that a crowded space empties.
    """
    length = min(shape.length + counter // 2, 42)
    number = int.from_bytes(digest, "big")
    alphabet = shape.letters + shape.digits
    run: list[str] = []
    for _ in range(length):
        number, pick = divmod(number, len(alphabet))
        run.append(alphabet[pick])
    if shape.letters:
        number = _ensure(run, shape.digits, shape.letters, number)
        _ensure(run, shape.letters, shape.digits, number)
    return "".join(run)


def _ensure(run: list[str], wanted: str, others: str, number: int) -> int:
    """Put one character of `wanted` into a run made of `others` alone."""
    if all(character in others for character in run):
        number, place = divmod(number, len(run))
        number, pick = divmod(number, len(wanted))
        run[place] = wanted[pick]
    return number


def spell_check(digest: bytes, shape: Shape) -> str:
    """The keyed check at the end of an anonymised run: `CHECK` characters from `digest`."""
    number = int.from_bytes(digest, "big")
    alphabet = shape.letters + shape.digits
    check: list[str] = []
    for _ in range(CHECK):
        number, pick = divmod(number, len(alphabet))
        check.append(alphabet[pick])
    return "".join(check)


def check_matches(run: str, digest: bytes) -> bool:
    """Whether `run` ends in the check that `digest` gives, in any of the alphabets."""
    return any(run.endswith(spell_check(digest, shape)) for shape in _ALPHABETS)


_ALPHABETS = (
    Shape("safe", SAFE_LETTERS, SAFE_DIGITS, CHECK),
    Shape("base62", BASE62_LETTERS, DIGITS, CHECK),
    Shape("digits", "", DIGITS, CHECK),
)
