"""No string of any request that the Anthropic SDK's types allow goes out unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types.beta.message_create_params import (
    MessageCreateParamsNonStreaming as BetaCreate,
)
from anthropic.types.message_count_tokens_params import MessageCountTokensParams as CountTokens
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming as Create,
)
from anthropic.types.message_create_params import MessageCreateParamsStreaming as CreateStreaming
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.anthropic_messages import MESSAGES
from llm_guard_protecto.wire.json_text import JsonText, Leaf
from tests.wire.sdk_types import Json, every, requests
from tests.wire.unseen import PERSONAL, WORD, shape, structural, unseen

# Fields of the API's own words, by name: kept while they look so. Nested blocks repeat them.
KEPT = {
    "allowed_tools",
    "betas",
    "clear_tool_inputs",
    "container",
    "download_id",
    "exclude_tools",
    "fallback_credit_token",
    "file_id",
    "id",
    "inference_geo",
    "mcp_server_name",
    "model",
    "name",
    "previous_message_id",
    "retrieved_at",
    "server_name",
    "skill_id",
    "stop_reason",
    "tab_id",
    "token",
    "tool_id",
    "tool_name",
    "tool_use_id",
    "toolset_name",
    "type",
    "url",  # of an MCP server, see the test
    "user_profile_id",
    "version",
    "workspace_id",
}

# What the provider made and wants back, and a credential: never touched, whatever it says.
OPAQUE = {
    "authorization_token",
    "data",  # of redacted thinking, see the test
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "signature",
}

TYPES = {"create": Create, "beta": BetaCreate}


def schemas(leaf: Leaf) -> tuple[str, ...]:
    """The schema that a leaf stands in, for `structural`."""
    path = shape(leaf)
    for word in (".input_schema", "output_config.format.schema", "output_format.schema"):
        if word in path:
            return (path[: path.index(word) + len(word)],)
    return ()


def missed(body: Json) -> list[Leaf]:
    """The canaries of a body that no slot covers and no rule of ours explains."""
    found = []
    for leaf in unseen(MESSAGES, body):
        inside = schemas(leaf)
        opaque = leaf.kind == "string" and field_of(leaf) in OPAQUE
        if not opaque and not (inside and structural(leaf, inside)):
            found.append(leaf)
    return found


def field_of(leaf: Leaf) -> str:
    """The name of the field whose value, or list of values, a leaf is."""
    return next(str(part) for part in reversed(leaf.path) if not isinstance(part, int))


@pytest.mark.parametrize("kind", TYPES)
def test_the_walk_meets_every_place_and_each_is_seen_kept_or_refused(kind: str) -> None:
    """One small request for each place where the types allow a string."""
    met: set[str] = set()
    kept: set[str] = set()
    opaque: set[str] = set()
    refused: set[str] = set()
    why: set[str] = set()
    for body in every(TYPES[kind], "Zoë Canary, c@leak.example"):
        assert [shape(leaf) for leaf in missed(body)] == []
    for body in every(TYPES[kind], "canary_word"):
        doc = JsonText(json.dumps(body))
        here = {shape(leaf) for leaf in doc.leaves if leaf.value == "canary_word"}
        met |= here
        try:
            MESSAGES.request_slots(doc)
        except UnknownFormat as error:
            refused |= here
            why.add(str(error).partition(": ")[2])
        for leaf in unseen(MESSAGES, body):
            if leaf.kind == "key" or schemas(leaf):
                continue
            (opaque if field_of(leaf) in OPAQUE else kept).add(shape(leaf).removesuffix("[]"))
    assert {place.split(".")[-1].removesuffix("[]") for place in kept} <= KEPT
    assert {place for place in kept if place.endswith(".url")} <= {"mcp_servers[].url"}
    assert {place for place in opaque if place.endswith("data")} == {"messages[].content[].data"}
    assert {
        "messages[].content[].source.url",
        "messages[].content[].source.file_id",
        "messages[].content[].source.data",
    } <= refused
    assert {
        "messages[].content",
        "messages[].content[].text",
        "messages[].content[].thinking",
        "messages[].content[].content",
        "messages[].content[].content[].text",
        "messages[].content[].content.stdout",
        "messages[].content[].citations[].cited_text",
        "messages[].content[].source.content[].text",
        "system",
        "system[].text",
        "tools[].description",
        "tools[].user_location.city",
    } <= met - kept - opaque
    assert len(met) > 100
    # Nothing is refused because nobody had heard of it.
    assert {reason.partition(" cannot")[0] for reason in why} == {
        "a picture",
        "base64 data",
        "what the provider fetches itself",
        "an uploaded file",
    }


many = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

BODIES: list[Any] = [Create, CreateStreaming, CountTokens, BetaCreate]


@many
@given(st.one_of([requests(kind, PERSONAL) for kind in BODIES]))
def test_personal_data_is_seen_wherever_it_stands(body: Json) -> None:
    assert [shape(leaf) for leaf in missed(body)] == []


@many
@given(requests(Create, WORD))
def test_only_listed_places_keep_a_word(body: Json) -> None:
    for leaf in missed(body):
        assert leaf.kind == "key" or schemas(leaf) or field_of(leaf) in KEPT


@many
@given(requests(Create, PERSONAL), st.text(max_size=5), PERSONAL)
def test_an_unknown_field_is_text(body: Json, field: str, value: str) -> None:
    known = set(body) | set(Create.__annotations__)
    if field not in known:
        body[field] = {"of": [value], value: value}
        assert [leaf.path for leaf in unseen(MESSAGES, body) if leaf.path[0] == field] == []
