"""No string of any request that the SDK's types allow goes out unseen; every reply is read."""

from __future__ import annotations

import itertools
import json
import typing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.beta import BetaResponseStreamEvent
from openai.types.beta.response_create_params import ResponseCreateParamsNonStreaming as BetaCreate
from openai.types.responses import CompactedResponse, Response, ResponseStreamEvent
from openai.types.responses.input_token_count_params import InputTokenCountParams
from openai.types.responses.response_compact_params import ResponseCompactParams
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.openai_responses import RESPONSES
from tests.wire import sdk_models
from tests.wire.sdk_types import Json, every, requests
from tests.wire.unseen import PERSONAL, WORD, shape, structural, unseen

CREATE = ResponseCreateParamsNonStreaming

# Free strings of the API that hold its own words and are kept while they look so.
KEPT_TOOL = {
    "allowed_tools",
    "allowed_tools.tool_names",
    "container",
    "container.file_ids",
    "container.network_policy.allowed_domains",
    "container.network_policy.domain_secrets[].domain",
    "container.network_policy.domain_secrets[].name",
    "environment.container_id",
    "environment.file_ids",
    "environment.network_policy.allowed_domains",
    "environment.network_policy.domain_secrets[].domain",
    "environment.network_policy.domain_secrets[].name",
    "environment.skills[].skill_id",
    "environment.skills[].version",
    "filters.allowed_domains",
    "filters.filters[].key",
    "filters.key",
    "model",
    "name",
    "require_approval.always.tool_names",
    "require_approval.never.tool_names",
    "server_label",
    "size",
    "svg.model",
    "tools[].name",
    "tunnel_id",
    "vector_store_ids",
}
KEPT_ITEM = {
    "action.keys",
    "actions[].keys",
    "approval_request_id",
    "call_id",
    "caller.caller_id",
    "container_id",
    "content[].annotations[].container_id",
    "content[].annotations[].file_id",
    "encrypted_content",
    "environment.container_id",
    "fingerprint",
    "id",
    "name",
    "namespace",
    "pending_safety_checks[].code",
    "pending_safety_checks[].id",
    "results[].file_id",
    "server_label",
    "text.format.name",
} | {f"tools[].{name}" for name in KEPT_TOOL}
KEPT = {
    "background_options.continuation_id",
    "context_management[].type",
    "conversation",
    "conversation.id",
    "model",
    "moderation.model",
    "personality",
    "previous_response_id",
    "prompt.id",
    "prompt.version",
    "prompt_cache_options.comparison_response_id",
    "reasoning.mode",
    "text.format.name",
    "tool_choice.name",
    "tool_choice.server_label",
    "tool_choice.tools[].name",
    "tool_choice.tools[].type",
    *(f"input[].{name}" for name in KEPT_ITEM),
    *(f"tools[].{name}" for name in KEPT_TOOL),
}

KEPT_BETA = {
    "input[].agent.agent_name",
    "input[].author",
    "input[].content[].encrypted_content",
    "input[].output[].annotations[].container_id",
    "input[].output[].annotations[].file_id",
    "input[].recipient",
}

# What a tool hands on to another server: never looked at, whatever it says.
CREDENTIALS = (
    "authorization",
    "headers",
    "server_url",
    "container.network_policy.domain_secrets[].value",
    "environment.network_policy.domain_secrets[].value",
)
HANDED_ON = tuple(
    f"{tools}.{name}" for tools in ("tools[]", "input[].tools[]") for name in CREDENTIALS
)

SCHEMAS = tuple(
    f"{tools}.{name}"
    for tools in ("tools[]", "tools[].tools[]", "input[].tools[]", "input[].tools[].tools[]")
    for name in ("parameters", "output_schema", "input_schema")
) + ("text.format.schema", "input[].text.format.schema")


@pytest.mark.parametrize(
    "params",
    [CREATE, BetaCreate, ResponseCompactParams, InputTokenCountParams],
    ids=["create", "beta", "compact", "count"],
)
def test_the_walk_meets_every_place_and_each_is_seen_kept_or_refused(params: Any) -> None:
    """One small request for each place where the types allow a string."""
    met, kept, refused, handed_on = set(), set(), set(), set()
    for text in ("Zoë Canary, c@leak.example", "canary_word"):
        for body in every(params, text):
            doc = JsonText(json.dumps(body, ensure_ascii=False))
            here = {shape(leaf) for leaf in doc.leaves if leaf.value == text}
            met |= here
            try:
                RESPONSES.request_slots(doc)
            except UnknownFormat:
                refused |= here
            for leaf in unseen(RESPONSES, body):
                if shape(leaf).startswith(HANDED_ON):
                    handed_on.add(shape(leaf))
                elif not structural(leaf, SCHEMAS) and leaf.kind != "key":
                    assert text == "canary_word", shape(leaf)
                    kept.add(shape(leaf).removesuffix("[]"))
    outside = {place for place in kept if not place.startswith(SCHEMAS)}
    assert {place for place in kept - outside if not place.endswith(".type")} == set()
    assert outside <= KEPT | (KEPT_BETA if params is BetaCreate else set())
    assert {place for place in refused if "input[].content[]" in place} >= {
        "input[].content[].image_url",
        "input[].content[].file_data",
        "input[].content[].file_id",
        "input[].content[].logprobs[].token",
    }
    if params is CREATE:
        assert outside == KEPT - {"personality"}
        assert {place.split(".headers.")[0].removesuffix(".headers") for place in handed_on} >= {
            "tools[]",
            "input[].tools[]",
        }
        assert {f"tools[].{name}" for name in CREDENTIALS if name != "headers"} <= handed_on
        assert len({place for place in met if not place.startswith(SCHEMAS)}) >= 250


many = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@many
@given(requests(CREATE, PERSONAL) | requests(ResponseCreateParamsStreaming, PERSONAL))
def test_personal_data_is_seen_wherever_it_stands(body: Json) -> None:
    assert [
        shape(leaf)
        for leaf in unseen(RESPONSES, body)
        if not structural(leaf, SCHEMAS) and not shape(leaf).startswith(HANDED_ON)
    ] == []


@many
@given(requests(CREATE, WORD))
def test_only_listed_places_keep_a_word(body: Json) -> None:
    for leaf in unseen(RESPONSES, body):
        if leaf.kind == "key" or shape(leaf).startswith(HANDED_ON):
            continue  # a key that looks like the name of a field is one
        place = shape(leaf).removesuffix("[]")
        assert structural(leaf, SCHEMAS) or place in KEPT or "type" in leaf.path, place


@many
@given(requests(CREATE, PERSONAL), st.text(max_size=5), PERSONAL)
def test_an_unknown_field_is_text(body: Json, field: str, value: str) -> None:
    known = set(body) | set(typing.get_type_hints(CREATE))
    if field not in known:
        body[field] = {"of": [value], value: value}
        assert [leaf.path for leaf in unseen(RESPONSES, body) if leaf.path[0] == field] == []


# What of a reply is never restored: ids, the provider's own words, what is base64 or encrypted.
UNTOUCHED = {
    "approval_request_id",
    "authorization",
    "call_id",
    "caller_id",
    "container_id",
    "encrypted_content",
    "file_data",
    "file_id",
    "fingerprint",
    "headers",
    "id",
    "image_url",
    "item_id",
    "model",
    "name",
    "namespace",
    "obfuscation",
    "partial_image_b64",
    "previous_response_id",
    "result",  # of a picture that was made
    "server_label",
    "server_url",
    "token",  # in logprobs
    "url",  # of a picture that code made
    "vector_store_ids",
}


def event_types(union: Any) -> dict[str, Any]:
    return {
        typing.get_args(event.model_fields["type"].annotation)[0]: event
        for event in typing.get_args(typing.get_args(union)[0])
    }


EVENTS = event_types(ResponseStreamEvent)
BETA_EVENTS = event_types(BetaResponseStreamEvent)

# They carry a whole response, as `response.completed` does.
ALIKE = {
    f"response.{word}" for word in ("created", "queued", "in_progress", "failed", "incomplete")
}


def left_alone(body: Json, text: str) -> set[str]:
    """The fields that say `text` and are neither restored whole nor as a piece."""
    doc = JsonText(json.dumps(body))
    read = {slot.leaf for slot in RESPONSES.reply_slots(doc)}
    read |= {delta.leaf for delta in RESPONSES.deltas(doc)}
    left = [leaf for leaf in doc.leaves if leaf.value == text and leaf not in read]
    return {
        next(str(part) for part in reversed(leaf.path) if part != text and isinstance(part, str))
        for leaf in left
    }


TEXT = "canary, word"


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_read(event: str) -> None:
    """Each string of each event is restored, or belongs to what never is."""
    bodies = list(
        itertools.islice(sdk_models.every(EVENTS[event], TEXT), 40 if event in ALIKE else None)
    )
    left = set().union(*(left_alone(body, TEXT) for body in bodies))
    assert left <= UNTOUCHED | ({"delta"} if event == "response.audio.delta" else set())
    pieces = [RESPONSES.deltas(JsonText(json.dumps(body))) for body in bodies]
    streams = event.endswith(".delta") and event != "response.audio.delta"
    assert any(pieces) == streams
    ends = [RESPONSES.ends(JsonText(json.dumps(body))) for body in bodies]
    over = ("response.completed", "response.failed", "response.incomplete", "error")
    assert all(ends) == any(ends) == (event.endswith(".done") or event in over)


@pytest.mark.parametrize("kind", [Response, CompactedResponse])
def test_every_reply_is_read(kind: Any) -> None:
    left, met = set(), set()
    for body in sdk_models.every(kind, TEXT):
        left |= left_alone(body, TEXT)
        met |= {shape(leaf) for leaf in JsonText(json.dumps(body)).leaves if leaf.value == TEXT}
    assert left <= UNTOUCHED
    assert len(met) > 100


@pytest.mark.parametrize("event", ["response.output_item.done", "response.output_text.delta"])
def test_a_beta_event_is_read(event: str) -> None:
    for body in sdk_models.every(BETA_EVENTS[event], TEXT):
        assert left_alone(body, TEXT) <= UNTOUCHED


def test_all_events_of_the_sdk_are_here() -> None:
    assert set(BETA_EVENTS) <= set(EVENTS)
    assert len(EVENTS) >= 53
    assert {*ALIKE, "error", "response.completed"} < set(EVENTS)
