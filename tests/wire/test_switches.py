"""What a policy opens: every refusal names its key, and that key alone opens it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.policy import Surfaces
from llm_guard_protecto.wire.anthropic_messages import MESSAGES
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.openai_completions import COMPLETIONS
from llm_guard_protecto.wire.openai_inputs import EMBEDDINGS, MODERATIONS
from llm_guard_protecto.wire.openai_responses import RESPONSES
from llm_guard_protecto.wire.slots import Format
from llm_guard_protecto.wire.switches import is_on, switched_on, switches

SWITCHES = [name for name, field in Surfaces.model_fields.items() if field.default is False]


def said(*parts: Any, role: str = "user", name: str = "content") -> dict[str, Any]:
    return {"messages": [{"role": role, name: [*parts]}]}


def item(**fields: Any) -> dict[str, Any]:
    return {"input": [fields]}


def document(**source: Any) -> dict[str, Any]:
    return said({"type": "document", "title": "TEXT", "source": source})


# Each holds SENT where something goes as it is, and TEXT where something is searched all the same.
REFUSED: list[tuple[str, Format, dict[str, Any]]] = [
    (
        "images",
        CHAT,
        said({"type": "image_url", "image_url": {"url": "data:SENT"}, "more": "TEXT"}),
    ),
    ("images", CHAT, said({"type": "input_image", "image_url": "SENT"})),
    (
        "audio",
        CHAT,
        said({"type": "input_audio", "input_audio": {"data": "SENT", "format": "wav"}}),
    ),
    ("files", CHAT, said({"type": "file", "file": {"file_data": "SENT", "filename": "TEXT"}})),
    ("files", CHAT, said({"type": "input_file", "file_url": "SENT", "filename": "TEXT"})),
    ("unknown_types", CHAT, said({"type": "hologram", "what": {"deep": ["TEXT"]}})),
    ("unknown_types", CHAT, said({"text": "TEXT"})),
    ("token_ids", COMPLETIONS, {"prompt": [[1, 2], [3]], "suffix": "TEXT"}),
    ("token_ids", EMBEDDINGS, {"input": [5, 6], "user": "TEXT"}),
    ("token_ids", MODERATIONS, {"input": [7]}),
    ("images", MODERATIONS, {"input": [{"type": "image_url", "image_url": {"url": "SENT"}}]}),
    ("unknown_types", MODERATIONS, {"input": [{"type": "video", "what": "TEXT"}]}),
    (
        "images",
        RESPONSES,
        item(role="user", content=[{"type": "input_image", "image_url": "SENT"}]),
    ),
    (
        "audio",
        RESPONSES,
        item(role="user", content=[{"type": "input_audio", "input_audio": {"data": "SENT"}}]),
    ),
    (
        "files",
        RESPONSES,
        item(
            role="user", content=[{"type": "input_file", "file_data": "SENT", "filename": "TEXT"}]
        ),
    ),
    (
        "images",
        RESPONSES,
        item(
            type="computer_call_output",
            output={"type": "computer_screenshot", "image_url": "SENT"},
            acknowledged_safety_checks=[{"message": "TEXT"}],
        ),
    ),
    (
        "images",
        RESPONSES,
        item(type="image_generation_call", id="x", result="SENT", revised_prompt="TEXT"),
    ),
    (
        "images",
        RESPONSES,
        item(type="code_interpreter_call", code="TEXT", outputs=[{"type": "image", "url": "SENT"}]),
    ),
    (
        "unknown_types",
        RESPONSES,
        item(type="code_interpreter_call", outputs=[{"type": "film", "url": "TEXT"}]),
    ),
    ("unknown_types", RESPONSES, item(type="hologram", what="TEXT")),
    ("unknown_types", RESPONSES, item(what="TEXT")),
    ("unknown_types", RESPONSES, item(role="user", content=[{"type": "smell", "what": "TEXT"}])),
    (
        "replayed_logprobs",
        RESPONSES,
        item(
            role="assistant",
            content=[{"type": "output_text", "text": "TEXT", "logprobs": [{"token": "SENT"}]}],
        ),
    ),
    (
        "files",
        RESPONSES,
        {
            "tools": [
                {
                    "type": "shell",
                    "environment": {
                        "type": "container_auto",
                        "skills": [{"name": "TEXT", "source": {"type": "base64", "data": "SENT"}}],
                    },
                }
            ]
        },
    ),
    (
        "images",
        RESPONSES,
        {"tools": [{"type": "image_generation", "input_image_mask": {"image_url": "SENT"}}]},
    ),
    ("images", MESSAGES, said({"type": "image", "source": {"type": "base64", "data": "SENT"}})),
    ("files", MESSAGES, document(type="base64", media_type="application/pdf", data="SENT")),
    ("files", MESSAGES, document(type="url", url="SENT")),
    ("files", MESSAGES, document(type="file", file_id="SENT")),
    ("files", MESSAGES, said({"type": "container_upload", "file_id": "SENT"})),
    ("unknown_types", MESSAGES, document(type="hologram", what="TEXT")),
    ("unknown_types", MESSAGES, said({"type": "hologram", "what": "TEXT"})),
    ("unknown_types", MESSAGES, said({"text": "TEXT"})),
]


def found(format_: Format, body: Any) -> list[str]:
    return [slot.leaf.value for slot in format_.request_slots(JsonText(json.dumps(body)))]


@pytest.mark.parametrize(("key", "format_", "body"), REFUSED)
def test_one_key_opens_what_is_refused(key: str, format_: Format, body: dict[str, Any]) -> None:
    everything_else = frozenset(SWITCHES) - {key}
    for on in (frozenset[str](), everything_else):
        with switched_on(on), pytest.raises(UnknownFormat) as caught:
            found(format_, body)
        assert str(caught.value).endswith(f"(policy key to open this: surfaces.{key} = true)")
        assert "SENT" not in str(caught.value)
        assert "TEXT" not in str(caught.value)
    with switched_on(frozenset({key})):
        texts = found(format_, body)
    assert not [text for text in texts if "SENT" in text]
    assert texts.count("TEXT") == json.dumps(body).count("TEXT")
    with pytest.raises(UnknownFormat):  # what was open once is closed again
        found(format_, body)


def test_every_switch_opens_something() -> None:
    assert {key for key, _, _ in REFUSED} == set(SWITCHES)


@pytest.mark.parametrize(
    ("format_", "body", "where"),
    [
        (CHAT, {"messages": [], "a_new_field": {"x": "NEW"}}, "a_new_field"),
        (CHAT, {"messages": [{"role": "user", "mood": "NEW"}]}, "messages[0].mood"),
        (EMBEDDINGS, {"input": "TEXT", "hurry": "NEW"}, "hurry"),
        (RESPONSES, {"input": [{"role": "user", "mood": "NEW"}]}, "input[0].mood"),
        (MESSAGES, {"messages": [{"role": "user", "mood": "NEW"}]}, "messages[0].mood"),
    ],
)
def test_a_field_that_is_not_listed(format_: Format, body: dict[str, Any], where: str) -> None:
    assert "NEW" in found(format_, body)
    strict = Surfaces(unknown_fields="refuse").opened
    with switched_on(strict), pytest.raises(UnknownFormat) as caught:
        found(format_, body)
    assert str(caught.value) == (
        f"{where}: this field is not listed, so the request was not sent "
        '(policy key to open this: surfaces.unknown_fields = "mask")'
    )
    with switched_on(Surfaces(unknown_fields="keep").opened):
        assert "NEW" not in found(format_, body)


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "TEXT"}], "metadata": {"any": "TEXT"}},
        {
            "tools": [
                {"function": {"parameters": {"properties": {"any": {"default": {"x": "TEXT"}}}}}}
            ]
        },
        {"messages": [{"role": "tool", "content": '{"any": 1}'}], "logit_bias": {"50": 1}},
    ],
)
def test_free_data_has_no_unlisted_fields(body: dict[str, Any]) -> None:
    with switched_on(Surfaces(unknown_fields="refuse").opened):
        strict = found(CHAT, body)
    with switched_on(Surfaces(unknown_fields="keep").opened):
        assert strict == found(CHAT, body) == found(CHAT, {**body})


def test_switches_end_with_their_block() -> None:
    with switched_on(frozenset({"images"})):
        with switched_on(frozenset({"audio"})):
            assert is_on("audio")
            assert not is_on("images")
        assert switches() == {"images"}
    assert switches() == frozenset()
