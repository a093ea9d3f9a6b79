"""The calls without a body: reading, listing, cancelling, deleting, with the real SDKs.

What such a call is given stands in its path or its query; what comes back was masked by an earlier
call, and is restored because an id ties the two together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.clients import responses_bench as responses
from tests.clients.bench import VALUES
from tests.clients.tiny_vault import TinyVault
from tests.matrix.bodies import CANARY

__all__ = [
    "BEFORE",
    "MASKED",
    "NAMED",
    "READINGS",
    "Reading",
]

Json = Any

[_MASKED] = TinyVault(CANARY).mask([CANARY])
MASKED = _MASKED.token_value
"""What the provider sees of a canary in a text."""
NAMED = _MASKED.individual_tokens[0].token
"""And in a name, where a wrapper cannot stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A row of `ROUTES` without a body and the SDK's method for it.

    ids: its arguments that go into the path, as the provider calls them. before: the call that put
    what is read there, see `BEFORE`. reply: what the provider says, a canary at every place of a
    text; None where it holds nobody's words. query: its arguments that go into the query.
    """

    verb: str
    tail: str
    method: str
    ids: Mapping[str, str]
    before: str = ""
    reply: Json = None
    query: Sequence[str] = ()
    modes: tuple[str, ...] = ("plain",)
    client: str = "OpenAI"

    @property
    def name(self) -> str:
        """What the page calls it."""
        whose = f" ({self.client})" if self.client != "OpenAI" else ""
        return f"{self.verb} {self.tail}{whose}"


BEFORE: Mapping[str, tuple[str, dict[str, Any]]] = {
    "response": ("responses.create", {"model": "m", "input": CANARY}),
    "conversation": (
        "conversations.create",
        {"items": [{"type": "message", "role": "user", "content": CANARY}]},
    ),
    "file": (
        "files.create",
        {"file": (f"{CANARY}.txt", CANARY.encode()), "purpose": "user_data"},
    ),
    "batch": (
        "batches.create",
        {
            "input_file_id": "file_9",
            "endpoint": "/v1/responses",
            "completion_window": "24h",
            "metadata": {"for": CANARY},
        },
    ),
    "messages": (
        "messages.batches.create",
        {
            "requests": [
                {
                    "custom_id": CANARY,
                    "params": {
                        "model": "m",
                        "max_tokens": 9,
                        "messages": [{"role": "user", "content": CANARY}],
                    },
                }
            ]
        },
    ),
    "upload": ("beta.files.upload", {"file": (f"{CANARY}.txt", CANARY.encode())}),
}
"""The SDK's method for the call that each kind of object begins with, and its arguments."""


def _with_canaries(value: Json) -> Json:
    """The same with a canary in place of each value that the forms of other tests mask."""
    if isinstance(value, dict):
        return {key: _with_canaries(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_canaries(inner) for inner in value]
    if isinstance(value, str):
        for one in sorted(VALUES, key=len, reverse=True):
            for written in (json.dumps(one, ensure_ascii=False)[1:-1], one):
                value = value.replace(written, CANARY)
    return value


def _listed(*objects: Json) -> Json:
    first, last = objects[0].get("id"), objects[-1].get("id")
    page = {"object": "list", "data": list(objects), "has_more": False}
    return page | {"first_id": first, "last_id": last}


_ITEMS = [
    one
    for one in _with_canaries(responses.ITEMS)
    if one.get("type") not in (None, "item_reference")
]
_RESPONSE = responses.response(
    *_ITEMS,
    instructions=CANARY,
    metadata={"for": CANARY},
    error={"code": "server_error", "message": CANARY},
    user=CANARY,
)
_CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 1} | {
    "metadata": {"for": CANARY}
}
_FILE = {
    "id": "file_1",
    "object": "file",
    "bytes": 1,
    "created_at": 1,
    "filename": f"{CANARY}.txt",
    "purpose": "user_data",
    "status": "processed",
}
_GONE = {"id": "x_1", "object": "x.deleted", "deleted": True}
_BATCH = {
    "id": "batch_1",
    "object": "batch",
    "endpoint": "/v1/responses",
    "input_file_id": "file_9",
    "completion_window": "24h",
    "created_at": 1,
    "status": "completed",
    "metadata": {"for": CANARY},
    "errors": {"object": "list", "data": [{"code": "x", "message": CANARY, "param": "y"}]},
}
_LINE = {
    "id": "batch_req_1",
    "custom_id": CANARY,
    "response": {"status_code": 200, "request_id": "r", "body": _RESPONSE},
    "error": {"code": "x", "message": CANARY},
}
_MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "x"}
_MANY = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "ended",
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z",
    "request_counts": dict.fromkeys(
        ("processing", "succeeded", "errored", "canceled", "expired"), 0
    ),
    "results_url": "/v1/messages/batches/msgbatch_1/results",
}
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "text", "text": CANARY},
        {"type": "tool_use", "id": "toolu_1", "name": "send", "input": {"to": CANARY}},
    ],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
_RESULT = {"custom_id": CANARY, "result": {"type": "succeeded", "message": _MESSAGE}}
_STORED_FILE = {
    "id": "file_1",
    "type": "file",
    "created_at": "2026-01-01T00:00:00Z",
    "filename": f"{CANARY}.txt",
    "mime_type": "text/plain",
    "size_bytes": 1,
}

_R, _C, _F, _B, _M = (
    {"response_id": "resp_1"},
    {"conversation_id": "conv_1"},
    {"file_id": "file_1"},
    {"batch_id": "batch_1"},
    {"message_batch_id": "msgbatch_1"},
)
_I = {"item_id": "msg_1", **_C}
_PAGE = ("after", "order")
_BOTH = ("plain", "stream")
_ONE = "/v1/messages/batches/{id}"

READINGS = (
    Reading(
        *("GET", "/responses/{id}", "responses.retrieve", _R, "response", _RESPONSE),
        query=("include",),
        modes=_BOTH,
    ),
    Reading(
        *("GET", "/responses/{id}/input_items", "responses.input_items.list", _R, "response"),
        reply=_listed(*_ITEMS),
        query=_PAGE,
    ),
    Reading("POST", "/responses/{id}/cancel", "responses.cancel", _R, "response", _RESPONSE),
    Reading("DELETE", "/responses/{id}", "responses.delete", _R),
    Reading(
        *("GET", "/conversations/{id}", "conversations.retrieve", _C, "conversation"),
        reply=_CONVERSATION,
    ),
    Reading("DELETE", "/conversations/{id}", "conversations.delete", _C),
    Reading(
        *("GET", "/conversations/{id}/items", "conversations.items.list", _C, "conversation"),
        reply=_listed(*_ITEMS),
        query=_PAGE,
    ),
    Reading(
        *("GET", "/conversations/{id}/items/{id}", "conversations.items.retrieve", _I),
        before="conversation",
        reply=responses.spoken(CANARY),
        query=("include",),
    ),
    Reading(
        *("DELETE", "/conversations/{id}/items/{id}", "conversations.items.delete", _I),
        before="conversation",
        reply=_CONVERSATION,
    ),
    Reading("GET", "/files", "files.list", {}, "file", _listed(_FILE), (*_PAGE, "purpose")),
    Reading("GET", "/files/{id}", "files.retrieve", _F, "file", _FILE),
    Reading("DELETE", "/files/{id}", "files.delete", _F, "", _GONE),
    Reading("GET", "/files/{id}/content", "files.content", _F, "file", _LINE),
    Reading("GET", "/batches", "batches.list", {}, "batch", _listed(_BATCH), ("after",)),
    Reading("GET", "/batches/{id}", "batches.retrieve", _B, "batch", _BATCH),
    Reading("POST", "/batches/{id}/cancel", "batches.cancel", _B, "batch", _BATCH),
    Reading("GET", "/models", "models.list", {}, "", _listed(_MODEL)),
    Reading("GET", "/models/{id}", "models.retrieve", {"model": "m"}, "", _MODEL),
    *(
        Reading(verb, tail, f"messages.batches.{name}", ids, "", reply, query, client="Anthropic")
        for verb, tail, name, ids, reply, query in (
            ("GET", "/v1/messages/batches", "list", {}, _listed(_MANY), ("after_id", "before_id")),
            ("GET", _ONE, "retrieve", _M, _MANY, ()),
            ("POST", f"{_ONE}/cancel", "cancel", _M, _MANY, ()),
            ("DELETE", _ONE, "delete", _M, _GONE, ()),
        )
    ),
    Reading(
        *("GET", f"{_ONE}/results", "messages.batches.results", _M, "messages", _RESULT),
        client="Anthropic",
    ),
    Reading("GET", "/models", "models.list", {}, "", _listed(_MODEL), client="Anthropic"),
    Reading(
        *("GET", "/models/{id}", "models.retrieve", {"model_id": "m"}, "", _MODEL),
        client="Anthropic",
    ),
    *(
        Reading(verb, tail, f"beta.files.{name}", ids, before, reply, query, client="Anthropic")
        for verb, tail, name, ids, before, reply, query in (
            ("GET", "/files", "list", {}, "upload", _listed(_STORED_FILE), ("scope_id",)),
            ("GET", "/files/{id}", "retrieve_metadata", _F, "upload", _STORED_FILE, ()),
            ("DELETE", "/files/{id}", "delete", _F, "", _GONE, ()),
            ("GET", "/files/{id}/content", "download", _F, "upload", _LINE, ()),
        )
    ),
)
"""Every row of `ROUTES` that has no body, by the SDK's method for it."""
