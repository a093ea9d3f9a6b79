"""Every way of the Anthropic SDK to stream, and everything that can go wrong with each."""

from __future__ import annotations

from typing import Any

from tests.clients.anthropic_bench import CASES, FORMS, answered, blocks_of, says, spoken, words
from tests.clients.bench import PROMPT
from tests.clients.stream_faults import register
from tests.clients.streaming import Event, Way

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [says(PROMPT)]}


def said(event: Any) -> str:
    here = event.type == "content_block_delta" and event.delta.type == "text_delta"
    return str(event.delta.text) if here else ""


def error(message: str) -> Event:
    failed = {"type": "overloaded_error", "message": message}
    return {"type": "error", "error": failed, "request_id": "req_1"}


def way(name: str, opens: Any) -> Way:
    return Way(
        name,
        "messages",
        opens,
        words,
        lambda text: blocks_of(answered(spoken(text)))[:-3],
        lambda text: blocks_of(answered(spoken(text)))[-3:],
        said,
        error,
        managed=name.endswith("helper"),
    )


WAYS = (
    way("message", lambda client: client.messages.create(stream=True, **ASKED)),
    way("message_helper", lambda client: client.messages.stream(**ASKED)),
    way("message_beta", lambda client: client.beta.messages.create(stream=True, **ASKED)),
    way("message_beta_helper", lambda client: client.beta.messages.stream(**ASKED)),
)
register(WAYS, FORMS, CASES)
