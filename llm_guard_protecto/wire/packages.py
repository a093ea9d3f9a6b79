"""Bodies that are not one JSON text: what is masked in them comes as several, each by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from llm_guard_protecto.wire.json_text import JsonText, quote
from llm_guard_protecto.wire.slots import Slot, Treat

__all__ = ["ByLine", "Package", "Packing", "Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """One JSON text of a body and what to mask in it; `plain` text is wrapped as a JSON string."""

    doc: JsonText
    slots: Sequence[Slot] = field(repr=False)
    plain: bool = False

    @classmethod
    def of(cls, text: str, treat: Treat = Treat.TEXT) -> Page:
        """The page of a text that is no JSON."""
        doc = JsonText(quote(text))
        return cls(doc, [Slot(leaf, treat) for leaf in doc.leaves], plain=True)

    def said(self, text: str) -> str:
        """What stands in the body for the page's JSON text `text`."""
        return str(json.loads(text)) if self.plain else text


@dataclass(frozen=True, slots=True)
class Package:
    """The pages of a body; `packed` makes a body again, of the texts of these pages once masked."""

    pages: Sequence[Page]
    packed: Callable[[Sequence[str]], bytes] = field(repr=False)


@runtime_checkable
class Packing(Protocol):
    """A format whose requests are packages."""

    def unpack(self, content_type: str, body: bytes) -> Package:
        """Take a body apart. Raises UnknownFormat for what can neither be masked nor sent."""
        ...


@runtime_checkable
class ByLine(Protocol):
    """A format whose replies are files: lines of JSON, other text, or no text at all.

    `reply_slots` reads one line. A file comes under any content type.
    """

    by_line: bool
