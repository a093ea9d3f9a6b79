"""Message batches: many requests of the Messages API in one body, their replies in lines of JSON."""

from __future__ import annotations

from llm_guard_protecto.wire.anthropic_messages import MESSAGES, REQUEST
from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.inside import Inside
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.slots import KEEP, LABEL, SKIP, Place, Slot
from llm_guard_protecto.wire.walk import Table
from llm_guard_protecto.wire.whole import Whole

__all__ = ["MESSAGE_BATCHES", "MESSAGE_BATCH_RESULTS", "READ_MESSAGE_BATCH"]

_IDS = dict.fromkeys(
    ("id", "type", "processing_status", "results_url", "first_id", "last_id"), SKIP
)

MESSAGE_BATCHES = Whole(
    "anthropic_message_batches",
    Table(
        Place(
            {
                "requests": Place(each=Place({"custom_id": LABEL, "params": REQUEST.root})),
                "betas": KEEP,
                "user_profile_id": KEEP,
            }
        )
    ),
    Table(Place({**_IDS, "data": Place(each=Place(_IDS))})),
)
"""The `Format` of starting a batch. Nothing of its reply is text but an error's message."""

READ_MESSAGE_BATCH = Bodiless("anthropic_message_batches_read", MESSAGE_BATCHES)
"""The `Format` of reading, listing, cancelling and deleting batches."""

_RESULT = Table(
    Place({"result": Place({"type": SKIP, "message": SKIP, "error": Place({"type": SKIP})})})
)


class Results(Whole):
    """The `Format` of one line of a batch's results."""

    by_line = True

    def __init__(self) -> None:
        """Its name is `anthropic_message_batch_lines`."""
        super().__init__("anthropic_message_batch_lines", _RESULT, _RESULT)

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        inside = Inside(doc, ("result", "message"), vectors=False)
        return [*super().reply_slots(doc), *inside.reply_slots(MESSAGES)]


MESSAGE_BATCH_RESULTS = Bodiless("anthropic_message_batch_results", Results())
"""The `Format` of fetching a batch's results."""
