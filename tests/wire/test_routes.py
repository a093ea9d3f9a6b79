"""Which calls are covered, and that all others are refused with a message that helps."""

from __future__ import annotations

import pytest

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.routes import format_for, route_for


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "chat/completions",
        "/openai/deployments/gpt-4o/chat/completions",
        "/openai/v1/chat/completions",
        "/proxy/team-7/v1/chat/completions",
        "/v1beta/openai/chat/completions",
    ],
)
@pytest.mark.parametrize("method", ["POST", "post"])
def test_chat_completions_under_any_base_path(method: str, path: str) -> None:
    assert format_for(method, path).name == "openai_chat"


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("GET", "/v1/uploads", "GET /v1/uploads"),
        ("PATCH", "/v1/files/file_1", "PATCH /v1/files/file_1"),
        ("GET", "/v1/models/jos\u00e9", "GET /v1/models/…"),
        ("GET", "/v1/models/a/b", "GET /v1/models/a/b"),
        ("DELETE", "/v1/models/m", "DELETE /v1/models/m"),
        ("GET", "/v1/chat/completions", "GET /v1/chat/completions"),
        ("POST", "/v1/chat/completions/chatcmpl-1", "POST /v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/chat/completions/", "POST /v1/chat/completions/"),
        ("POST", "/v1/chat%2Fcompletions", "POST /v1/…"),
        ("POST", "/v1/chat/xcompletions", "POST /v1/chat/xcompletions"),
        ("POST", "/v1/responses/x", "POST /v1/responses/x"),
        ("DELETE", "/v1/responses/x y", "DELETE /v1/responses/…"),
        ("POST", "", "POST "),
        ("DELETE", "/users/ines@almeida.example/x", "DELETE /users/…/x"),
        ("BREW ME", "/pot", "… /pot"),
    ],
)
def test_everything_else_is_refused(method: str, path: str, shown: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        format_for(method, path)
    assert str(caught.value) == (
        f"{shown} is not covered by llm_guard_protecto, so it was not sent "
        '(policy key to open this: surfaces.unknown_routes = "mask")'
    )


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/responses", "openai_responses"),
        ("POST", "/openai/responses", "openai_responses"),
        ("POST", "/v1/responses/input_tokens", "openai_responses"),
        ("POST", "/v1/responses/compact", "openai_responses"),
        ("DELETE", "/v1/responses/resp_0-1", "openai_responses_delete"),
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models/ft:gpt-4.1:org::8a", "models"),
    ],
)
def test_responses_and_models(method: str, path: str, name: str) -> None:
    assert format_for(method, path).name == name


@pytest.mark.parametrize(
    ("method", "path", "name", "ids"),
    [
        ("GET", "/v1/responses/resp_1", "openai_responses_read", ["resp_1"]),
        ("GET", "/v1/responses/resp_1/input_items", "openai_responses_read", ["resp_1"]),
        ("POST", "/v1/responses/resp_1/cancel", "openai_responses_read", ["resp_1"]),
        ("POST", "/openai/v1/conversations", "openai_conversations", []),
        ("POST", "/v1/conversations/c/items", "openai_conversations", ["c"]),
        ("GET", "/v1/conversations/c/items/i", "openai_conversations_read", ["c", "i"]),
        ("POST", "/v1/files", "openai_files", []),
        ("GET", "/v1/files/file-1/content", "openai_files_content", ["file-1"]),
        ("POST", "/v1/batches", "openai_batches", []),
        ("GET", "/v1/batches/batch_1", "openai_batches_read", ["batch_1"]),
        ("POST", "/v1/messages/batches", "anthropic_message_batches", []),
        ("GET", "/v1/messages/batches", "anthropic_message_batches_read", []),
        ("GET", "/v1/messages/batches/m/results", "anthropic_message_batch_results", ["m"]),
        ("POST", "/v1/messages", "anthropic_messages", []),
    ],
)
def test_calls_about_what_the_provider_keeps(
    method: str, path: str, name: str, ids: list[str]
) -> None:
    route = route_for(method, path)
    assert (route.format.name, list(route.ids)) == (name, ids)
    assert route.format is format_for(method, path)
