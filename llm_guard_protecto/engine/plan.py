"""What will be masked in one text: each piece with its rule, its separators and its units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from llm_guard_protecto.engine.looks import looking, shown
from llm_guard_protecto.engine.tokenise import UnitKey, units
from llm_guard_protecto.engine.whole import Whole
from llm_guard_protecto.models import (
    ExcludedEntity,
    IndividualToken,
    Item,
    Masked,
    Span,
    rebuild,
)
from llm_guard_protecto.policy import EntityRule, Policy, default_wrapper

__all__ = [
    "Piece",
    "Plan",
    "Runs",
    "masked",
    "plan_searched",
    "plan_whole",
    "with_default_wrappers",
]

_RUN = re.compile(r"[^\W_]+")

Runs = Mapping[tuple[UnitKey, bool], str]
"""The run of each unit; the flag says whether it can be turned back."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One span to mask. `separators` has one entry more than `keys`."""

    span: Span
    rule: EntityRule
    separators: Sequence[str] = field(repr=False)
    keys: Sequence[UnitKey]

    @property
    def reversible(self) -> bool:
        """Whether its tokens can be turned back."""
        return self.rule.action != "anonymize"

    def token(self, runs: Runs) -> str:
        """The core of the token: runs with the value's own separators between them."""
        parts = [self.separators[0]]
        for key, separator in zip(self.keys, self.separators[1:], strict=True):
            run = runs[key, self.reversible]
            parts += [shown(run) if key.shape.length == 0 else run, separator]
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """The disjoint pieces of one item in order, and what was found and left in clear."""

    pieces: tuple[Piece, ...]
    excluded: tuple[Span, ...] = ()

    @property
    def reversible(self) -> bool:
        """Whether the masked item can be turned back as a whole."""
        return all(piece.reversible for piece in self.pieces)


def plan_searched(
    text: str, found: Iterable[Span], excluded: Iterable[Span], policy: Policy
) -> Plan:
    """The plan for a text that was searched.

    A value that holds one of the policy's wrappers is cut there: a token must not hold one.
    """
    signs = _signs(policy.wrappers)
    pieces: list[Piece] = []
    for span in found:
        rule = policy.rule(span.entity)
        piece = _piece(text, span, rule)
        if signs is not None and any(map(signs.search, piece.separators)):
            pieces += (_piece(text, part, rule) for part in _cut(text, span, signs))
        else:
            pieces.append(piece)
    return Plan(tuple(pieces), tuple(excluded))


@lru_cache(maxsize=64)
def _signs(wrappers: tuple[tuple[str, str], ...]) -> re.Pattern[str] | None:
    """The wrappers that can stand between the runs of a token: those without a letter or digit."""
    bare = {sign for pair in wrappers for sign in pair if sign and not _RUN.search(sign)}
    return re.compile("|".join(map(re.escape, sorted(bare)))) if bare else None


def _cut(text: str, span: Span, signs: re.Pattern[str]) -> Iterator[Span]:
    """The parts of a span that have letters or digits, without the signs between them."""
    at = span.start
    for sign in [*signs.finditer(text, span.start, span.end), None]:
        end = span.end if sign is None else sign.start()
        runs = [run.span() for run in _RUN.finditer(text, at, end)]
        if runs:
            yield replace(span, start=runs[0][0], end=runs[-1][1])
        at = end if sign is None else sign.end()


def plan_whole(item: Item, whole: Whole) -> Plan:
    """The plan for an item that is masked as a whole."""
    if not item.value:
        return Plan(())
    span = Span(0, len(item.value), item.token_name or "", 1.0, "whole")
    piece = _piece(item.value, span, whole.rule)
    if whole.look is not None:
        piece = replace(piece, keys=[looking(key, whole.look) for key in piece.keys])
    return Plan((piece,))


def _piece(text: str, span: Span, rule: EntityRule) -> Piece:
    separators, keys = units(text[span.start : span.end], rule)
    return Piece(span, rule, separators, keys)


def masked(item: Item, plan: Plan, runs: Runs) -> Masked:
    """The item with every piece of its plan replaced by its token."""
    value = item.value
    tokens = tuple(
        IndividualToken(
            value=value[piece.span.start : piece.span.end],
            pii_type=piece.span.entity,
            token=piece.token(runs),
            prefix=piece.rule.prefix,
            suffix=piece.rule.suffix,
            start_pos=piece.span.start,
            end_pos=piece.span.end,
            reversible=piece.reversible,
        )
        for piece in plan.pieces
    )
    excluded = tuple(
        ExcludedEntity(value[span.start : span.end], span.entity, span.start, span.end)
        for span in plan.excluded
    )
    return Masked(
        value=value,
        token_value=rebuild(value, tokens) if tokens else value,
        individual_tokens=tokens,
        excluded_entities=excluded,
        attributes=item.attributes,
        token_name=item.token_name,
        format=item.format,
    )


def with_default_wrappers(one: Masked) -> Masked:
    """The same text under the default wrappers, which no text can imitate."""
    tokens = tuple(
        replace(token, prefix=prefix, suffix=suffix)
        for token in one.individual_tokens
        for prefix, suffix in (default_wrapper(token.pii_type),)
    )
    return replace(one, individual_tokens=tokens, token_value=rebuild(one.value, tokens))
