"""What the OpenAPI document is written with: small JSON schemas, and how they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "DATE",
    "MOMENT",
    "SCALAR",
    "SOME_TEXT",
    "STATES",
    "TEXT",
    "Schema",
    "data_of",
    "list_of",
    "object_of",
]

Schema = Mapping[str, Any]
"""A JSON schema."""

TEXT: Schema = {"type": "string"}
SOME_TEXT: Schema = {"type": "string", "minLength": 1}
DATE: Schema = {"type": ["string", "null"], "format": "date"}
MOMENT: Schema = {"type": ["string", "null"], "examples": ["2026-03-04 05:06:07"]}
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
STATES: Schema = {"enum": ["PENDING", "IN-PROGRESS", "SUCCESS", "FAILED", "PURGED"]}


def object_of(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """An object with these keys; it may have others."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }


def list_of(of: Schema, least: int = 0) -> Schema:
    """A list of at least so many."""
    return {"type": "array", "items": of, **({"minItems": least} if least else {})}


def data_of(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """An object under `data`."""
    return object_of({"data": object_of(required, **optional)})
