"""Where a candidate really begins and ends: sentence punctuation, brackets, neighbours."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from llm_guard_protecto.detect.checks import iban, iban_length
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.pattern import Check, Fit

__all__ = [
    "account",
    "apart",
    "email",
    "identifier",
    "labelled",
    "last_number",
    "last_word",
    "url",
    "url_of_host",
    "word_border",
]

_Place = tuple[int, int] | None

_DOMAIN: Final = expression(r"(?:[^\W_](?:[\w-]{0,62}\.))+[^\W\d_](?:[\w-]{0,62}[^\W_])")
_MAILBOX: Final = expression(r"[\w.%+'-]*")
_HOST: Final = expression(r"(?:[^\W_]|[.-])*")
_MAY_STOP: Final = expression(r'[\x00-\x20\x7f<>"`|\\^]|[^\x00-\x7f]')
_LOGIN: Final = expression(r"://[^\s/@:]{0,64}:\Z")
_FILES: Final = expression(r"(?:png|jpe?g|gif|svg|webp|css|js|py|html|txt|json|xml|md)\Z")
_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}
_BRACKETS: Final = frozenset("()[]{}")
_TRAILING: Final = frozenset(".,;:!?'\"*_~")


def word_border(text: str, start: int, end: int) -> bool:
    """Whether a candidate's ends are no cuts through a word; ASCII neighbours are the engine's.

    Outside ASCII a letter of a script with two cases, a digit or a combining mark continues a word.
    """
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before > "\x7f" and _joins(before)) and not (after > "\x7f" and _joins(after))


def _joins(character: str) -> bool:
    if character.isdigit() or character.lower() != character.upper():
        return True
    return unicodedata.category(character)[0] == "M"


def apart(joints: str) -> Fit:
    """A fit that refuses a candidate tied to a letter or digit by one of `joints`."""

    def fit(text: str, start: int, end: int) -> _Place:
        if start > 1 and text[start - 1] in joints and text[start - 2].isalnum():
            return None
        if end + 1 < len(text) and text[end] in joints and text[end + 1].isalnum():
            return None
        return start, end

    return fit


def identifier(check: Check, fewest: int = 4) -> Fit:
    """A fit for ids: up to five letters before the candidate belong to it (`HX-482991`).

    The id must have at least `fewest` digits, at most 32 characters, and pass `check`.
    """

    def fit(text: str, start: int, end: int) -> _Place:
        begin = start
        while begin and start - begin < 6 and (text[begin - 1].isalpha() or text[begin - 1] == "-"):
            begin -= 1
        while text[begin] == "-":
            begin += 1
        if begin and (text[begin - 1].isalnum() or text[begin - 1] in "_/@\\"):
            return None
        value = text[begin:end]
        if len(value) > 32 or sum("0" <= c <= "9" for c in value) < fewest:
            return None
        return (begin, end) if check(value) else None

    return fit


def last_word(text: str, start: int, end: int) -> _Place:
    """The last word of a candidate whose first words are its context, unless more follows."""
    if text[end : end + 1] in ("-", "/", ".", ":") and text[end + 1 : end + 2].isalnum():
        return None
    return max(text.rfind(" ", start, end), text.rfind("-", start, end)) + 1, end


_LAST_NUMBER: Final = expression(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")
_ID: Final = expression(r"[A-Za-z]{0,6}[-/]?[0-9][A-Za-z0-9]{0,24}(?:[-/.][A-Za-z0-9]{1,16}){0,4}")


def last_number(text: str, start: int, end: int) -> _Place:
    """The number at the end of a candidate whose first words are its label."""
    found = _LAST_NUMBER.search(text[start:end])
    if found is None or (text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit()):
        return None
    return start + found.start(), end


def labelled(text: str, start: int, end: int) -> _Place:
    """The id that a candidate such as `order no. 4` begins; at least three digits in it."""
    lead = text[start:end]
    first = start + max(lead.rfind(sign) for sign in " :=#'\">") + 1
    found = _ID.match(text, first)
    if found is None or sum("0" <= c <= "9" for c in found[0]) < 3:
        return None
    end = found.end()
    after = text[end : end + 2]
    if (
        after[:1].isalnum()
        or after[:1] in tuple("@/_")
        or after[:1] in ".:"
        and after[1:].isalnum()
    ):
        return None
    return first, end


def account(text: str, start: int, end: int) -> _Place:
    """An account number of ISO 13616 at the start of a candidate, in whole groups."""
    left = iban_length(text[start : start + 2])
    if not left:
        return None
    for at in range(start, end):
        left -= text[at] not in " -"
        if left == 0:
            whole = at + 1 == len(text) or not text[at + 1].isalnum()
            return (start, at + 1) if whole and iban(text[start : at + 1]) else None
    return None


def email(text: str, start: int, end: int) -> _Place:
    """The address around a candidate that starts at its `@`: no quotes, no image names."""
    at = start
    start = _reach(text, at, _MAILBOX, 320)
    if text[start - 1 : start] == ":" and _LOGIN.search(text, max(0, start - 90), start):
        return None
    found = _DOMAIN.match(text, at + 1, end)
    if found is None or start == at:
        return None
    while start < at and text[start] in ".'-":
        start += 1
    ascii_only = text.isascii()
    if not ascii_only and text[at - 1].isascii():
        # an address of ASCII letters stuck to words of another script
        for place in range(at - 1, start - 1, -1):
            if not _two_cases(text[place]):
                start = place + 1
                break
    end = found.end()
    last = text.rindex(".", at, end) + 1
    if not ascii_only and text[last].isascii():
        stop = last
        while stop < end and _two_cases(text[stop]):
            stop += 1
        end = stop
    suffix = text[last:end].lower()
    if start == at or len(suffix) < 2 or _FILES.match(suffix) or text[start:at] == "git":
        return None
    return start, end


def _reach(text: str, place: int, backwards: re.Pattern[str], most: int) -> int:
    """How far back from `place` the characters of `backwards`, read from the right, go."""
    before = text[max(place - most, 0) : place][::-1]
    found = backwards.match(before)
    return place - found.end() if found else place


def _two_cases(character: str) -> bool:
    """Whether a character may go on in a word of Latin, Greek or Cyrillic letters or digits."""
    return character < "\u0250" or character.lower() != character.upper()


def url_of_host(text: str, start: int, end: int) -> _Place:
    """As `url`, for a candidate that starts at the last dot of its host."""
    first = _reach(text, start, _HOST, 253)
    while first < start and text[first] in ".-":
        first += 1
    if first == start or text[first - 1 : first] in ("@", "/", "_"):
        return None
    return url(text, first, end)


def url(text: str, start: int, end: int) -> _Place:
    """A web address without the punctuation of the sentence and brackets it stands in."""
    for odd in _MAY_STOP.finditer(text, start, end):
        if _stops(odd.group()):
            end = odd.start()
            break
    depth: dict[str, int] = {}
    while end > start:
        last = text[end - 1]
        if last in _TRAILING:
            end -= 1
            continue
        if last not in _BRACKETS:
            break
        if not depth:  # counted once: there may be many
            for closer, opener in _CLOSERS.items():
                depth[opener] = text.count(opener, start, end) - text.count(closer, start, end)
        if last in _CLOSERS and depth[_CLOSERS[last]] >= 0:
            break
        depth[_CLOSERS.get(last, last)] += 1 if last in _CLOSERS else -1
        end -= 1
    host = text.find("://", start, end)
    return (start, end) if end - start > 5 and end - host > 4 else None


def _stops(character: str) -> bool:
    """Whether a character of `_MAY_STOP` cannot be part of an address as people write them."""
    return character < "\x80" or unicodedata.category(character)[0] in "ZPC"
