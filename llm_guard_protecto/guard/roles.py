"""Whose words are searched: what the roles that a policy leaves out say is left as it is.

All texts of a request are still masked together, and a value found in what is searched is masked
wherever it stands. Only what was found in left-out texts alone is taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from llm_guard_protecto.models import IndividualToken, Item, Masked, rebuild
from llm_guard_protecto.policy import ROLES, Masking
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.roles import role_at
from llm_guard_protecto.wire.slots import Slot

__all__ = ["is_searched", "taken_back"]


def is_searched(doc: JsonText, slot: Slot, masking: Masking) -> bool:
    """Whether the words at this place are searched."""
    if len(masking.roles) == len(ROLES):
        return True
    role = role_at(doc, slot.path)
    # A role that nobody knows is searched, and so is what nobody says.
    return role in masking.roles or role not in ROLES


def taken_back(
    texts: Iterable[str | Item], answer: Sequence[Masked], searched: Collection[str | Item]
) -> Sequence[Masked]:
    """`answer`, with the tokens taken back that stand for values no searched text holds."""
    pairs = list(zip(texts, answer, strict=True))
    if all(text in searched for text, _ in pairs):
        return answer
    known = {
        token.value.casefold()
        for text, masked in pairs
        if text in searched
        for token in masked.individual_tokens
    }
    return [masked if text in searched else _only(masked, known) for text, masked in pairs]


def _only(masked: Masked, known: Collection[str]) -> Masked:
    kept = tuple(_kept(masked.individual_tokens, known))
    if len(kept) == len(masked.individual_tokens):
        return masked
    return replace(masked, token_value=rebuild(masked.value, kept), individual_tokens=kept)


def _kept(tokens: Iterable[IndividualToken], known: Collection[str]) -> Iterator[IndividualToken]:
    """The tokens of values that are known, that hold a known one, or are part of one."""
    for token in tokens:
        value = token.value.casefold()
        if value in known or any(value in other or other in value for other in known):
            yield token
