"""Requests, answers and refusals, without a socket."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_guard_protecto.models import Masked, Unmasked

__all__ = [
    "Answer",
    "Refusal",
    "Request",
    "done",
    "masked_item",
    "parsed",
    "refused",
    "unmasked_item",
]

DEEPEST = 64
"""Levels of nesting that a body may have."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is what follows `/api/vault`, without a slash at its end."""

    method: str
    path: str
    authorization: str = field(default="", repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `content` is a JSON value."""

    status: int
    content: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):  # it is an answer more than an error
    """A request cannot be done. The message goes to the caller: it may quote what was sent."""

    def __init__(self, message: str, status: int = 400, **headers: str) -> None:
        """`headers` go with the answer; an underscore in a name stands for a hyphen."""
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def done(data: object) -> Answer:
    """The frame of an answer."""
    return Answer(200, {"data": data, "success": True, "error": {"message": ""}})


def refused(refusal: Refusal) -> Answer:
    """The frame of a refusal; one for want of a right to call has `detail` for older clients."""
    message = str(refusal)
    content: dict[str, Any] = {"data": None, "success": False, "error": {"message": message}}
    if refusal.status == 401:
        content["error"] = {"message": "Authentication failed"}
        content["detail"] = message
    return Answer(refusal.status, content, refusal.headers)


def parsed(body: bytes) -> Any:
    """The JSON value of a body. Raises `Refusal` for anything else, and for an empty one."""
    if not body.strip():
        raise Refusal("Payload is empty")
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        value = None
    else:
        brackets = body.count(b"{") + body.count(b"[")  # at least as many as there are levels
        if value is not None and (brackets <= DEEPEST or not _too_deep(value)):
            return value
    # Outside the handler, so that no piece of the body hangs on the error.
    raise Refusal("Payload is not valid JSON")


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True


def masked_item(masked: Masked) -> dict[str, Any]:
    """One masked value as Protecto shows it: by type and format, or with what was found in it."""
    item: dict[str, Any] = {"value": masked.value}
    if masked.token_name is not None:
        item["token_name"] = masked.token_name.title()
        if masked.format is not None:
            item["format"] = masked.format
        return item | {"token_value": masked.token_value}
    item["token_value"] = masked.token_value
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
            **({} if token.reversible else {"reversible": False}),
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
    """One restored value as Protecto shows it."""
    item: dict[str, Any] = {"value": unmasked.value, "token_value": unmasked.token_value}
    if unmasked.toxicity_analysis is not None:
        item["toxicity_analysis"] = _scores(unmasked.toxicity_analysis)
    return item


def _scores(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: float(score) for name, score in scores.items()}
