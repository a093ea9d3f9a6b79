"""Responses, by example: each string of a body says what is to become of it.

In the bodies below a string (or a key) that starts with TEXT or JSON must be a slot of that kind,
one that starts with PIECE or FRAGMENT must be a delta; every other one must be left alone.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import ResponseTextDeltaEvent

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Path
from llm_guard_protecto.wire.openai_responses import RESPONSES
from llm_guard_protecto.wire.slots import Format, Treat
from tests.wire.test_openai_chat import MARKS, PIECES, check

REQUEST = {
    "model": "gpt-4.1",
    "instructions": "TEXT",
    "input": [
        {"role": "user", "content": "TEXT", "phase": "commentary"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "TEXT"}]},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [
                {
                    "type": "output_text",
                    "text": "TEXT",
                    "logprobs": [],
                    "annotations": [
                        {
                            "type": "url_citation",
                            "url": "TEXT",
                            "title": "TEXT",
                            "start_index": 5551234567,
                            "end_index": 4111111111111111,
                        },
                        {"type": "file_citation", "file_id": "f", "filename": "TEXT", "index": 1},
                    ],
                },
                {"type": "refusal", "refusal": "TEXT"},
            ],
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "JSON"},
        {"type": "function_call_output", "call_id": "c", "output": "JSON"},
        {"type": "function_call_output", "output": [{"type": "input_text", "text": "JSON"}]},
        {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "TEXT"},
        {"type": "mcp_call", "id": "m", "arguments": "JSON", "output": "JSON", "error": "TEXT"},
        {"type": "mcp_approval_response", "approval_request_id": "a", "reason": "TEXT"},
        {"type": "tool_search_call", "arguments": {"q": "TEXT", "TEXT as a key": ["TEXT"]}},
        {"type": "computer_call", "id": "c", "actions": [{"type": "click", "x": 5551234567}]},
        {"type": "local_shell_call", "action": {"command": ["TEXT"], "env": {"A": "TEXT"}}},
        {
            "type": "reasoning",
            "id": "r",
            "summary": [{"type": "summary_text", "text": "TEXT"}],
            "content": [{"type": "reasoning_text", "text": "TEXT"}],
            "encrypted_content": "gAAAA+/=_-",
        },
        {"type": "compaction", "id": "c", "encrypted_content": "gAAAA+/=_-"},
        {"type": "program_output", "id": "p", "call_id": "c", "result": "JSON"},
        {"type": "multi_agent_call", "call_id": "c", "action": "wait_agent", "arguments": "JSON"},
        {
            "type": "agent_message",
            "agent": {"agent_name": "a/b"},
            "content": [{"type": "encrypted_content", "encrypted_content": "gAAAA+/=_-"}],
        },
        {"type": "item_reference", "id": "i"},
        {"id": "i"},
        "TEXT that is no item",
    ],
    "prompt": {
        "id": "pmpt",
        "version": "2",
        "variables": {"a": "TEXT", "b": {"type": "input_text", "text": "TEXT"}},
    },
    "metadata": {"team": "TEXT", "TEXT as a key": "TEXT"},
    "user": "TEXT",
    "safety_identifier": "TEXT",
    "prompt_cache_key": "TEXT",
    "conversation": {"id": "conv_1"},
    "previous_response_id": "resp_0",
    "include": ["file_search_call.results"],
    "max_output_tokens": 5551234567,
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"title": "TEXT"}}},
    "tool_choice": {"type": "mcp", "server_label": "s", "name": "n"},
    "tools": [
        {
            "type": "function",
            "name": "f",
            "description": "TEXT",
            "parameters": {"properties": {"to you": {"enum": ["TEXT"]}}},
        },
        {
            "type": "custom",
            "name": "f",
            "format": {"type": "grammar", "syntax": "lark", "definition": "TEXT"},
        },
        {
            "type": "mcp",
            "server_label": "s",
            "server_description": "TEXT",
            "server_url": "https://x.example/?a b",
            "headers": {"X Y": "a b"},
            "authorization": "a b",
            "require_approval": {"always": {"tool_names": ["t"]}},
        },
        {
            "type": "file_search",
            "vector_store_ids": ["v"],
            "filters": {
                "type": "and",
                "filters": [{"type": "eq", "key": "who", "value": ["TEXT"]}],
            },
        },
        {"type": "web_search", "user_location": {"type": "approximate", "city": "TEXT"}},
        {"type": "namespace", "name": "n", "tools": [{"type": "custom", "description": "TEXT"}]},
        {"type": "shell", "environment": {"type": "local", "skills": [{"path": "TEXT"}]}},
        {"type": "a_new_tool", "what": "TEXT"},
    ],
    "a_new_field": {"deep": [{"in": "TEXT", "TEXT as a key": "TEXT"}]},
}

REPLY = {
    "id": "resp_1",
    "object": "response",
    "model": "gpt-4.1",
    "instructions": "TEXT",
    "metadata": {"TEXT as a key": "TEXT"},
    "previous_response_id": "resp_0",
    "error": {"code": "TEXT", "message": "TEXT"},
    "usage": {"note": "left"},
    "tools": [
        {"type": "function", "name": "f", "description": "TEXT", "parameters": {"enum": ["TEXT"]}},
        {"type": "mcp", "server_url": "u", "headers": {"a": "b"}, "server_description": "TEXT"},
    ],
    "prompt": {"id": "p", "variables": {"a": "TEXT", "b": {"type": "input_text", "text": "TEXT"}}},
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [
                {
                    "type": "output_text",
                    "text": "TEXT",
                    "logprobs": [{"token": "masked", "top_logprobs": [{"token": "masked"}]}],
                    "annotations": [{"type": "url_citation", "url": "TEXT", "title": "TEXT"}],
                },
                {"type": "refusal", "refusal": "TEXT"},
            ],
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "JSON"},
        {"type": "mcp_call", "arguments": "JSON", "output": "TEXT", "error": {"message": "TEXT"}},
        {"type": "mcp_call", "arguments": "JSON", "output": '["JSON as an answer"]'},
        {"type": "tool_search_call", "arguments": {"q": "TEXT"}},
        {"type": "reasoning", "encrypted_content": "g=", "summary": [{"text": "TEXT"}]},
        {"type": "image_generation_call", "result": "iVBORw0KGgo=", "revised_prompt": "TEXT"},
        {"type": "program_output", "result": "TEXT"},
        {"type": "code_interpreter_call", "code": "TEXT", "outputs": [{"url": "data:image/png"}]},
        {"type": "shell_call_output", "output": [{"stdout": "TEXT", "stderr": "TEXT"}]},
        {"type": "a_new_call", "id": "x", "what": "TEXT"},
    ],
}

ERROR = {"error": {"message": "TEXT", "type": "TEXT", "param": None, "code": "TEXT"}}


def marked(body: Any) -> Any:
    """The marks of an answer that is JSON stand inside it."""
    return json.loads(json.dumps(body).replace('"[\\"JSON as an answer\\"]"', '"[1]"'))


def test_a_request() -> None:
    check(REQUEST, RESPONSES.request_slots(JsonText(json.dumps(REQUEST))), MARKS)


@pytest.mark.parametrize("body", [marked(REPLY), ERROR, [ERROR], "TEXT", 5, {}])
def test_a_reply(body: Any) -> None:
    doc = JsonText(json.dumps(body))
    found = [slot for slot in RESPONSES.reply_slots(doc) if slot.leaf.value != "[1]"]
    check(body, found, MARKS)
    assert RESPONSES.deltas(doc) == []


def test_a_tools_answer_is_read_as_what_it_is() -> None:
    doc = JsonText(
        json.dumps({"output": [{"type": "mcp_call", "output": '["a"]'}, {"output": "a"}]})
    )
    assert [slot.treat for slot in RESPONSES.reply_slots(doc)] == [Treat.JSON, Treat.TEXT]


WHERE = {"output_index": 2, "item_id": "i", "sequence_number": 9, "obfuscation": "k3jS"}

DELTAS: list[tuple[dict[str, Any], list[Path]]] = [
    (
        {"type": "response.output_text.delta", "content_index": 1, "delta": "PIECE"}
        | {"logprobs": [{"token": "masked"}]},
        [(2, "content_index", 1, "response.output_text", "delta")],
    ),
    (
        {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "PIECE"},
        [(2, "summary_index", 0, "response.reasoning_summary_text", "delta")],
    ),
    (
        {"type": "response.function_call_arguments.delta", "delta": "FRAGMENT"},
        [(2, "response.function_call_arguments", "delta")],
    ),
    (
        {"type": "response.mcp_call_arguments.delta", "delta": "FRAGMENT"},
        [(2, "response.mcp_call_arguments", "delta")],
    ),
    (
        {"type": "response.shell_call_output_content.delta", "command_index": 3}
        | {"delta": {"stdout": "PIECE", "stderr": "PIECE"}},
        [
            (2, "command_index", 3, "response.shell_call_output_content", "delta", "stdout"),
            (2, "command_index", 3, "response.shell_call_output_content", "delta", "stderr"),
        ],
    ),
    (
        {"type": "response.a_new_text.delta", "delta": "PIECE"},
        [(2, "response.a_new_text", "delta")],
    ),
    ({"type": "response.audio.delta", "delta": "UklGRg=="}, []),
]


@pytest.mark.parametrize(("event", "channels"), DELTAS)
def test_a_piece(event: dict[str, Any], channels: list[Path]) -> None:
    body = WHERE | event
    doc = JsonText(json.dumps(body))
    check(body, RESPONSES.deltas(doc), PIECES)
    assert RESPONSES.reply_slots(doc) == []
    assert [delta.channel for delta in RESPONSES.deltas(doc)] == channels
    assert RESPONSES.ends(doc) == []


def test_a_text_without_an_index_goes_by_its_item() -> None:
    for event, channel in (
        ({"item_id": "fc_1"}, ("fc_1", "x", "delta")),
        ({}, ("", "x", "delta")),
    ):
        [delta] = RESPONSES.deltas(JsonText(json.dumps({"type": "x.delta", "delta": "a"} | event)))
        assert delta.channel == channel


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        (
            {"type": "response.output_text.done", "content_index": 1},
            [(2, "content_index", 1, "response.output_text")],
        ),
        ({"type": "response.content_part.done", "content_index": 1}, [(2, "content_index", 1)]),
        (
            {"type": "response.reasoning_summary_part.done", "summary_index": 0},
            [(2, "summary_index", 0)],
        ),
        (
            {"type": "response.function_call_arguments.done"},
            [(2, "response.function_call_arguments")],
        ),
        ({"type": "response.output_item.done"}, [(2,)]),
        ({"type": "response.output_item.added"}, []),
        ({"type": "response.output_text.annotation.added", "content_index": 1}, []),
        ({"type": "response.web_search_call.completed"}, []),
        ({"type": "response.completed", "response": {}}, [()]),
        ({"type": "response.incomplete", "response": {}}, [()]),
        ({"type": "error", "message": "x"}, [()]),
    ],
)
def test_what_ends_a_text(event: dict[str, Any], ends: list[Path]) -> None:
    assert RESPONSES.ends(JsonText(json.dumps(WHERE | event))) == ends


@pytest.mark.parametrize(("event", "channels"), DELTAS[:-1])
def test_a_piece_can_be_flushed_on_its_own_channel(
    event: dict[str, Any], channels: list[Path]
) -> None:
    doc = JsonText(json.dumps(WHERE | event))
    for channel, delta in zip(channels, RESPONSES.deltas(doc), strict=True):
        text = 'Zoë "\\\n\ud800'
        flushed = JsonText(RESPONSES.flush_event(doc, channel, text))
        [again] = RESPONSES.deltas(flushed)
        assert (again.channel, again.treat, again.leaf.value) == (channel, delta.treat, text)
        assert RESPONSES.reply_slots(flushed) == []
        assert RESPONSES.ends(flushed) == []
        assert "obfuscation" not in flushed.text
        assert "masked" not in flushed.text


def test_a_flushed_piece_is_an_event_of_the_sdk() -> None:
    doc = JsonText(json.dumps(WHERE | DELTAS[0][0]))
    made = RESPONSES.flush_event(doc, DELTAS[0][1][0], "Zoë")
    event = ResponseTextDeltaEvent.model_validate_json(made, strict=True)
    assert (event.delta, event.logprobs, event.sequence_number) == ("Zoë", [], 9)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"type": "hologram"}, "input[0]: an item of this type cannot be masked"),
        ({"type": "message", "content": [{"type": "x"}]}, "a content part of this type"),
        ({"role": "user", "content": [{"text": "x"}]}, "a content part without a type"),
        ({"role": "user", "content": [{"type": "input_image"}]}, "a picture cannot be masked"),
        ({"role": "user", "content": [{"type": "input_audio"}]}, "sound cannot be masked"),
        ({"role": "user", "content": [{"type": "input_file"}]}, "a file cannot be masked"),
        ({"type": "computer_call_output", "output": {"type": "computer_screenshot"}}, "screenshot"),
        (
            {"type": "function_call_output", "output": [{"type": "input_image"}]},
            "a picture cannot be masked",
        ),
        ({"type": "image_generation_call", "result": "iVBORw0KGgo="}, "the id is enough"),
        ({"type": "code_interpreter_call", "outputs": [{"type": "image"}]}, "a picture cannot"),
        (
            {"role": "user", "content": [{"type": "output_text", "logprobs": [{"token": "x"}]}]},
            "logprobs hold a text in pieces",
        ),
        ({"type": "reasoning", "summary": [{"type": "input_image"}]}, "a picture cannot be masked"),
        ({"what": "x"}, "an item without a type cannot be masked"),
    ],
)
def test_what_cannot_be_masked_is_refused(item: Any, message: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        RESPONSES.request_slots(JsonText(json.dumps({"input": [item]})))
    assert message in str(caught.value)
    assert "was not sent" in str(caught.value)


def test_an_item_that_stands_alone_is_looked_at() -> None:
    with pytest.raises(UnknownFormat, match="an item of this type"):
        RESPONSES.request_slots(JsonText('{"input": {"type": "hologram"}}'))


def test_a_skill_and_a_mask_are_refused_in_a_tool() -> None:
    for tool in (
        {"type": "shell", "environment": {"skills": [{"type": "inline", "source": {"data": "x"}}]}},
        {"type": "image_generation", "input_image_mask": {"file_id": "x"}},
    ):
        with pytest.raises(UnknownFormat, match="was not sent"):
            RESPONSES.request_slots(JsonText(json.dumps({"tools": [tool]})))


@pytest.mark.parametrize("body", ["[]", '"text"', "5"])
def test_a_body_that_is_no_object(body: str) -> None:
    with pytest.raises(UnknownFormat, match="must be a JSON object"):
        RESPONSES.request_slots(JsonText(body))


def test_encrypted_content_that_is_none_is_searched() -> None:
    item = {"type": "reasoning", "encrypted_content": "Ines Almeida"}
    [slot] = RESPONSES.request_slots(JsonText(json.dumps({"input": [item]})))
    assert slot.leaf.value == "Ines Almeida"


ANSWER = {"type": "output_text", "text": '{"to": "x"}'}
PLAIN = {"type": "output_text", "text": "One moment."}


@pytest.mark.parametrize(
    ("form", "treats"),
    [
        ({"type": "json_schema", "name": "n", "schema": {}}, [Treat.JSON_FRAGMENT, Treat.TEXT]),
        ({"type": "json_object"}, [Treat.JSON_FRAGMENT, Treat.TEXT]),
        ({"type": "text"}, [Treat.TEXT, Treat.TEXT]),
        (None, [Treat.TEXT, Treat.TEXT]),
    ],
)
def test_an_answer_that_was_asked_for_as_json_is_json(form: Any, treats: list[Treat]) -> None:
    asked = RESPONSES.answering(JsonText(json.dumps({"text": {"format": form}})))
    assert asked.name == RESPONSES.name
    for shaped in (
        lambda part: {"output": [{"type": "message", "content": [part]}]},
        lambda part: {"type": "response.content_part.done", "part": part},
        lambda part: {"type": "response.output_text.done", "text": part["text"]},
    ):
        docs = [JsonText(json.dumps(shaped(part))) for part in (ANSWER, PLAIN)]
        assert [slot.treat for doc in docs for slot in asked.reply_slots(doc)] == treats
    for text, treat in ((ANSWER["text"], treats[0]), (PLAIN["text"], treats[1])):
        doc = JsonText(json.dumps({"type": "response.output_text.delta", "delta": text}))
        assert [delta.treat for delta in asked.deltas(doc)] == [treat]
        doc = JsonText(json.dumps({"type": "response.refusal.delta", "delta": text}))
        assert [delta.treat for delta in asked.deltas(doc)] == [Treat.TEXT]


def test_it_is_a_format() -> None:
    known: Format = RESPONSES
    assert known.name == "openai_responses"
