"""The Messages API by example: what is masked, what is restored, what stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.anthropic_messages import MESSAGES
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.routes import format_for
from llm_guard_protecto.wire.slots import Treat
from tests.wire.unseen import shape

Json = dict[str, Any]


def text(value: str, **more: Any) -> Json:
    return {"type": "text", "text": value} | more


def masked(body: Json) -> dict[str, str]:
    """Where the text of a request is, and what it says."""
    slots = MESSAGES.request_slots(JsonText(json.dumps(body)))
    return {shape(slot.leaf): slot.leaf.value for slot in slots if slot.leaf.kind != "literal"}


def content(*blocks: Json) -> Json:
    return {"model": "m", "messages": [{"role": "user", "content": list(blocks)}]}


def in_block(block: Json) -> dict[str, str]:
    """The same for one block of a message, named from the block on."""
    found = masked(content(block))
    return {where.removeprefix("messages[].content[]."): value for where, value in found.items()}


def restored(body: Json) -> dict[str, str]:
    """What is restored as a whole in a reply or an event."""
    slots = MESSAGES.reply_slots(JsonText(json.dumps(body)))
    return {shape(slot.leaf): slot.leaf.value for slot in slots}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/anthropic/v1/messages",
        "/v1/projects/p/locations/global/publishers/anthropic/models/claude-x:rawPredict",
        "/v1/projects/p/locations/eu/publishers/anthropic/models/claude-x@1:streamRawPredict",
    ],
)
def test_its_routes(path: str) -> None:
    assert format_for("POST", path) is MESSAGES


@pytest.mark.parametrize(
    "path",
    ["/v1/messages/batches", "/v1/complete", "/v1/threads/thread_1/messages", "/v1/messages/x"],
)
def test_its_neighbours_are_not_taken_for_it(path: str) -> None:
    try:
        assert format_for("POST", path) is not MESSAGES
    except UnknownFormat:
        return  # nobody's, which is as good


# Requests -----------------------------------------------------------------------------------------


def test_settings_and_words_of_the_api_stay() -> None:
    body = {
        "model": "claude-opus-4-6",
        "max_tokens": 1024,
        "temperature": 0.5,
        "stream": True,
        "service_tier": "auto",
        "thinking": {"type": "enabled", "budget_tokens": 2048, "display": "summarized"},
        "tool_choice": {"type": "tool", "name": "get_weather"},
        "container": "container_1",
        "context_management": {
            "edits": [{"type": "clear_tool_uses_20250919", "keep": {"type": "x", "value": 3}}]
        },
        "messages": [{"role": "user", "content": "hello"}],
    }
    assert masked(body) == {"messages[].content": "hello"}


def test_system_stop_and_metadata_are_text() -> None:
    body = {
        "system": "a",
        "stop_sequences": ["b"],
        "metadata": {"user_id": "c"},
        "messages": [],
    }
    assert masked(body) == {"system": "a", "stop_sequences[]": "b", "metadata.user_id": "c"}
    cached = text("d", cache_control={"type": "ephemeral", "ttl": "1h"})
    assert masked({"system": [cached], "messages": []}) == {"system[].text": "d"}


def test_a_tool_is_described_in_text_and_named_in_words() -> None:
    tool = {
        "name": "get_weather",
        "description": "a",
        "input_schema": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "b", "enum": ["c"]}},
            "required": ["city"],
        },
        "input_examples": [{"city": "d", "days": 7}],
        "cache_control": {"type": "ephemeral"},
        "strict": True,
    }
    search = {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": 5,
        "allowed_domains": ["e"],
        "user_location": {"type": "approximate", "city": "f", "country": "g"},
    }
    assert masked({"tools": [tool, search], "messages": []}) == {
        "tools[].description": "a",
        "tools[].input_schema.properties.city.description": "b",
        "tools[].input_schema.properties.city.enum[]": "c",
        "tools[].input_examples[].city": "d",
        "tools[].input_examples[].days": "7",
        "tools[].allowed_domains[]": "e",
        "tools[].user_location.city": "f",
        "tools[].user_location.country": "g",
    }


def test_the_input_of_a_tool_is_free_values_under_keys_that_stay() -> None:
    block = {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "write",
        "input": {"to": "a", "phone": 5559876543, "lines": ["b", {"type": "c"}], "ok": True},
    }
    assert in_block(block) == {
        "input.to": "a",
        "input.phone": "5559876543",
        "input.lines[]": "b",
        "input.lines[].type": "c",
    }
    address = block | {"input": {"ines@almeida.example": 1}}
    assert set(in_block(address)) == {"input.ines@almeida.example"}


def test_a_tools_answer_may_be_json() -> None:
    whole = {"type": "tool_result", "tool_use_id": "toolu_1", "content": '{"a": 1}'}
    parts = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [text('{"a": 1}')]}
    for block in (whole, parts):
        [slot] = MESSAGES.request_slots(JsonText(json.dumps(content(block))))
        assert slot.treat is Treat.JSON
    [slot] = MESSAGES.request_slots(JsonText(json.dumps(content(text('{"a": 1}')))))
    assert slot.treat is Treat.TEXT


def test_documents_and_search_results() -> None:
    document = {
        "type": "document",
        "title": "a",
        "context": "b",
        "citations": {"enabled": True},
        "source": {"type": "text", "media_type": "text/plain", "data": "c"},
    }
    assert in_block(document) == {"title": "a", "context": "b", "source.data": "c"}
    made_of = document | {"source": {"type": "content", "content": [text("d")]}}
    assert in_block(made_of)["source.content[].text"] == "d"
    plain = document | {"source": {"type": "content", "content": "e"}}
    assert in_block(plain)["source.content"] == "e"
    result = {"type": "search_result", "source": "f", "title": "g", "content": [text("h")]}
    assert in_block(result) == {"source": "f", "title": "g", "content[].text": "h"}


def test_a_citation_that_is_sent_back() -> None:
    cited = {
        "type": "char_location",
        "cited_text": "a",
        "document_title": "b",
        "document_index": 0,
        "start_char_index": 5559876543,
        "end_char_index": 5559876544,
    }
    found = {
        "type": "web_search_result_location",
        "cited_text": "c",
        "url": "d",
        "title": "e",
        "encrypted_index": "Zm9vYmFy+/8=",
    }
    assert in_block(text("f", citations=[cited, found])) == {
        "text": "f",
        "citations[].cited_text": "c",
        "citations[].document_title": "b",
        "citations[].url": "d",
        "citations[].title": "e",
    }


OPAQUE = "ines@almeida.example +/8="
"""Nothing that is opaque would look like this. It shows that nobody looks."""


@pytest.mark.parametrize(
    ("block", "seen"),
    [
        ({"type": "thinking", "thinking": "a", "signature": OPAQUE}, {"thinking": "a"}),
        ({"type": "redacted_thinking", "data": OPAQUE}, {}),
        (
            {"type": "compaction", "content": "a", "signature": OPAQUE},
            {"content": "a"},
        ),
        (
            {
                "type": "web_search_tool_result",
                "tool_use_id": "srvtoolu_1",
                "content": [
                    {
                        "type": "web_search_result",
                        "title": "a",
                        "url": "b",
                        "encrypted_content": OPAQUE,
                    }
                ],
            },
            {"content[].title": "a", "content[].url": "b"},
        ),
        (
            {
                "type": "code_execution_tool_result",
                "tool_use_id": "srvtoolu_1",
                "content": {
                    "type": "encrypted_code_execution_result",
                    "encrypted_stdout": OPAQUE,
                    "stderr": "a",
                    "return_code": 5559876543,
                    "content": [{"type": "code_execution_output", "file_id": "file_1"}],
                },
            },
            {"content.stderr": "a"},
        ),
        (
            {
                "type": "web_fetch_tool_result",
                "tool_use_id": "srvtoolu_1",
                "content": {
                    "type": "web_fetch_result",
                    "url": "a",
                    "content": {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "b"},
                    },
                },
            },
            {"content.url": "a", "content.content.source.data": "b"},
        ),
        (
            {
                "type": "mcp_tool_result",
                "tool_use_id": "mcptoolu_1",
                "is_error": False,
                "content": [text("a")],
            },
            {"content[].text": "a"},
        ),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else None,
)
def test_what_the_provider_made_comes_back_to_it(block: Json, seen: dict[str, str]) -> None:
    assert in_block(block) == seen


def test_the_credentials_of_an_mcp_server_are_not_touched() -> None:
    server = {
        "type": "url",
        "name": "crm",
        "url": "https://mcp.elm.example/sse",
        "authorization_token": "sk-live-ines@almeida.example",
        "tool_configuration": {"enabled": True, "allowed_tools": ["look"]},
    }
    assert masked({"mcp_servers": [server], "messages": []}) == {}
    spoken = server | {"url": "for ines@almeida.example"}
    assert list(masked({"mcp_servers": [spoken], "messages": []})) == ["mcp_servers[].url"]


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}


@pytest.mark.parametrize(
    ("block", "where"),
    [
        (PICTURE, "messages[0].content[0]"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [PICTURE]},
            "messages[0].content[0].content[0]",
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [PICTURE]}},
            "messages[0].content[0].source.content[0]",
        ),
        ({"type": "document", "source": {"type": "base64", "data": "AA=="}}, "content[0].source"),
        ({"type": "document", "source": {"type": "hologram"}}, "content[0].source"),
        ({"type": "hologram", "text": "x"}, "messages[0].content[0]"),
        ({"text": "x"}, "messages[0].content[0]"),
    ],
)
def test_what_cannot_be_masked_is_refused_and_named(block: Json, where: str) -> None:
    with pytest.raises(UnknownFormat, match="cannot be masked, so the request was not sent") as no:
        masked(content(block))
    assert f"{where}: " in str(no.value)


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(UnknownFormat, match="JSON object"):
        MESSAGES.request_slots(JsonText("[]"))


# Replies ------------------------------------------------------------------------------------------

REPLY: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "a", "signature": "S"},
        {"type": "redacted_thinking", "data": "S"},
        text("b", citations=[{"type": "x", "cited_text": "c", "encrypted_index": "S"}]),
        {"type": "tool_use", "id": "T", "name": "n", "input": {"type": "d", "id": ["e"], "n": 1}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "T",
            "content": [{"type": "web_search_result", "title": "f", "encrypted_content": "S"}],
        },
        {
            "type": "web_fetch_tool_result",
            "content": {
                "content": {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "S"},
                }
            },
        },
        {
            "type": "web_fetch_tool_result",
            "content": {
                "content": {"type": "document", "source": {"type": "text", "data": "g"}},
            },
        },
        {"type": "thing_of_tomorrow", "said": {"to": ["h"]}, "signature": "S"},
    ],
    "stop_reason": "refusal",
    "stop_sequence": "i",
    "stop_details": {"type": "refusal", "category": "bio", "explanation": "j"},
    "usage": {"input_tokens": 1},
}


def test_a_reply_is_restored_but_for_what_is_not_text() -> None:
    found = restored(REPLY)
    assert sorted(found.values()) == list("abcdefghij")
    assert found["content[].input.type"] == "d"
    assert found["content[].input.id[]"] == "e"


def test_an_error_is_restored() -> None:
    body = {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "a"},
        "request_id": "req_1",
    }
    assert restored(body) == {"error.message": "a"}
    assert restored({"input_tokens": 7}) == {}


# Events -------------------------------------------------------------------------------------------


def delta(index: int = 2, **said: Any) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": said}


def deltas(event: Json) -> list[tuple[Any, str, Treat]]:
    found = MESSAGES.deltas(JsonText(json.dumps(event)))
    return [(one.channel, one.leaf.value, one.treat) for one in found]


def ends(event: Json) -> list[Any]:
    return MESSAGES.ends(JsonText(json.dumps(event)))


@pytest.mark.parametrize(
    ("event", "channel", "treat"),
    [
        (delta(type="text_delta", text="a"), (2, "text"), Treat.TEXT),
        (delta(type="thinking_delta", thinking="a"), (2, "thinking"), Treat.TEXT),
        (
            delta(type="input_json_delta", partial_json="a"),
            (2, "partial_json"),
            Treat.JSON_FRAGMENT,
        ),
        (delta(type="compaction_delta", content="a"), (2, "content"), Treat.TEXT),
        (delta(type="tomorrow_delta", connector="a"), (2, "connector"), Treat.TEXT),
    ],
)
def test_a_piece_has_its_block_and_its_kind(event: Json, channel: Any, treat: Treat) -> None:
    assert deltas(event) == [(channel, "a", treat)]
    assert restored(event) == {}
    assert ends(event) == []
    doc = JsonText(json.dumps(event))
    said = MESSAGES.flush_event(doc, channel, 'b"\n')
    [name] = [name for name, value in event["delta"].items() if value == "a"]
    assert json.loads(said) == event | {"delta": event["delta"] | {name: 'b"\n'}}


@pytest.mark.parametrize(
    ("event", "over"),
    [
        ({"type": "content_block_stop", "index": 3}, [(3,)]),
        (delta(type="signature_delta", signature="S"), [(2, "thinking")]),
        ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, [()]),
        ({"type": "message_stop"}, [()]),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "a"}}, [()]),
        ({"type": "ping"}, []),
        ({"type": "content_block_start", "index": 0, "content_block": text("")}, []),
        (delta(type="text_delta", text="message_stop"), []),
    ],
)
def test_what_ends_a_text(event: Json, over: list[Any]) -> None:
    assert ends(event) == over


def test_what_an_event_says_at_once_is_restored_at_once() -> None:
    cited = {"type": "char_location", "cited_text": "a", "start_char_index": 1}
    citation = delta(type="citations_delta", citation=cited)
    assert restored(citation) == {"delta.citation.cited_text": "a"}
    assert deltas(citation) == []
    stop = {"type": "message_delta", "delta": {"stop_reason": "x", "stop_sequence": "b"}}
    assert restored(stop) == {"delta.stop_sequence": "b"}
    assert deltas(stop) == []
    called = {"type": "tool_use", "id": "T", "name": "n", "input": {"to": "c"}}
    opened = {"type": "content_block_start", "index": 1, "content_block": called}
    assert restored(opened) == {"content_block.input.to": "c"}
    assert deltas(opened) == []
    begun = {"type": "message_start", "message": REPLY}
    assert sorted(restored(begun).values()) == list("abcdefghij")
    assert deltas(begun) == []
    signature = delta(type="signature_delta", signature="S")
    assert restored(signature) == {}
    assert deltas(signature) == []
