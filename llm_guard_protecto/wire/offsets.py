"""Positions in a text that is restored, such as where a citation begins.

A provider counts in the text it wrote, with tokens in it; restored, the text has another length.
A format whose replies hold such positions has one more method, `offsets`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from llm_guard_protecto.wire.json_text import JsonText, Leaf
from llm_guard_protecto.wire.slots import Channel, Treat

__all__ = ["Offset", "Positioned"]


@dataclass(frozen=True, slots=True)
class Offset:
    """A number that is a position, in characters, in a text.

    `within` is the leaf of that text, if the same body holds it, or else the channel that brought
    it. `edge` says where a position inside a token moves to: the start or the end of its value.
    `treat` is how a text that is a leaf is restored.
    """

    leaf: Leaf
    within: Leaf | Channel
    edge: Literal["start", "end"]
    treat: Treat = Treat.TEXT


@runtime_checkable
class Positioned(Protocol):
    """A format whose replies hold positions."""

    def offsets(self, doc: JsonText) -> list[Offset]:
        """Return the positions in a reply or a stream event."""
        ...
