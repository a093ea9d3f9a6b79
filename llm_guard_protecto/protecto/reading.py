"""Reading the items of an answer: each is checked against the text it is the answer to.

Every key but `value` and `token_value` may be missing, as it is in answers of older vaults.
Raises `VaultError` for an answer that does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.models import ExcludedEntity, IndividualToken, Item, Masked
from llm_guard_protecto.protecto.cutting import Piece
from llm_guard_protecto.protecto.placing import placed, whole

__all__ = ["Json", "Row", "joined", "masked", "rows", "scores_of", "string", "text_of", "worst"]

Json = Any
"""Parsed JSON."""

Row = Mapping[str, Json]
"""One object of an answer's list."""

_Place = TypeVar("_Place", IndividualToken, ExcludedEntity)


def rows(data: Json, count: int) -> list[Row]:
    """`data` as a list of `count` objects."""
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise VaultError("the vault's answer holds no list of items")
    if len(data) != count:
        raise VaultError(f"the vault answered {len(data)} items, and was asked for {count}")
    return data


def joined(item: Item, pieces: Sequence[Piece], answers: Iterator[Row]) -> Masked:
    """One item out of the answers to its pieces, spans moved to where they stand in it."""
    parts = [
        masked(item, piece.text, next(answers)) if piece.sent else Masked(piece.text, piece.text)
        for piece in pieces
    ]
    sent = [part for part, piece in zip(parts, pieces, strict=True) if piece.sent]
    first = sent[0] if sent else Masked("", "", attributes=item.attributes)
    return Masked(
        value=item.value,
        token_value="".join(part.token_value for part in parts),
        individual_tokens=tuple(
            _moved(token, piece.start)
            for part, piece in zip(parts, pieces, strict=True)
            for token in part.individual_tokens
        ),
        excluded_entities=tuple(
            _moved(span, piece.start)
            for part, piece in zip(parts, pieces, strict=True)
            for span in part.excluded_entities
        ),
        toxicity_analysis=worst([part.toxicity_analysis for part in sent]),
        attributes=first.attributes,
        token_name=first.token_name or item.token_name,
        format=first.format or item.format,
    )


def _moved(span: _Place, by: int) -> _Place:
    return replace(span, start_pos=span.start_pos + by, end_pos=span.end_pos + by)


def masked(item: Item, text: str, row: Row) -> Masked:
    """The answer to one piece."""
    token_value = string(row, "token_value")
    if string(row, "value") != text:
        raise VaultError("the vault answered for other texts than it was asked for")
    attributes = row.get("attributes", row.get("attribute"))
    named = text_of(row.get("token_name")) or item.token_name
    if item.token_name is None:
        tokens = placed(
            text, token_value, [_token(one) for one in _objects(row, "individual_tokens")]
        )
    else:
        tokens = (whole(text, token_value, item.token_name),)
    return Masked(
        value=text,
        token_value=token_value,
        individual_tokens=tokens,
        excluded_entities=tuple(_excluded(text, _objects(row, "excluded_entities"))),
        toxicity_analysis=scores_of(row),
        attributes=item.attributes if attributes is None else attributes,
        token_name=named,
        format=text_of(row.get("format")) or item.format,
    )


def _token(row: Row) -> IndividualToken:
    return IndividualToken(
        value=string(row, "value"),
        pii_type=text_of(row.get("pii_type")),
        token=string(row, "token"),
        prefix=text_of(row.get("prefix")),
        suffix=text_of(row.get("suffix")),
        start_pos=_position(row.get("start_pos")),
        end_pos=_position(row.get("end_pos")),
        reversible=row.get("reversible") is not False,
    )


def _excluded(text: str, found: Sequence[Row]) -> Iterator[ExcludedEntity]:
    """What was found and left; one whose place cannot be told is left out."""
    after = 0
    for row in found:
        value = string(row, "value")
        start = _position(row.get("start_pos"))
        if not value or not text.startswith(value, start):
            start = text.find(value, after) if value else -1
        if start >= 0:
            after = start + len(value)
            yield ExcludedEntity(value, text_of(row.get("pii_type")), start, after)


def _objects(row: Row, key: str) -> list[Row]:
    found = row.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise VaultError(f"the vault's answer has a {key} that is no list of objects")
    return found


def string(row: Row, key: str) -> str:
    """A string that has to be there."""
    value = row.get(key)
    if not isinstance(value, str):
        raise VaultError(f"the vault's answer has no {key}")
    return value


def text_of(value: Json) -> str:
    """A string, empty for anything else."""
    return value if isinstance(value, str) else ""


def _position(value: Json) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def scores_of(row: Row) -> Mapping[str, float] | None:
    """The toxicity of an item, None when the vault gave none."""
    scores = row.get("toxicity_analysis")
    if not isinstance(scores, dict):
        return None
    return {key: float(score) for key, score in scores.items() if isinstance(score, (int, float))}


def worst(parts: Sequence[Mapping[str, float] | None]) -> Mapping[str, float] | None:
    """The highest of each score: a long text is as toxic as its worst piece."""
    worst: dict[str, float] = {}
    for scores in parts:
        for key, score in (scores or {}).items():
            worst[key] = max(score, worst.get(key, score))
    return worst or None
