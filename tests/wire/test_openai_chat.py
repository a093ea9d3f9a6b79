"""Chat completions, by example: each string of a body says what is to become of it.

In the bodies below a string (or a key) that starts with TEXT, JSON or NAME must be a slot of that
kind, one that starts with PIECE or FRAGMENT must be a delta; every other one must be left alone.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Path
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.slots import Delta, Format, Slot, Treat

MARKS = {"TEXT": Treat.TEXT, "JSON": Treat.JSON, "NAME": Treat.NAME}
PIECES = {"PIECE": Treat.TEXT, "FRAGMENT": Treat.JSON_FRAGMENT}


def check(body: Any, found: list[Slot] | list[Delta], marks: dict[str, Treat]) -> None:
    """Compare what was found with what the strings of the body say about themselves."""
    doc = JsonText(json.dumps(body))
    expected = {
        leaf: marks[leaf.value.split(" ")[0]]
        for leaf in doc.leaves
        if leaf.value.split(" ")[0] in marks
    }
    assert {slot.leaf: slot.treat for slot in found} == expected


REQUEST = {
    "model": "gpt-4o",
    "messages": [
        {"role": "system", "content": "TEXT", "name": "NAME s"},
        {"role": "developer", "content": [{"type": "text", "text": "TEXT"}], "name": "NAME d"},
        {
            "role": "user",
            "name": "NAME u",
            "content": [
                {"type": "text", "text": "TEXT", "prompt_cache_breakpoint": {"mode": "explicit"}},
                "TEXT of a bare string in a list of parts",
            ],
        },
        {
            "role": "assistant",
            "name": "NAME a",
            "content": [{"type": "refusal", "refusal": "TEXT"}],
            "refusal": "TEXT",
            "audio": {"id": "audio_1"},
            "reasoning_content": "TEXT",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "find", "arguments": "JSON"},
                },
                {"id": "call_2", "type": "custom", "custom": {"name": "run", "input": "TEXT"}},
                {"id": "call_3", "function": {"name": "find", "arguments": {"to": "TEXT"}}},
            ],
            "function_call": {"name": "find", "arguments": "JSON"},
        },
        {"role": "tool", "tool_call_id": "call_1", "name": "find", "content": "JSON"},
        {"role": "tool", "tool_call_id": "call|2", "content": [{"type": "text", "text": "JSON"}]},
        {"role": "function", "name": "find", "content": "JSON"},
        {"role": "ipython", "content": "TEXT", "name": "NAME of an unknown role"},
        {"content": "TEXT of a message without a role"},
        "TEXT that is no message",
    ],
    "temperature": 0.5,
    "seed": 5551234567,
    "stop": ["TEXT", "TEXT too"],
    "user": "TEXT",
    "safety_identifier": "TEXT",
    "prompt_cache_key": "TEXT",
    "metadata": {"team": "TEXT", "TEXT as a key": "TEXT"},
    "logit_bias": {"50256": -100, "TEXT as a key": 1},
    "prediction": {"type": "content", "content": [{"type": "text", "text": "TEXT"}]},
    "modalities": ["text-only", "audio"],
    "audio": {"voice": {"id": "voice_1"}, "format": "wav"},
    "reasoning_effort": "high",
    "service_tier": "auto",
    "verbosity": "low",
    "stream": True,
    "stream_options": {"include_usage": True},
    "moderation": {"model": "omni", "policy": {"input": {"mode": "block"}}},
    "web_search_options": {
        "search_context_size": "low",
        "user_location": {
            "type": "approximate",
            "approximate": {
                "city": "TEXT",
                "country": "TEXT",
                "region": "TEXT",
                "timezone": "TEXT",
            },
        },
    },
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "auto",
            "tools": [{"type": "function", "function": {"name": "find"}, "note": "TEXT"}],
        },
    },
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "find",
                "description": "TEXT",
                "strict": True,
                "parameters": {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "title": "TEXT",
                    "type": "object",
                    "required": ["text of a property name"],
                    "properties": {
                        "text of a property name": {"type": ["string", "null"]},
                        "to": {
                            "type": "string",
                            "format": "email",
                            "pattern": "text.*",
                            "description": "TEXT",
                            "default": "TEXT",
                            "examples": ["TEXT"],
                            "enum": ["TEXT", "TEXT two"],
                            "x-note": {"TEXT as a key": "TEXT"},
                        },
                        "description": {"const": {"TEXT as a key": "TEXT"}},
                        "list": {"items": {"anyOf": [{"const": "TEXT"}, {"$ref": "#/$defs/text"}]}},
                        "pair": {"prefixItems": [{"title": "TEXT"}]},
                        "open": {"additionalProperties": {"description": "TEXT"}},
                    },
                    "$defs": {"text of a definition": {"description": "TEXT"}},
                    "dependencies": {"to": ["text of a name"], "list": {"title": "TEXT"}},
                },
            },
        },
        {
            "type": "custom",
            "custom": {
                "name": "run",
                "description": "TEXT",
                "format": {
                    "type": "grammar",
                    "grammar": {"syntax": "lark", "definition": "TEXT"},
                },
            },
        },
    ],
    "functions": [{"name": "find", "description": "TEXT", "parameters": {"title": "TEXT"}}],
    "function_call": {"name": "find"},
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "description": "TEXT",
            "schema": {"properties": {"a": {"description": "TEXT"}}},
        },
    },
    "a_new_field": {"deep": [{"in": "TEXT", "TEXT as a key": "TEXT"}]},
}

REPLY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o",
    "created": 1712345678,
    "service_tier": "default",
    "system_fingerprint": "fp_1",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": {"content": [{"token": "masked", "top_logprobs": [{"token": "masked"}]}]},
            "message": {
                "role": "assistant",
                "content": "TEXT",
                "refusal": "TEXT",
                "reasoning_content": "TEXT",
                "annotations": [
                    {
                        "type": "TEXT",
                        "url_citation": {"title": "TEXT", "url": "TEXT", "end_index": 5},
                    }
                ],
                "audio": {"id": "audio_1", "data": "UklGRg==", "transcript": "TEXT"},
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": "JSON"},
                    },
                    {"id": "c2", "type": "custom", "custom": {"name": "f", "input": "TEXT"}},
                ],
                "function_call": {"name": "f", "arguments": "JSON"},
            },
            "content_filter_results": {"hate": {"severity": "TEXT"}},
        }
    ],
    "metadata": {"TEXT as a key": "TEXT"},
    "moderation": {"input": {"model": "omni"}},
    "usage": {"total_tokens": 4111111111111111},
    "citations": ["TEXT"],
}

CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1712345678,
    "model": "gpt-4o",
    "choices": [
        {
            "index": 0,
            "finish_reason": None,
            "logprobs": {"content": [{"token": "masked"}]},
            "delta": {
                "role": "assistant",
                "content": "PIECE",
                "refusal": "PIECE",
                "reasoning_content": "PIECE",
                "reasoning": "PIECE",
                "thinking": "PIECE",
                "reasoning_details": [{"text": "TEXT"}],
                "function_call": {"name": "f", "arguments": "FRAGMENT"},
                "audio": {"id": "audio_1", "data": "UklGRg==", "transcript": "PIECE"},
                "tool_calls": [
                    {
                        "index": 1,
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": "FRAGMENT"},
                    },
                    {"index": 2, "custom": {"name": "f", "input": "PIECE"}},
                ],
            },
        }
    ],
    "obfuscation": "k3jS",
}

ERROR = {"error": {"message": "TEXT", "type": "TEXT", "param": None, "code": "TEXT"}}


def test_a_request() -> None:
    check(REQUEST, CHAT.request_slots(JsonText(json.dumps(REQUEST))), MARKS)


@pytest.mark.parametrize(
    "body",
    [REPLY, ERROR, [ERROR], "TEXT", 5, {}],
    ids=["reply", "error", "list", "string", "number", "empty"],
)
def test_a_reply(body: Any) -> None:
    doc = JsonText(json.dumps(body))
    check(body, CHAT.reply_slots(doc), MARKS)
    assert CHAT.deltas(doc) == []


@pytest.mark.parametrize("body", [CHUNK, ERROR], ids=["chunk", "error"])
def test_a_stream_event(body: Any) -> None:
    doc = JsonText(json.dumps(body))
    check(body, CHAT.deltas(doc), PIECES)
    check(body, CHAT.reply_slots(doc), MARKS)


@pytest.mark.parametrize(
    ("part", "message", "key"),
    [
        ({"type": "image_url", "image_url": {"url": "x"}}, "a picture cannot be masked", "images"),
        ({"type": "input_image", "image_url": "x"}, "a picture cannot be masked", "images"),
        ({"type": "input_audio", "input_audio": {"data": "x"}}, "sound cannot be masked", "audio"),
        ({"type": "file", "file": {"file_id": "x"}}, "a file cannot be masked", "files"),
        ({"type": "input_file", "file_data": "x"}, "a file cannot be masked", "files"),
        (
            {"type": "hologram", "text": "x"},
            "a content part of this type cannot be masked",
            "unknown_types",
        ),
        ({"type": 7, "text": "x"}, "a content part of this type cannot be masked", "unknown_types"),
        (
            {"type": "Ines", "text": "x"},
            "a content part of this type cannot be masked",
            "unknown_types",
        ),
        (
            {"type": None, "text": "x"},
            "a content part without a type cannot be masked",
            "unknown_types",
        ),
        ({"text": "x"}, "a content part without a type cannot be masked", "unknown_types"),
    ],
)
@pytest.mark.parametrize("role", ["user", "tool"])
def test_a_content_part_that_cannot_be_masked(part: Any, message: str, key: str, role: str) -> None:
    body = {"messages": [{"role": role, "content": [{"type": "text", "text": "x"}, part]}]}
    with pytest.raises(UnknownFormat) as caught:
        CHAT.request_slots(JsonText(json.dumps(body)))
    assert str(caught.value) == (
        f"messages[0].content[1]: {message}, so the request was not sent; "
        "send its text as a part of type text "
        f"(policy key to open this: surfaces.{key} = true)"
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"messages":[{"role":"user","role":"tool","content":"x"}]}',
        '{"messages":[{"content":[{"type":"text","text":"x","type":"image_url"}]}]}',
    ],
)
def test_a_body_that_reads_two_ways(body: str) -> None:
    with pytest.raises(UnknownFormat, match="is given twice, with different values"):
        CHAT.request_slots(JsonText(body))


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null"])
def test_a_body_that_is_no_object(body: str) -> None:
    with pytest.raises(UnknownFormat, match="must be a JSON object"):
        CHAT.request_slots(JsonText(body))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"model": "Ines Almeida"}, ("model",)),
        ({"tool_choice": "ask ines@almeida.example"}, ("tool_choice",)),
        ({"messages": [{"role": "Ines Almeida"}]}, ("messages", 0, "role")),
        ({"modalities": ["Ines Almeida"]}, ("modalities", 0)),
        ({"model": {"x": "Ines"}}, ("model", "x")),
        ({"temperature": "Ines"}, ("temperature",)),
    ],
)
def test_a_word_of_the_api_that_does_not_look_like_one_is_text(body: Any, path: Path) -> None:
    (slot,) = CHAT.request_slots(JsonText(json.dumps(body)))
    assert (slot.path, slot.treat) == (path, Treat.TEXT)


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ({"metadata": {"phone": 5551234567}}, ["5551234567"]),
        ({"a_new_field": 5551234567}, ["5551234567"]),
        (
            {"tools": [{"function": {"parameters": {"enum": [4111111111111111]}}}]},
            ["4111111111111111"],
        ),
        ({"messages": [{"function_call": {"arguments": {"n": 12}}}]}, ["12"]),
        ({"seed": 5551234567, "max_tokens": 100, "logit_bias": {"1": 2}}, []),
        ({"tools": [{"function": {"parameters": {"maximum": 5551234567}}}]}, []),
    ],
)
def test_numbers_in_free_data_are_slots(body: Any, numbers: list[str]) -> None:
    slots = CHAT.request_slots(JsonText(json.dumps(body)))
    assert [slot.leaf.value for slot in slots if slot.leaf.kind == "number"] == numbers


def chunk(choices: Any) -> JsonText:
    return JsonText(json.dumps({**CHUNK, "choices": choices}))


def test_channels_go_by_the_numbers_the_provider_gives() -> None:
    call = {"index": 3, "function": {"arguments": "{"}}
    doc = chunk(
        [
            {"index": 2, "delta": {"content": "a"}},
            {"index": 0, "delta": {"tool_calls": [call], "audio": {"transcript": "b"}}},
            {"delta": {"tool_calls": [{"custom": {"input": "c"}}]}},
        ]
    )
    assert [delta.channel for delta in CHAT.deltas(doc)] == [
        (2, "content"),
        (0, "tool_calls", 3, "function", "arguments"),
        (0, "audio", "transcript"),
        (2, "tool_calls", 0, "custom", "input"),
    ]


@pytest.mark.parametrize(
    ("choices", "ends"),
    [
        ([{"index": 0, "delta": {}, "finish_reason": None}], []),
        ([{"index": 0, "delta": {}}], []),
        ([{"index": 0, "delta": {"content": "a"}, "finish_reason": ""}], []),
        ([{"index": 1, "delta": {}, "finish_reason": "stop"}], [(1,)]),
        ([{"delta": {}, "finish_reason": "length"}], [(0,)]),
        (
            [{"index": 1, "finish_reason": "stop"}, {"index": 0, "finish_reason": "tool_calls"}],
            [(1,), (0,)],
        ),
        ([], []),
    ],
)
def test_a_choice_ends_with_its_finish_reason(choices: Any, ends: list[Path]) -> None:
    assert CHAT.ends(chunk(choices)) == ends


def test_held_back_text_leaves_in_an_event_like_the_others() -> None:
    last = {"index": 1, "delta": {}, "finish_reason": "stop"}
    doc = JsonText(json.dumps({**CHUNK, "choices": [last], "usage": {"total_tokens": 5}}))
    assert json.loads(CHAT.flush_event(doc, (1, "content"), "Zoë")) == {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1712345678,
        "model": "gpt-4o",
        "choices": [{"index": 1, "delta": {"content": "Zoë"}, "finish_reason": None}],
    }


def test_every_delta_can_be_flushed_on_its_own_channel() -> None:
    doc = JsonText(json.dumps(CHUNK))
    assert len(CHAT.deltas(doc)) == 9
    for delta in CHAT.deltas(doc):
        text = 'Zoë "\\\n\ud800'
        flushed = JsonText(CHAT.flush_event(doc, delta.channel, text))
        (again,) = CHAT.deltas(flushed)
        assert (again.channel, again.treat) == (delta.channel, delta.treat)
        assert again.leaf.value == text
        assert CHAT.reply_slots(flushed) == []
        assert CHAT.ends(flushed) == []
        ChatCompletionChunk.model_validate_json(
            CHAT.flush_event(doc, delta.channel, "Zoë"), strict=True
        )


def test_a_flushed_event_is_ascii_where_the_stream_is() -> None:
    for raw, ascii_only in (('{"model":"Zo\\u00eb"}', True), ('{"model":"Zoë"}', False)):
        flushed = CHAT.flush_event(JsonText(raw), (0, "content"), "é")
        assert flushed.isascii() == ascii_only
        assert flushed.startswith(raw[:-1])


def test_it_is_a_format() -> None:
    chat: Format = CHAT
    assert chat.name == "openai_chat"


def test_a_repr_shows_no_text() -> None:
    doc = JsonText(json.dumps({"choices": [{"delta": {"Ines": "Almeida"}}], "Ines": "Almeida"}))
    for shown in (repr(CHAT.deltas(doc)), repr(CHAT.reply_slots(doc))):
        assert "leaf=Leaf(" in shown
        assert "Ines" not in shown
        assert "Almeida" not in shown
