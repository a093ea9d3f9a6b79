"""Calls without a body: listing models, deleting by an id, reading what the provider keeps."""

from __future__ import annotations

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.slots import Channel, Delta, Format, Slot
from llm_guard_protecto.wire.switches import NEVER

__all__ = ["Bodiless"]


class Bodiless:
    """The `Format` of such a call: nothing is masked.

    `replies` is the format of its answers, when they may repeat what an earlier call masked; None
    when they hold no user's words.
    """

    def __init__(self, name: str, replies: Format | None = None) -> None:
        """`name` as in `Format`."""
        self.name, self.replies = name, replies

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. Raises UnknownFormat, because a body is there."""
        del doc
        raise UnknownFormat(
            f"this call has no body in the provider's API, so it was not sent {NEVER}"
        )

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. Those of `replies`."""
        return [] if self.replies is None else self.replies.reply_slots(doc)

    def deltas(self, doc: JsonText) -> list[Delta]:
        """See `Format`. Those of `replies`."""
        return [] if self.replies is None else self.replies.deltas(doc)

    def ends(self, doc: JsonText) -> list[Channel]:
        """See `Format`. Those of `replies`."""
        return [] if self.replies is None else self.replies.ends(doc)

    def flush_event(self, doc: JsonText, channel: Channel, text: str) -> str:
        """See `Format`. Never asked for where there are no `replies`: nothing is held back."""
        if self.replies is None:
            raise UnknownFormat(f"{self.name} has no events")
        return self.replies.flush_event(doc, channel, text)
