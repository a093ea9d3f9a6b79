"""No string of any request that the SDK's types allow goes out unseen."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.openai_chat import CHAT
from tests.wire.sdk_types import Json, every, requests
from tests.wire.unseen import PERSONAL, WORD, shape, structural, unseen

# Free strings of the API that hold its own words and are kept while they look so.
KEPT = {
    "audio.voice",
    "audio.voice.id",
    "function_call.name",
    "functions[].name",
    "messages[].audio.id",
    "messages[].function_call.name",
    "messages[].name",  # only of a function, see the test
    "messages[].tool_call_id",
    "messages[].tool_calls[].custom.name",
    "messages[].tool_calls[].function.name",
    "messages[].tool_calls[].id",
    "model",
    "moderation.model",
    "response_format.json_schema.name",
    "tool_choice.allowed_tools.tools[].function.name",
    "tool_choice.allowed_tools.tools[].name",
    "tool_choice.allowed_tools.tools[].type",
    "tool_choice.custom.name",
    "tool_choice.function.name",
    "tools[].custom.name",
    "tools[].function.name",
}

SCHEMAS = (
    "functions[].parameters",
    "tools[].function.parameters",
    "response_format.json_schema.schema",
)


def test_the_walk_meets_every_place_and_each_is_seen_kept_or_refused() -> None:
    """One small request for each place where the types allow a string."""
    met, kept, refused = set(), set(), set()
    for text in ("Zoë Canary, c@leak.example", "canary_word"):
        for body in every(CompletionCreateParamsNonStreaming, text):
            doc = JsonText(json.dumps(body, ensure_ascii=False))
            here = {shape(leaf) for leaf in doc.leaves if leaf.value == text}
            met |= here
            try:
                CHAT.request_slots(doc)
            except UnknownFormat:
                refused |= here
            for leaf in unseen(CHAT, body):
                if not structural(leaf, SCHEMAS) and leaf.kind != "key":
                    assert text == "canary_word", shape(leaf)
                    kept.add(shape(leaf).removesuffix("[]"))
    assert {place for place in kept if not place.startswith(SCHEMAS)} == KEPT
    in_schemas = {place.split(".")[-1] for place in kept - KEPT}
    assert in_schemas == {"type"}
    assert {shape.removeprefix("messages[].content[].") for shape in refused} >= {
        "image_url.url",
        "input_audio.data",
        "file.file_data",
        "file.file_id",
        "file.filename",
    }
    outside = {place for place in met if not place.startswith(SCHEMAS)}
    assert len(outside) >= 50
    assert {
        "messages[].content",
        "messages[].content[].text",
        "messages[].tool_calls[].function.arguments",
        "prediction.content[].text",
        "stop[]",
        "tools[].custom.format.grammar.definition",
        "web_search_options.user_location.approximate.city",
    } <= outside


many = settings(
    max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@many
@given(
    requests(CompletionCreateParamsNonStreaming, PERSONAL)
    | requests(CompletionCreateParamsStreaming, PERSONAL)
)
def test_personal_data_is_seen_wherever_it_stands(body: Json) -> None:
    assert [shape(leaf) for leaf in unseen(CHAT, body) if not structural(leaf, SCHEMAS)] == []


@many
@given(requests(CompletionCreateParamsNonStreaming, WORD))
def test_only_listed_places_keep_a_word(body: Json) -> None:
    for leaf in unseen(CHAT, body):
        if leaf.kind == "key":
            continue  # a key that looks like the name of a field is one
        assert structural(leaf, SCHEMAS) or shape(leaf) in KEPT or "type" in leaf.path
        if shape(leaf) == "messages[].name":
            assert body["messages"][leaf.path[1]]["role"] == "function"


@many
@given(requests(CompletionCreateParamsNonStreaming, PERSONAL), st.text(max_size=5), PERSONAL)
def test_an_unknown_field_is_text(body: Json, field: str, value: str) -> None:
    known = set(body) | set(CompletionCreateParamsNonStreaming.__annotations__)
    if field not in known:
        body[field] = {"of": [value], value: value}
        assert [leaf.path for leaf in unseen(CHAT, body) if leaf.path[0] == field] == []
