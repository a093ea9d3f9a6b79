"""Of a masked text what restoring needs, and no more: for maps that outlive the call.

A map needs the tokens with their values, the addresses they stand in, and whatever of the clear
text could be taken for a token or a wrapper. Ordinary words are none of these, so they go. What is
left restores every reply as the whole text does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from llm_guard_protecto.guard.bent import OPENERS
from llm_guard_protecto.guard.fold import plain
from llm_guard_protecto.guard.links import user_links
from llm_guard_protecto.models import IndividualToken, Masked, rebuild

__all__ = ["Essences", "essence"]

NEARBY = 4
"""Words kept after an opening bracket: the longest wrapper of ours that has words has three."""

REMEMBERED = 4096
"""Texts whose essence is remembered."""

_CHUNK = re.compile(r"(\s*)(\S+)")
_WORD = re.compile(r"[\"'“”‘’„]?([^\W\d_]+(?:['’-][^\W\d_]+)*)[\"'“”‘’.,:!?…]*")
_SPELT = re.compile(r"[A-Z]?[a-z]*|[A-Z]+")
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_OPENING = re.compile(rf"[{re.escape(OPENERS)};&%\\=]")
_BLANK = re.compile(r"[^\S\n]+|\n{3,}")


def essence(masked: Iterable[Masked]) -> tuple[Masked, ...]:
    """What to keep of these texts; those of which nothing is needed are left out."""
    found = (_essence(text.value, text.individual_tokens) for text in masked)
    return tuple(text for text in found if text is not None)


class Essences:
    """The essences of recent texts: the same text gives the same object. Thread-safe.

    It holds clear text, so it belongs to the guard that uses it and is gone with it.
    """

    def __init__(self) -> None:
        """Start without any; remember `REMEMBERED` texts."""
        self._of = lru_cache(maxsize=REMEMBERED)(_essence)

    def __call__(self, masked: Iterable[Masked]) -> tuple[Masked, ...]:
        """As `essence`."""
        found = (self._of(text.value, text.individual_tokens) for text in masked)
        return tuple(text for text in found if text is not None)


def _essence(value: str, tokens: tuple[IndividualToken, ...]) -> Masked | None:
    whole = Masked(value, rebuild(value, tokens), tokens)
    if user_links(whole):
        return whole  # what an address is compared with may begin many words before its token
    parts: list[str] = []
    kept: list[IndividualToken] = []
    at = size = 0
    for token in sorted(tokens, key=lambda one: one.start_pos):
        parts += (_without_words(value[at : token.start_pos], bool(at), True), token.value)
        size += len(parts[-2])
        kept.append(_moved(token, size))
        size += len(token.value)
        at = token.end_pos
    parts.append(_without_words(value[at:], bool(at), False))
    short = "".join(parts)
    return Masked(short, rebuild(short, kept), tuple(kept)) if kept or short.strip() else None


def _moved(token: IndividualToken, start: int) -> IndividualToken:
    return IndividualToken(
        token.value,
        token.pii_type,
        token.token,
        token.prefix,
        token.suffix,
        start,
        start + len(token.value),
        token.reversible,
    )


def _without_words(clear: str, after_token: bool, before_token: bool) -> str:
    """Clear text without its ordinary words; what touches a token, or a bracket, stays."""
    parts: list[str] = []
    near = 0
    last = len(clear.rstrip()) if not before_token or clear[-1:].isspace() else -1
    for chunk in _CHUNK.finditer(clear):
        gap, word = chunk.groups()
        parts.append(gap)
        touches = (after_token and chunk.start() == 0 and not gap) or (
            before_token and last == -1 and chunk.end() == len(clear)
        )
        if near or touches or not _ordinary(word):
            parts.append(word)
        near = NEARBY if _OPENING.search(word) else max(near - 1, 0)
    parts.append(clear[len(clear.rstrip()) :] if clear.strip() else clear)
    return _BLANK.sub(lambda blank: "\n\n" if "\n" in blank[0] else " ", "".join(parts))


def _ordinary(chunk: str) -> bool:
    """Whether this is a word of a language, in a way that no token is written."""
    word = _WORD.fullmatch(chunk)
    if word is None:
        return False
    for part in re.split("['’-]", word[1]):
        letters = plain(part)
        ascii_letters = "".join(char for char in letters if char.isascii())
        if ascii_letters and not (_VOWEL.search(ascii_letters) or len(letters) < 3):
            return False
        if letters.isascii() and not _SPELT.fullmatch(letters):
            return False
    return True
