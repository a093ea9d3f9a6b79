"""Probabilities are taken out of a reply and out of its events, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.guard import Exchange
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.wire.logprobs import without_logprobs
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.openai_responses import RESPONSES
from tests.guard.material import MAP

SCORES: Any = [{"token": "cn", "logprob": -0.5, "bytes": [99], "top_logprobs": []}]
CHAT_REPLY = {
    "choices": [{"index": 0, "logprobs": {"content": SCORES}, "message": {"content": "x"}}]
}
PART = {"type": "output_text", "text": "x", "logprobs": SCORES}
RESPONSE = {"output": [{"type": "message", "content": [PART]}]}
EVENTS = [
    {"type": "response.output_text.delta", "delta": "x", "logprobs": SCORES},
    {"type": "response.content_part.done", "part": PART},
    {"type": "response.output_item.done", "item": RESPONSE["output"][0]},
    {"type": "response.completed", "response": RESPONSE},
]  # fmt: skip


@pytest.mark.parametrize("body", [CHAT_REPLY, RESPONSE, *EVENTS])
def test_they_are_taken_out_and_nothing_else_is(body: Any) -> None:
    text = json.dumps(body, indent=1)
    got = without_logprobs(text)
    assert "logprob" in got  # the key stays: its reader expects it
    assert "-0.5" not in got
    gone = "null" if "choices" in body else "[]"
    scores = {"content": SCORES} if "choices" in body else SCORES
    assert json.loads(got) == json.loads(json.dumps(body).replace(json.dumps(scores), gone))
    assert without_logprobs(got) == got


@pytest.mark.parametrize(
    "text",
    [
        '{"choices":[{"logprobs":null}]}',
        '{"tools":[{"parameters":{"properties":{"logprobs":{"type":"object"}}}}]}',
        '{"metadata":{"logprobs":["mine"]}}',
        '{"content":[{"type":"tool_use","input":{"logprobs":{"a":1}}}]}',
        '{"choices":[{"logprobs":{]',
        "logprobs",
    ],
)
def test_what_is_no_probability_stays(text: str) -> None:
    assert without_logprobs(text) == text


def test_a_policy_keeps_or_drops_them_whole_and_streamed() -> None:
    drop = Policy.parse({"name": "p", "surfaces": {"logprobs": "drop"}})
    for format_, body in ((CHAT, CHAT_REPLY), (RESPONSES, RESPONSE)):
        data = json.dumps(body).encode()
        assert Exchange(b"", format_, MAP).reply("application/json", data) == data
        dropped = Exchange(b"", format_, MAP, policy=drop).reply("application/json", data)
        assert b"-0.5" not in dropped
    data = "".join(f"data: {json.dumps(event)}\n\n" for event in EVENTS).encode()
    kept = Exchange(b"", RESPONSES, MAP).stream("text/event-stream")
    assert kept.feed(data) + kept.flush() == data
    for step in (1, len(data)):
        stream = Exchange(b"", RESPONSES, MAP, policy=drop).stream("text/event-stream")
        pieces = [stream.feed(data[at : at + step]) for at in range(0, len(data), step)]
        assert b"-0.5" not in b"".join([*pieces, stream.flush()])
