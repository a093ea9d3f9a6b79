"""A provider that repeats the whole body it was sent, in whatever its replies are made of."""

from __future__ import annotations

import re
from typing import Any

from tests.clients.bench import EVENTS, completion, event_bytes, message, whole
from tests.clients.bench import chunk as chat_chunk
from tests.clients.responses_bench import response, speaking, spoken, streamed
from tests.wireserver import Received, Script

__all__ = ["repeat", "text_of", "text_of_events"]

STEP = 251
"""Characters of a piece of a streamed reply: tokens are cut at all of their places."""


def repeat(request: Received) -> Script:
    """Answer with the body of the request as text, streamed if it asks for that."""
    said = request.body.decode()
    path, streams = request.path.partition("?")[0], "x-streams" in request.headers
    if path.endswith("/chat/completions"):
        return _chat(said, streams)
    if path.endswith("/completions"):
        return _completion(said, streams)
    if path.endswith(("/responses", "/compact")):
        return streamed(speaking(said, step=STEP)) if streams else whole(response(spoken(said)))
    if path.endswith("/items"):
        page = {"object": "list", "first_id": "msg_1", "last_id": "msg_1", "has_more": False}
        return whole(page | {"data": [spoken(said)]})
    if re.search(r"/messages\Z|:(streamR|r)awPredict\Z|/invoke\Z", path):
        return _message(said, streams)
    error = {"message": said, "type": "invalid_request_error"}
    return whole({"type": "error", "error": error}, status=400)


def _pieces(text: str) -> list[str]:
    return [text[at : at + STEP] for at in range(0, len(text), STEP)]


def _chat(said: str, streams: bool) -> Script:
    if not streams:
        return whole(completion(message(said)))
    chunks = [chat_chunk({"content": piece}) for piece in _pieces(said)]
    return Script(200, EVENTS, event_bytes([*chunks, chat_chunk({}, 0, "stop")]), chunked=True)


def _completion(said: str, streams: bool) -> Script:
    def one(text: str, reason: str | None = None) -> dict[str, Any]:
        choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}
        body = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
        return body | {"choices": [choice]}

    if not streams:
        return whole(one(said, "stop"))
    events = event_bytes([*map(one, _pieces(said)), one("", "stop")])
    return Script(200, EVENTS, events, chunked=True)


def _message(said: str, streams: bool) -> Script:
    from tests.clients import anthropic_bench as bench  # needs the SDK

    answer = bench.answered(bench.spoken(said))
    if not streams:
        return whole(answer)
    events = [bench.event(one) for one in bench.blocks_of(answer, STEP)]
    return Script(200, EVENTS, events, chunked=True)


def text_of(says: str, reply: Any) -> str:
    """The text of a whole reply, as the SDK's object has it."""
    match says:
        case "chat":
            text = reply.choices[0].message.content
        case "completion":
            text = reply.choices[0].text
        case "response":
            text = reply.output[0].content[0].text
        case "list":
            text = reply.data[0].content[0].text
        case "message":
            text = reply.content[0].text
        case _:
            body = reply.body.get("error", reply.body)
            text = body["message"]
    return str(text)


def text_of_events(says: str, events: list[Any]) -> str:
    """The text of a streamed reply, put together of its pieces; a full copy must agree."""
    if says == "chat":
        return "".join(one.choices[0].delta.content or "" for one in events)
    if says == "completion":
        return "".join(one.choices[0].text for one in events)
    if says == "message":
        deltas = [one.delta for one in events if one.type == "content_block_delta"]
        return "".join(delta.text for delta in deltas)
    pieces = [one.delta for one in events if one.type == "response.output_text.delta"]
    assert events[-1].response.output_text == "".join(pieces)
    return "".join(pieces)
