"""Conversations and batches: no string that the SDKs' types allow goes out unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types.messages import batch_create_params as anthropic_batches
from hypothesis import HealthCheck, given, settings
from openai.types.batch_create_params import BatchCreateParams
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.completion_create_params import (
    CompletionCreateParamsNonStreaming as TextCompletionParams,
)
from openai.types.conversations.conversation_create_params import ConversationCreateParams
from openai.types.conversations.conversation_update_params import ConversationUpdateParams
from openai.types.conversations.item_create_params import ItemCreateParams
from openai.types.embedding_create_params import EmbeddingCreateParams
from openai.types.moderation_create_params import ModerationCreateParams
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from llm_guard_protecto.wire.anthropic_batches import MESSAGE_BATCHES
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.openai_batches import BATCH, BATCH_LINES
from llm_guard_protecto.wire.openai_conversations import CONVERSATIONS
from llm_guard_protecto.wire.routes import format_for
from llm_guard_protecto.wire.slots import Format, Treat
from tests.wire.sdk_types import Json, every, requests
from tests.wire.unseen import PERSONAL, structural, unseen

BODIES: list[tuple[Format, Any]] = [
    (CONVERSATIONS, ConversationCreateParams),
    (CONVERSATIONS, ConversationUpdateParams),
    (CONVERSATIONS, ItemCreateParams),
    (BATCH, BatchCreateParams),
    (MESSAGE_BATCHES, anthropic_batches.BatchCreateParams),
]
LINES = [
    ("/v1/chat/completions", CompletionCreateParamsNonStreaming),
    ("/v1/responses", ResponseCreateParamsNonStreaming),
    ("/v1/completions", TextCompletionParams),
    ("/v1/embeddings", EmbeddingCreateParams),
    ("/v1/moderations", ModerationCreateParams),
]
# What a schema is built of says no one's name; see the tests of each API's own requests.
SCHEMAS = (
    "items[].tools[].parameters",
    "body.functions[].parameters",
    "body.response_format.json_schema.schema",
    "body.text.format.schema",
    "body.tools[].",
    "body.input[].",
    "items[].",
    "requests[].params.tools[].input_schema",
    "requests[].params.output_config.format.schema",
)
CREDENTIALS = {"authorization", "server_url", "headers", "value"}
# What a provider sealed or signed, and wants back as it was.
SEALED = {"data", "encrypted_content", "encrypted_index", "encrypted_stdout", "signature"}


def leaks(format_: Format, body: Json) -> list[object]:
    return [
        leaf.path
        for leaf in unseen(format_, body)
        if not structural(leaf, SCHEMAS) and not (CREDENTIALS | SEALED) & set(leaf.path)
    ]


@pytest.mark.parametrize(("format_", "params"), BODIES)
def test_personal_data_is_seen_wherever_it_stands(format_: Format, params: object) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests(params, PERSONAL))
    def holds(body: Json) -> None:
        assert leaks(format_, body) == []

    holds()


@pytest.mark.parametrize(("url", "params"), LINES)
def test_personal_data_in_a_line_is_seen_wherever_it_stands(url: str, params: object) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests(params, PERSONAL), PERSONAL)
    def holds(body: Json, custom_id: str) -> None:
        line = {"custom_id": custom_id, "method": "POST", "url": url, "body": body}
        assert leaks(BATCH_LINES, line) == []

    holds()


@pytest.mark.parametrize(("url", "params"), LINES)
def test_a_line_shows_what_the_call_by_itself_shows(url: str, params: object) -> None:
    """Every place of the API's own request, at its place in the line, treated in the same way."""
    for body in every(params, "canary_word"):
        line = {"custom_id": "a", "method": "POST", "url": url, "body": body}
        alone, inside = JsonText(json.dumps(body)), JsonText(json.dumps(line))
        try:
            expected = format_for("POST", url).request_slots(alone)
        except Exception as refusal:  # noqa: BLE001 - whichever it is, the line has the same
            with pytest.raises(type(refusal)):
                BATCH_LINES.request_slots(inside)
            continue
        label, *slots = BATCH_LINES.request_slots(inside)
        assert (label.path, label.treat) == (("custom_id",), Treat.LABEL)
        assert [(s.path, s.treat, s.leaf.value) for s in slots] == [
            (("body", *s.path), s.treat, s.leaf.value) for s in expected
        ]
        for slot in slots:
            leaf = slot.leaf
            assert leaf in inside.leaves
            assert inside.text[leaf.start : leaf.end]
