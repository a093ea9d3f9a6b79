"""What a request says about how its replies are to be read.

Asked for JSON, a model answers with a text that is JSON, and what is restored in it is escaped for
it. A text that does not begin as JSON does (a refusal, a word before the answer) is plain all the
same.
"""

from __future__ import annotations

import re
from typing import Protocol, runtime_checkable

from llm_guard_protecto.wire.json_text import JsonText, Path
from llm_guard_protecto.wire.slots import Format, Slot, Treat

__all__ = ["Answering", "as_json", "asks_for_json"]

# An object or a list, as far as it has come. A list without a string or a value in it is no matter.
_BEGINS = re.compile(
    r"""\s*(?:\Z|\{\s*(?:\Z|["}])|\[\s*(?:\Z|["{[\]]|-?\d[\d.eE+-]*\s*(?:,|\Z)))"""
)


@runtime_checkable
class Answering(Protocol):
    """A format whose replies depend on the request: text, or JSON where JSON was asked for."""

    def answering(self, doc: JsonText) -> Format:
        """Return the format of the replies to the request `doc`."""
        ...


def asks_for_json(doc: JsonText, *places: Path) -> bool:
    """Whether a request says at one of these `places`, the type of a format, that it wants JSON."""
    said = (doc.at(place) for place in places)
    return any(form is not None and form.value in ("json_schema", "json_object") for form in said)


def as_json(slot: Slot) -> Slot:
    """An answer that was asked for as JSON, unless it begins otherwise (a link in Markdown, say)."""
    return Slot(slot.leaf, Treat.JSON_FRAGMENT) if _BEGINS.match(slot.leaf.value) else slot
