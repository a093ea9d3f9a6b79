"""Calls without a body, whose answers hold no user's words: listing models, deleting by an id."""

from __future__ import annotations

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.slots import Channel, Delta, Slot

__all__ = ["Bodiless"]


class Bodiless:
    """The `Format` of such a call: nothing is masked, so nothing is to be restored."""

    def __init__(self, name: str) -> None:
        """`name` as in `Format`."""
        self.name = name

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. Raises UnknownFormat, because a body is there."""
        del doc
        raise UnknownFormat("this call has no body in the provider's API, so it was not sent")

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. There are none."""
        del doc
        return []

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
