"""What `FakeProvider` keeps of responses and conversations, for later calls.

A response in the background is `queued` until it is first read. Everything stays in this object's
memory, exactly as it was received.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

__all__ = ["Answer", "Asked", "Calls", "Json", "StoredResponses", "listed"]

Answer = tuple[int, str, Iterator[bytes]]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, how a model answers messages, and the size of a stream's pieces in characters."""

    method: str
    path: str
    query: str
    body: bytes = field(repr=False)
    says: Callable[[Sequence[Mapping[str, Any]]], str]
    piece: int = 5

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Calls:
    """Objects with ids, and the calls about them: `rows` of method, end of the path, what to do."""

    rows: Sequence[tuple[str, str, Callable[..., Json | Answer]]] = ()

    def __init__(self) -> None:
        """Start without any."""
        self._made = 0

    def answer(self, asked: Asked) -> Answer | None:
        """Answer a call; None for one that is not about these. Raises KeyError for an unknown id."""
        for method, pattern, do in self.rows:
            found = re.search(pattern + r"\Z", asked.path)
            if asked.method == method and found:
                said = do(self, asked, *found.groups())
                if isinstance(said, dict):
                    said = 200, "application/json", iter([json.dumps(said).encode()])
                return said
        return None

    def _id(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"


class StoredResponses(Calls):
    """Responses and conversations."""

    def __init__(self) -> None:
        """Start without any."""
        super().__init__()
        self._responses: dict[str, Json] = {}
        self._inputs: dict[str, list[Json]] = {}
        self._conversations: dict[str, Json] = {}
        self._items: dict[str, list[Json]] = {}

    # Responses ------------------------------------------------------------------------------------

    def respond(self, asked: Asked) -> Json | Answer:
        """Answer a request for a response."""
        request = asked.json()
        items = _items(request.get("input") or [])
        named = request.get("conversation") or ""
        talk = str(named["id"] if isinstance(named, dict) else named)
        before = self._inputs.get(request.get("previous_response_id", ""), [])
        before = [*before, *self._items.get(talk, [])]
        instructions = request.get("instructions")
        system = [{"role": "system", "content": instructions}] if instructions else []
        text = asked.says([*system, *map(_message, [*before, *items])])
        spoken = _spoken(self._id("msg"), text)
        response: Json = {
            "id": self._id("resp"),
            "object": "response",
            "created_at": 0,
            "status": "queued" if request.get("background") else "completed",
            "model": request.get("model", "fake"),
            "background": bool(request.get("background")),
            "conversation": {"id": talk} if talk else None,
            "instructions": instructions,
            "metadata": request.get("metadata") or {},
            "output": [spoken],
            "parallel_tool_calls": True,
            "text": request.get("text") or {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
        }
        if talk:
            self._items[talk] += [*self._numbered(items), spoken]
        if request.get("store") is not False:
            self._responses[response["id"]] = response
            self._inputs[response["id"]] = [*before, *items, spoken]
        if request.get("stream"):
            return _events(response, asked.piece)
        return _shown(response)

    def _response(self, asked: Asked, name: str) -> Json | Answer:
        response = self._responses[name]
        if response["status"] == "queued":
            response["status"] = "completed"
        query = parse_qs(asked.query)
        if query.get("stream") == ["true"]:
            after = int(query.get("starting_after", ["-1"])[0])
            return _events(response, asked.piece, after)
        return response

    def _cancel(self, _asked: Asked, name: str) -> Json:
        self._responses[name]["status"] = "cancelled"
        return self._responses[name]

    def _delete(self, _asked: Asked, name: str) -> Json:
        del self._responses[name]
        return {"id": name, "object": "response", "deleted": True}

    def _input_items(self, _asked: Asked, name: str) -> Json:
        return listed(self._inputs[name][:-1])

    # Conversations --------------------------------------------------------------------------------

    def _converse(self, asked: Asked) -> Json:
        request = asked.json()
        made: Json = {
            "id": self._id("conv"),
            "object": "conversation",
            "created_at": 0,
            "metadata": request.get("metadata") or {},
        }
        self._conversations[made["id"]] = made
        self._items[made["id"]] = self._numbered(request.get("items") or [])
        return made

    def _conversation(self, asked: Asked, name: str) -> Json:
        if asked.body:
            self._conversations[name]["metadata"] = asked.json()["metadata"]
        return self._conversations[name]

    def _conversation_items(self, asked: Asked, name: str) -> Json:
        if not asked.body:
            return listed(self._items[name])
        items = self._numbered(asked.json()["items"])
        self._items[name] += items
        return listed(items)

    def _conversation_item(self, _asked: Asked, name: str, item: str) -> Json:
        return next(one for one in self._items[name] if one["id"] == item)

    def _numbered(self, items: Sequence[Json]) -> list[Json]:
        return [{"id": self._id("msg"), "status": "completed"} | one for one in _items(items)]


_ID = "([A-Za-z0-9_-]+)"

StoredResponses.rows = (
    ("POST", "/responses", StoredResponses.respond),
    ("GET", f"/responses/{_ID}", StoredResponses._response),
    ("DELETE", f"/responses/{_ID}", StoredResponses._delete),
    ("POST", f"/responses/{_ID}/cancel", StoredResponses._cancel),
    ("GET", f"/responses/{_ID}/input_items", StoredResponses._input_items),
    ("POST", "/conversations", StoredResponses._converse),
    ("GET", f"/conversations/{_ID}", StoredResponses._conversation),
    ("POST", f"/conversations/{_ID}", StoredResponses._conversation),
    ("GET", f"/conversations/{_ID}/items", StoredResponses._conversation_items),
    ("POST", f"/conversations/{_ID}/items", StoredResponses._conversation_items),
    ("GET", f"/conversations/{_ID}/items/{_ID}", StoredResponses._conversation_item),
)


def listed(data: Sequence[Json]) -> Json:
    """One page with all of these objects."""
    ids = [one.get("id") for one in data] or [None]
    page = {"object": "list", "data": list(data), "has_more": False}
    return page | {"first_id": ids[0], "last_id": ids[-1]}


def _items(given: str | Sequence[Json]) -> list[Json]:
    """An input, which may be a text, as items; a message without a type gets one."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    return [{"type": "message"} | one for one in given]


def _message(item: Json) -> Json:
    """An item as a message of a chat."""
    content = item.get("content", "")
    if not isinstance(content, str):
        content = "".join(part.get("text", "") for part in content)
    return {"role": item.get("role", "user"), "content": content}


def _spoken(name: str, text: str) -> Json:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


def _shown(response: Json) -> Json:
    """A response as it stands: before it is done it says nothing."""
    return response if response["status"] == "completed" else response | {"output": []}


def _events(response: Json, piece: int, after: int = -1) -> Answer:
    """The events of a response, those with a higher number than `after`."""
    [item] = response["output"]
    [part] = item["content"]
    begun = response | {"status": "in_progress", "output": []}
    where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    text = part["text"]
    events: list[Json] = [
        {"type": "response.created", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": item | {"content": [], "status": "in_progress"},
        },
        {"type": "response.content_part.added", "part": part | {"text": ""}} | where,
    ]
    events += [
        {"type": "response.output_text.delta", "delta": text[at : at + piece], "logprobs": []}
        | where
        for at in range(0, len(text), piece)
    ]
    events += [
        {"type": "response.output_text.done", "text": text, "logprobs": []} | where,
        {"type": "response.content_part.done", "part": part} | where,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response | {"status": "completed"}},
    ]
    written = (
        f"event: {event['type']}\ndata: {json.dumps(event | {'sequence_number': number})}\n\n"
        for number, event in enumerate(events)
        if number > after
    )
    return 200, "text/event-stream", (event.encode() for event in written)
