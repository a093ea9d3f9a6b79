"""Where text lives in a JSON Schema (tool parameters, structured outputs).

Descriptions and the values that a schema gives (`enum`, `const`, `default`, `examples`) are text.
What a schema is built of is not: property names, `type`, `required`, references, patterns. Those
must agree with each other and with what comes back, so they are never changed. An unknown keyword
is free data.
"""

from __future__ import annotations

from llm_guard_protecto.wire.slots import DATA, KEEP, SKIP, TEXT, Place

__all__ = ["SCHEMA"]

_KEYWORDS: dict[str, Place] = {
    "title": TEXT,
    "description": TEXT,
    "$comment": TEXT,
    "default": DATA,
    "example": DATA,
    "examples": DATA,
    "enum": DATA,
    "const": DATA,
    "type": KEEP,
    "format": KEEP,
    "contentEncoding": KEEP,
    "contentMediaType": KEEP,
    "required": SKIP,
    "dependentRequired": SKIP,
    "pattern": SKIP,
    "$ref": SKIP,
    "$dynamicRef": SKIP,
    "$recursiveRef": SKIP,
    "$id": SKIP,
    "$schema": SKIP,
    "$anchor": SKIP,
    "$dynamicAnchor": SKIP,
    "$vocabulary": SKIP,
    "discriminator": SKIP,
    "propertyOrdering": SKIP,
    "minimum": TEXT,
    "maximum": TEXT,
    "exclusiveMinimum": TEXT,
    "exclusiveMaximum": TEXT,
    "multipleOf": TEXT,
}

SCHEMA = Place(_KEYWORDS)
"""A schema, at its root or inside another one (a schema contains itself, hence the late rows)."""

# A list in the place of these names is no schema, and what is in it is free data.
_BY_NAME = Place(other=SCHEMA, names=True, each=DATA)

_KEYWORDS.update(
    dict.fromkeys(
        ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"), _BY_NAME
    )
)
_KEYWORDS["dependencies"] = Place(other=Place(_KEYWORDS, each=SKIP), names=True, each=DATA)
_KEYWORDS.update(
    dict.fromkeys(
        (
            "items",
            "prefixItems",
            "additionalItems",
            "unevaluatedItems",
            "contains",
            "additionalProperties",
            "unevaluatedProperties",
            "propertyNames",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "then",
            "else",
            "contentSchema",
        ),
        SCHEMA,
    )
)
