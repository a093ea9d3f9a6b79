"""What the Messages API answers: whole messages, their stream events, errors.

A reply is mostly text that the caller may see, so everything is restored but what has to stay as
the provider wrote it: ids, names of tools and models, signatures, encrypted content, base64 data.

A streamed block is a channel of its own. Its pieces come as deltas; a signature, the block's end
and an error each end it, so what a restorer holds back leaves before them. The text that an event
opens a block with is restored by itself: the API opens blocks empty.
"""

from __future__ import annotations

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.answers import as_json, asks_for_json
from llm_guard_protecto.wire.json_text import MAX_DEPTH, JsonText, Leaf, edit
from llm_guard_protecto.wire.slots import (
    FRAGMENT,
    SKIP,
    STREAMED,
    TEXT,
    Channel,
    Delta,
    Place,
    Slot,
    Treat,
)
from llm_guard_protecto.wire.switches import NEVER
from llm_guard_protecto.wire.walk import Table

__all__ = ["REPLY", "Messages"]

# Whole --------------------------------------------------------------------------------------------

_BASE64 = Place({"type": SKIP, "media_type": SKIP, "data": SKIP, "file_id": SKIP})

# A tool's arguments, as deep as JSON may go: each string of them is text, or JSON again.
_INPUT = Place(treat=Treat.JSON_VALUE)
for _ in range(MAX_DEPTH):
    _INPUT = Place(other=_INPUT, treat=Treat.JSON_VALUE)

# Text may stand anywhere in a block, also in those that the provider's tools fill; these may not.
_BLOCK_FIELDS: dict[str, Place] = dict.fromkeys(
    (
        "type",
        "id",
        "tool_use_id",
        "name",
        "server_name",
        "mcp_server_name",
        "toolset_name",
        "tool_name",
        "caller",
        "file_id",
        "signature",
        "encrypted_content",
        "encrypted_index",
        "encrypted_stdout",
        "error_code",
        "data",
    ),
    SKIP,
)
_BLOCK = Place(_BLOCK_FIELDS)
_BLOCK_FIELDS.update(
    content=_BLOCK,
    citations=_BLOCK,
    citation=_BLOCK,
    tools=_BLOCK,
    tool_references=_BLOCK,
    input=_INPUT,
    source=Place(
        by="type",
        cases={"base64": _BASE64, "file": _BASE64},
        otherwise=Place({"type": SKIP, "media_type": SKIP, "content": _BLOCK}),
    ),
)

_MESSAGE_FIELDS = {
    "id": SKIP,
    "type": SKIP,
    "role": SKIP,
    "model": SKIP,
    "content": _BLOCK,
    "stop_reason": SKIP,
    "stop_sequence": TEXT,
    "stop_details": Place({"type": SKIP, "category": SKIP, "explanation": TEXT}),
    "usage": SKIP,
    "container": SKIP,
    "diagnostics": SKIP,
    "request_id": SKIP,
}

# Events -------------------------------------------------------------------------------------------

_PIECES = {"text": STREAMED, "thinking": STREAMED, "content": STREAMED, "partial_json": FRAGMENT}

_DELTA = Place(
    {
        **_MESSAGE_FIELDS,  # of the delta of a message: why it stopped
        **_PIECES,
        "citation": _BLOCK,
        "signature": SKIP,
        "encrypted_content": SKIP,
    },
    other=STREAMED,
)

_REPLY = Place(
    {
        **_MESSAGE_FIELDS,
        "message": Place(_MESSAGE_FIELDS),
        "content_block": _BLOCK,
        "delta": _DELTA,
        "error": Place({"type": SKIP}),
    }
)

REPLY = Table(_REPLY)

_OVER = frozenset(("message_delta", "message_stop", "error"))


class Messages:
    """The `Format` of the Messages API."""

    def __init__(self, name: str, request: Table, reply: Table, *, json: bool = False) -> None:
        """`name` as in `Format`; `json` says that JSON was asked for as an answer."""
        self.name = name
        self._request, self._reply, self._json = request, reply, json

    def answering(self, doc: JsonText) -> Messages:
        """Return the format of the replies to this request, see `Answering`."""
        asked = asks_for_json(doc, ("output_config", "format", "type"), ("output_format", "type"))
        return Messages(self.name, self._request, self._reply, json=True) if asked else self

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        if not doc.is_object:
            raise UnknownFormat(f"the body of this call must be a JSON object {NEVER}")
        return [slot for slot, _ in self._request.slots(doc)]

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        slots = [slot for slot, stream in self._reply.slots(doc, numbers=False) if not stream]
        return [self._read(slot, doc) for slot in slots] if self._json else slots

    def deltas(self, doc: JsonText) -> list[Delta]:
        """See `Format`."""
        streamed = [slot for slot, stream in self._reply.slots(doc, numbers=False) if stream]
        if not streamed:
            return []
        index = _index(doc)
        streamed = [self._read(slot, doc) for slot in streamed] if self._json else streamed
        return [Delta(_channel(index, slot.leaf), slot.leaf, slot.treat) for slot in streamed]

    def _read(self, slot: Slot, doc: JsonText) -> Slot:
        """Decide how the text of a slot is to be read: that of an answer may be JSON."""
        kind = doc.at((*slot.path[:-1], "type")) if slot.path[-1] == "text" else None
        answer = kind is not None and kind.value in ("text", "text_delta") and len(slot.path) < 4
        return as_json(slot) if answer else slot

    def ends(self, doc: JsonText) -> list[Channel]:
        """See `Format`."""
        for leaf in doc.leaves:
            if leaf.kind != "string":
                continue
            if leaf.path == ("type",):
                if leaf.value == "content_block_stop":
                    return [(_index(doc),)]
                if leaf.value in _OVER:
                    return [()]
            elif leaf.path == ("delta", "signature"):
                return [(_index(doc), "thinking")]
        return []

    def flush_event(self, doc: JsonText, channel: Channel, text: str) -> str:
        """See `Format`. The last event of the channel, saying `text`."""
        [leaf] = [delta.leaf for delta in self.deltas(doc) if delta.channel == channel]
        return edit(doc.text, [(leaf, text)])


def _channel(index: int, leaf: Leaf) -> Channel:
    return (index, *leaf.path[1:])


def _index(doc: JsonText) -> int:
    """Return the number of the block that an event speaks of."""
    for leaf in doc.leaves:
        if leaf.path == ("index",) and leaf.kind == "number" and leaf.value.isdecimal():
            return int(leaf.value)
    return 0
