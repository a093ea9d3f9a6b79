"""Responses API: where the text lives in a whole response and in the events of a streamed one.

Whatever is not named is text and is restored: the items of the output, and all that a response
repeats of its request (instructions, tools, metadata, variables, ...). Named are the ids, the names
of tools, what is base64 or encrypted, and `logprobs`, which stay masked: they speak of the model's
own tokens.
"""

from __future__ import annotations

from llm_guard_protecto.wire.slots import FRAGMENT, JSON, SKIP, STREAMED, TEXT, Place, Treat
from llm_guard_protecto.wire.walk import Table

__all__ = ["table_of"]

_IDS = dict.fromkeys(
    (
        "id",
        "type",
        "object",
        "status",
        "role",
        "phase",
        "item_id",
        "call_id",
        "caller",
        "response_id",
        "file_id",
        "file_ids",
        "container_id",
        "approval_request_id",
        "vector_store_ids",
        "name",
        "namespace",
        "server_label",
        "server_url",
        "headers",
        "authorization",
        "encrypted_content",
        "fingerprint",
        "image_url",
        "file_data",
        "logprobs",
        "obfuscation",
    ),
    SKIP,
)

# Numbers all of them. Named, because what is named is found faster, and there is one in each event.
_NUMBERS = dict.fromkeys(
    ("sequence_number", "output_index", "content_index", "summary_index", "command_index"), SKIP
)

_PART = Place({**_IDS, "annotations": Place(each=Place(_IDS))})

_ITEM = Place(
    by="type",
    cases={
        # The picture itself.
        "image_generation_call": Place({**_IDS, "result": SKIP}),
        "code_interpreter_call": Place(
            {**_IDS, "outputs": Place(each=Place({**_IDS, "url": SKIP}))}
        ),
    },
    otherwise=Place(
        {
            **_IDS,
            "content": Place(each=_PART),
            "arguments": JSON,
            "output": Place(_IDS, each=Place({**_IDS, "text": JSON}), treat=Treat.JSON),
            "result": JSON,
            "tools": Place(each=Place(_IDS)),
        }
    ),
)

_RESPONSE = Place(
    {
        **_IDS,
        "model": SKIP,
        "service_tier": SKIP,
        "previous_response_id": SKIP,
        "conversation": SKIP,
        "usage": SKIP,
        "output": Place(each=_ITEM),
        "instructions": Place(each=_ITEM),
        "data": Place(each=_ITEM),
        "tools": Place(each=Place({**_IDS, "tools": Place(each=Place(_IDS))})),
        "tool_choice": Place({**_IDS, "tools": Place(each=Place(_IDS))}),
        "prompt": Place({**_IDS, "variables": Place(other=_PART)}),
        "text": Place({"format": Place(_IDS)}),
    }
)

_EVENT_FIELDS = {
    **_IDS,
    **_NUMBERS,
    "arguments": JSON,
    "partial_image_b64": SKIP,
    "response": _RESPONSE,
    "item": _ITEM,
    "part": _PART,
    "annotation": Place(_IDS),
}


def _delta(piece: Place) -> Table:
    # A piece is a string, or an object of strings: `{"stdout": …, "stderr": …}`.
    inside = Place(other=piece, each=TEXT, treat=piece.treat, stream=piece.stream, skip=piece.skip)
    return Table(Place({**_IDS, **_NUMBERS, "delta": inside}))


_WHOLE = Table(_RESPONSE)
_EVENT = Table(Place(_EVENT_FIELDS))
_TEXT_DELTA, _JSON_DELTA, _SOUND_DELTA = _delta(STREAMED), _delta(FRAGMENT), _delta(SKIP)


def table_of(event: str) -> Table:
    """Return what stands where in an event of this type; "" is a whole response, or an error."""
    if not event:
        return _WHOLE
    if not event.endswith(".delta"):
        return _EVENT
    if event == "response.audio.delta":
        return _SOUND_DELTA
    return _JSON_DELTA if event.endswith("arguments.delta") else _TEXT_DELTA
