"""Batches: the lines of their files, and the calls that start, read and list them.

A line of an input file says where it goes (`url`), and its `body` is masked as if it went there by
itself. A line of a result file holds the reply to one of them, or an error. `custom_id` is the
caller's own and comes back in the result, so it stays unless something is found in it.
"""

from __future__ import annotations

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.bodiless import Bodiless
from llm_guard_protecto.wire.choices import Choices
from llm_guard_protecto.wire.inside import Inside
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.offsets import Offset
from llm_guard_protecto.wire.openai_chat import CHAT, REPLY, REQUEST
from llm_guard_protecto.wire.openai_completions import COMPLETIONS
from llm_guard_protecto.wire.openai_inputs import EMBEDDINGS, MODERATIONS
from llm_guard_protecto.wire.openai_responses import RESPONSES, STORED_RESPONSES
from llm_guard_protecto.wire.slots import DATA, KEEP, LABEL, SKIP, TEXT, Format, Place, Slot
from llm_guard_protecto.wire.switches import NEVER
from llm_guard_protecto.wire.walk import Table
from llm_guard_protecto.wire.whole import Whole

__all__ = ["BATCH", "BATCH_LINES", "READ_BATCH", "BatchLines"]

_BODIES: tuple[tuple[str, Format], ...] = (
    ("/chat/completions", CHAT),
    ("/completions", COMPLETIONS),
    ("/embeddings", EMBEDDINGS),
    ("/moderations", MODERATIONS),
    ("/responses", RESPONSES),
)
# Whether JSON was asked for stands in the line that was sent, which is not at hand: an answer that
# begins as JSON is read so, as a stored response is.
_STORED_CHAT = Choices(CHAT.name, REQUEST, REPLY, inside="delta", json=True)
_REPLIES: dict[str, Format] = {
    "chat.completion": _STORED_CHAT,
    "text_completion": COMPLETIONS,
    "response": STORED_RESPONSES,
    "list": EMBEDDINGS,
}
_SENT = Table(Place({"custom_id": LABEL, "method": KEEP, "url": KEEP, "body": SKIP}))
_CAME = Table(
    Place(
        {
            "id": SKIP,
            "response": Place({"status_code": SKIP, "request_id": SKIP, "body": SKIP}),
            "error": Place({"code": SKIP}),
        }
    )
)

_ANYTHING = Table(DATA)


class BatchLines(Whole):
    """The `Format` of one line of a batch's file, sent or come back."""

    by_line = True

    def __init__(self) -> None:
        """Its name is `openai_batch_lines`."""
        super().__init__("openai_batch_lines", _SENT, _CAME)

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. Raises UnknownFormat for a `url` whose bodies are not covered."""
        slots = super().request_slots(doc)
        doc.span(("url",))  # refuses two of them
        url = doc.at(("url",))
        for tail, found in _BODIES:
            if url is not None and url.kind == "string" and f"/{url.value}".endswith(tail):
                return [*slots, *Inside(doc, ("body",)).request_slots(found)]
        raise UnknownFormat(
            f"its url is none whose bodies can be masked, so nothing was sent {NEVER}"
        )

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. What is no result is a line that was sent, or text through and through."""
        keys = {leaf.path[0] for leaf in doc.leaves if len(leaf.path) == 1 and leaf.kind == "key"}
        if {"custom_id", "response"} <= keys:
            inside = _reply(doc)
            return [*super().reply_slots(doc), *inside.reply_slots(_format(inside))]
        if {"custom_id", "url", "body"} <= keys:
            try:
                return self.request_slots(doc)
            except UnknownFormat:
                pass
        return [slot for slot, _ in _ANYTHING.slots(doc, numbers=False)]

    def offsets(self, doc: JsonText) -> list[Offset]:
        """Return where citations stand, see `Positioned`."""
        inside = _reply(doc)
        return inside.offsets(_format(inside))


def _reply(doc: JsonText) -> Inside:
    return Inside(doc, ("response", "body"), vectors=False)


def _format(inside: Inside) -> Format:
    """What a reply is, it says itself; an error body is read as any of them reads it."""
    said = inside.doc.at(("object",)) if inside.doc else None
    if said is None:
        results = inside.doc and any(leaf.path[:1] == ("results",) for leaf in inside.doc.leaves)
        return MODERATIONS if results else _STORED_CHAT
    return _REPLIES.get(said.value, _STORED_CHAT)


BATCH_LINES = BatchLines()

_IDS = dict.fromkeys(
    (
        "id",
        "object",
        "endpoint",
        "status",
        "model",
        "input_file_id",
        "output_file_id",
        "error_file_id",
        "completion_window",
        "usage",
        "request_counts",
        "first_id",
        "last_id",
    ),
    SKIP,
)
_REPLY = Table(Place({**_IDS, "data": Place(each=Place(_IDS))}))

BATCH = Whole(
    "openai_batches",
    Table(
        Place(
            {
                "input_file_id": KEEP,
                "endpoint": KEEP,
                "completion_window": KEEP,
                "metadata": DATA,
                "output_expires_after": Place({"anchor": KEEP, "seconds": TEXT}),
            }
        )
    ),
    _REPLY,
)
"""The `Format` of starting a batch."""

READ_BATCH = Bodiless("openai_batches_read", BATCH)
"""The `Format` of reading, listing and cancelling batches."""
