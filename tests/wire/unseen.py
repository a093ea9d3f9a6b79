"""Canaries in requests made from an SDK's types, and those of them that no slot covers."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Leaf
from llm_guard_protecto.wire.slots import Format
from tests.wire.sdk_types import Json

__all__ = ["PERSONAL", "WORD", "shape", "structural", "unseen"]

# A canary that could be someone's data, and one that looks like a word of the API.
PERSONAL = st.integers(1, 99).map(lambda n: f"Zoë Canary {n}, c{n}@leak.example")
WORD = st.integers(1, 99).map(lambda n: f"canary_{n}")

# What a schema is built of: never changed, whatever it says.
STRUCTURE = ("required", "pattern", "$ref")
NAMES = ("properties", "$defs")


def shape(leaf: Leaf) -> str:
    """`messages[].content[].text`"""
    parts = ("[]" if isinstance(part, int) else f".{part}" for part in leaf.path)
    return "".join(parts).removeprefix(".")


def unseen(format_: Format, body: Json) -> list[Leaf]:
    """The canaries, in keys and values, that no slot covers; none if the body is refused."""
    doc = JsonText(json.dumps(body, ensure_ascii=False))
    try:
        slots = format_.request_slots(doc)
    except UnknownFormat:
        return []
    seen = {slot.leaf for slot in slots}
    canaries = [leaf for leaf in doc.leaves if "canary" in leaf.value.lower()]
    return [leaf for leaf in canaries if leaf not in seen]


def structural(leaf: Leaf, schemas: tuple[str, ...]) -> bool:
    """Whether a leaf of one of these `schemas` is what a schema is built of."""
    if not shape(leaf).startswith(schemas):
        return False
    if leaf.kind == "key":
        return leaf.path[-2] in NAMES or any(word in leaf.path[:-1] for word in STRUCTURE)
    return any(word in leaf.path for word in STRUCTURE)
