"""APIs that never stream: one body goes out, one comes back."""

from __future__ import annotations

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.slots import Channel, Delta, Slot
from llm_guard_protecto.wire.switches import NEVER
from llm_guard_protecto.wire.walk import Table

__all__ = ["Whole"]


class Whole:
    """The `Format` of an API without streams: its two tables and nothing else."""

    def __init__(self, name: str, request: Table, reply: Table) -> None:
        """`name` as in `Format`."""
        self.name = name
        self._request, self._reply = request, reply

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        if not doc.is_object:
            raise UnknownFormat(f"the body of this call must be a JSON object {NEVER}")
        return [slot for slot, _ in self._request.slots(doc)]

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        return [slot for slot, _ in self._reply.slots(doc, numbers=False)]

    def deltas(self, doc: JsonText) -> list[Delta]:
        """See `Format`. There are none."""
        del doc
        return []

    def ends(self, doc: JsonText) -> list[Channel]:
        """See `Format`. Nothing begins, so nothing ends."""
        del doc
        return []

    def flush_event(self, doc: JsonText, channel: Channel, text: str) -> str:
        """See `Format`. Never asked for, because nothing is held back."""
        del doc, channel, text
        raise UnknownFormat(f"{self.name} has no events")
