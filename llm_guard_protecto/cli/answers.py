"""Protecto's JSON answers: the frame, and one item of each kind, keys in the printed order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.models import Masked, Span, Unmasked

if TYPE_CHECKING:
    from llm_guard_protecto.engine.explain import Explained

__all__ = ["done", "explained_item", "masked_item", "refused", "span_item", "unmasked_item"]


def done(data: object) -> dict[str, Any]:
    """The frame of an answer."""
    return {"data": data, "success": True, "error": {"message": ""}}


def refused(message: str) -> dict[str, Any]:
    """The frame of a failure."""
    return {"data": None, "success": False, "error": {"message": message}}


def masked_item(masked: Masked) -> dict[str, Any]:
    """One item of a mask answer; positions are half-open, in characters of `value`."""
    item: dict[str, Any] = {"value": masked.value, "token_value": masked.token_value}
    if masked.toxicity_analysis is not None:
        item["toxicity_analysis"] = _scores(masked.toxicity_analysis)
    item["individual_tokens"] = [
        {
            "value": token.value,
            "pii_type": token.pii_type,
            "token": token.token,
            "prefix": token.prefix,
            "suffix": token.suffix,
            "start_pos": token.start_pos,
            "end_pos": token.end_pos,
        }
        for token in masked.individual_tokens
    ]
    if masked.excluded_entities:
        item["excluded_entities"] = [
            {
                "value": excluded.value,
                "pii_type": excluded.pii_type,
                "start_pos": excluded.start_pos,
                "end_pos": excluded.end_pos,
            }
            for excluded in masked.excluded_entities
        ]
    return item


def unmasked_item(unmasked: Unmasked) -> dict[str, Any]:
    """One item of an unmask answer."""
    item: dict[str, Any] = {"value": unmasked.value, "token_value": unmasked.token_value}
    if unmasked.toxicity_analysis is not None:
        item["toxicity_analysis"] = _scores(unmasked.toxicity_analysis)
    return item


def span_item(span: Span) -> dict[str, Any]:
    """One place that `find` found."""
    return {
        "start": span.start,
        "end": span.end,
        "entity": span.entity,
        "score": round(float(span.score), 4),
        "rule": span.rule,
    }


def explained_item(one: Explained) -> dict[str, Any]:
    """One place that `find --explain` found, with what becomes of it."""
    return {
        **span_item(one.span),
        "outcome": one.outcome,
        "threshold": float(one.threshold),
        "words": list(one.words),
    }


def _scores(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: float(score) for name, score in scores.items()}
