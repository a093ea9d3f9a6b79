"""Found once, masked everywhere: the promise of a vault, kept for a service that does not make it.

A service searches each item by itself, so a name that one piece of a message gives away may stand
in clear in the next. Each value found in a request is looked for in all its searched texts, as a
whole word and letter for letter, and becomes the token that the service gave to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from llm_guard_protecto.models import IndividualToken, Masked, rebuild

__all__ = ["spread"]

SHORTEST = 3
"""Characters of the shortest value that is looked for."""

_AT_ONCE = 500
"""Values in one pattern: more of them make it slow to compile, not to run."""


def spread(texts: Sequence[Masked]) -> list[Masked]:
    """The same texts, with every value that was found in one of them masked in all."""
    known: dict[str, IndividualToken] = {}
    for text in texts:
        for token in text.individual_tokens:
            if len(token.value) >= SHORTEST:
                known.setdefault(token.value, token)
    if not known:
        return list(texts)
    standing = [value for value in known if any(_more(text, value) for text in texts)]
    if not standing:
        return list(texts)
    patterns = list(_patterns(standing))
    return [_masked(text, known, patterns) for text in texts]


def _more(text: Masked, value: str) -> bool:
    """Whether a value stands in a text more often than it was masked there."""
    count = text.value.count(value)
    return bool(count) and count > sum(t.value == value for t in text.individual_tokens)


def _patterns(values: Iterable[str]) -> Iterable[re.Pattern[str]]:
    longest_first = sorted(values, key=lambda value: (-len(value), value))
    for at in range(0, len(longest_first), _AT_ONCE):
        some = (_whole_word(value) for value in longest_first[at : at + _AT_ONCE])
        yield re.compile("|".join(some))


def _whole_word(value: str) -> str:
    before = r"(?<!\w)" if re.match(r"\w", value) else ""
    after = r"(?!\w)" if re.match(r"\w", value[-1]) else ""
    return f"{before}{re.escape(value)}{after}"


def _masked(
    text: Masked, known: dict[str, IndividualToken], patterns: Sequence[re.Pattern[str]]
) -> Masked:
    taken = bytearray(len(text.value))  # a byte for each character, so this stays linear
    places = [(token.start_pos, token.end_pos) for token in text.individual_tokens]
    places += [(left.start_pos, left.end_pos) for left in text.excluded_entities]
    for start, end in places:
        taken[start:end] = b"\1" * (end - start)
    found: list[IndividualToken] = []
    for pattern in patterns:
        for match in pattern.finditer(text.value):
            start, end = match.span()
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(replace(known[match[0]], start_pos=start, end_pos=end))
    if not found:
        return text
    tokens = sorted((*text.individual_tokens, *found), key=lambda token: token.start_pos)
    return replace(text, token_value=rebuild(text.value, tokens), individual_tokens=tuple(tokens))
