"""Which calls are covered, and that all others are refused with a message that helps."""

from __future__ import annotations

import pytest

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.routes import format_for


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
        ("GET", "/v1/models", "GET /v1/models"),
        ("GET", "/v1/chat/completions", "GET /v1/chat/completions"),
        ("POST", "/v1/chat/completions/chatcmpl-1", "POST /v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/chat/completions/", "POST /v1/chat/completions/"),
        ("POST", "/v1/chat%2Fcompletions", "POST /v1/…"),
        ("POST", "/v1/chat/xcompletions", "POST /v1/chat/xcompletions"),
        ("POST", "/v1/responses", "POST /v1/responses"),
        ("POST", "", "POST "),
        ("DELETE", "/users/ines@almeida.example/x", "DELETE /users/…/x"),
        ("BREW ME", "/pot", "… /pot"),
    ],
)
def test_everything_else_is_refused(method: str, path: str, shown: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        format_for(method, path)
    assert str(caught.value) == (
        f"{shown} is not covered by llm_guard_protecto, so it was not sent"
    )
