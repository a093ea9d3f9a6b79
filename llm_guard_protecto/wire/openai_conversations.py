"""Conversations of the Responses API: what is put into one, and what is read from it.

The items are those of a response's `input`, and come back as those of its `output`.
"""

from __future__ import annotations

from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.offsets import Offset
from llm_guard_protecto.wire.openai_responses import STORED_RESPONSES
from llm_guard_protecto.wire.openai_responses_items import ITEM
from llm_guard_protecto.wire.slots import DATA, KEEP, Place, Slot
from llm_guard_protecto.wire.walk import Table
from llm_guard_protecto.wire.whole import Whole

__all__ = ["CONVERSATIONS", "READ_CONVERSATION"]

_REQUEST = Table(Place({"items": Place(each=ITEM), "metadata": DATA, "include": KEEP}))


class Conversations(Whole):
    """The `Format` of making and changing a conversation; one or more items come back."""

    def __init__(self) -> None:
        """Its name is `openai_conversations`."""
        super().__init__("openai_conversations", _REQUEST, _REQUEST)

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. A list of items is read as a response's is."""
        return STORED_RESPONSES.reply_slots(doc)

    def offsets(self, doc: JsonText) -> list[Offset]:
        """Return where citations stand, see `Positioned`."""
        return STORED_RESPONSES.offsets(doc)


CONVERSATIONS = Conversations()

READ_CONVERSATION = Bodiless("openai_conversations_read", CONVERSATIONS)
"""The `Format` of reading a conversation or its items, and of deleting either."""
