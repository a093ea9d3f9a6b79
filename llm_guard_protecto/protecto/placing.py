"""Where each token of an answer stands: its span in the text, proved by rebuilding the answer.

A vault's positions are not taken on trust. They may count something else than code points, older
vaults send none, and a shortened answer has no list of tokens at all. Whatever comes, the spans
that leave here turn the text into exactly the masked text that the vault gave.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.models import IndividualToken, rebuild

__all__ = ["placed", "whole"]

UNNAMED = "TEXT"
"""The type of a span for which the vault named none."""


def placed(
    text: str, token_value: str, tokens: Sequence[IndividualToken]
) -> tuple[IndividualToken, ...]:
    """The tokens in order of position, with spans that rebuild `token_value` from `text`.

    Raises `VaultError` when no spans do.
    """
    found = sorted(tokens, key=lambda token: token.start_pos)
    if not _fit(text, token_value, found):
        found = _aligned(text, token_value, found if _have_order(found) else tokens)
    if not tokens and text != token_value:
        found = [_difference(text, token_value)]
    if not _fit(text, token_value, found):
        raise VaultError("the vault's answer does not add up: its tokens are not its masked text")
    return tuple(found)


def whole(value: str, token: str, kind: str | None) -> IndividualToken:
    """The one bare token that stands for a value masked by token name."""
    return IndividualToken(value, kind or UNNAMED, token, "", "", 0, len(value))


def _have_order(tokens: Sequence[IndividualToken]) -> bool:
    """Whether positions were given, in whatever unit."""
    return any(token.end_pos for token in tokens)


def _fit(text: str, token_value: str, tokens: Sequence[IndividualToken]) -> bool:
    at = 0
    for token in tokens:
        if token.start_pos < at or text[token.start_pos : token.end_pos] != token.value:
            return False
        if not token.value:
            return False
        at = token.end_pos
    return rebuild(text, tokens) == token_value


def _aligned(
    text: str, token_value: str, tokens: Sequence[IndividualToken]
) -> list[IndividualToken]:
    """The same tokens where walking through text and masked text side by side meets them."""
    found: list[IndividualToken] = []
    at = there = 0
    for token in tokens:
        start = token_value.find(token.wrapped, there) if token.wrapped else -1
        while start >= 0:
            here = at + start - there
            clear = token_value[there:start]
            if text[at:here] == clear and text.startswith(token.value, here):
                break
            start = token_value.find(token.wrapped, start + 1)
        if start < 0:
            return []
        at, there = here + len(token.value), start + len(token.wrapped)
        found.append(replace(token, start_pos=here, end_pos=at))
    return found


def _difference(text: str, token_value: str) -> IndividualToken:
    """What differs between a text and its masked form, as one bare token, at word borders."""
    shorter = min(len(text), len(token_value))
    start = 0
    while start < shorter and text[start] == token_value[start]:
        start += 1
    while start and re.match(r"\w", text[start - 1]):
        start -= 1
    same = 0
    while same < shorter - start and text[-1 - same] == token_value[-1 - same]:
        same += 1
    while same and re.match(r"\w", text[-same]):
        same -= 1
    while start + same >= len(text) and start + same:  # something has to be masked
        start, same = (start - 1, same) if start else (start, same - 1)
    end, stop = len(text) - same, len(token_value) - same
    return IndividualToken(text[start:end], UNNAMED, token_value[start:stop], "", "", start, end)
