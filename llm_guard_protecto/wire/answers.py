"""What a request says about how its replies are to be read."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.slots import Format

__all__ = ["Answering"]


@runtime_checkable
class Answering(Protocol):
    """A format whose replies depend on the request: text, or JSON where JSON was asked for."""

    def answering(self, doc: JsonText) -> Format:
        """Return the format of the replies to the request `doc`."""
        ...
