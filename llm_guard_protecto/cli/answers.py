"""Protecto's JSON answers: the frame, and one item of each kind, keys in the printed order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_guard_protecto.models import Span
from llm_guard_protecto.server.messages import masked_item, unmasked_item

if TYPE_CHECKING:
    from llm_guard_protecto.engine.explain import Explained

__all__ = ["done", "explained_item", "masked_item", "refused", "span_item", "unmasked_item"]


def done(data: object) -> dict[str, Any]:
    """The frame of an answer."""
    return {"data": data, "success": True, "error": {"message": ""}}


def refused(message: str) -> dict[str, Any]:
    """The frame of a failure."""
    return {"data": None, "success": False, "error": {"message": message}}


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
