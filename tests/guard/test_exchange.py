"""One call through the guard: which bytes leave, and what comes back."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault
from llm_guard_protecto.errors import UnknownFormat, VaultError
from llm_guard_protecto.guard import Exchange, Guard, Outgoing, drive
from llm_guard_protecto.models import Item, Masked
from tests.texts import VALUES, texts

EMAIL = "sarah.johnson@example.com"
PHONE = "(555) 987-6543"


@cache
def vault() -> LocalVault:
    return LocalVault("memory:", environ={})


def send(body: bytes, path: str = "/v1/chat/completions") -> Exchange:
    return drive(Guard().open(Outgoing("POST", path, "application/json", body)), vault())


def exchange(**fields: Any) -> Exchange:
    return send(json.dumps({"model": "m", **fields}).encode())


def user(content: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content, **more}]


def reply(opened: Exchange, content: str) -> str:
    body = json.dumps({"choices": [{"index": 0, "message": {"content": content}}]}).encode()
    answer = json.loads(opened.reply("application/json", body))
    return str(answer["choices"][0]["message"]["content"])


def sent(opened: Exchange) -> Any:
    return json.loads(opened.body)


def test_a_body_without_values_leaves_as_it_is() -> None:
    body = b'{ "model" : "m",\n "messages":[{"role":"user","content":"Tell me a joke \\u00e9"}] }'
    assert send(body).body is body


def test_what_is_not_text_keeps_its_bytes() -> None:
    start, end = b'{"model":"m",  "n":2,"messages":[{"role":"user","content":"', b'"}],"x":1.50}'
    body = start + f"mail {EMAIL} \\/ ok".encode() + end
    masked = send(body).body
    assert masked.startswith(start)
    assert masked.endswith(end)
    assert EMAIL.encode() not in masked


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": user(f"mail {EMAIL}")},
        {"messages": user([{"type": "text", "text": f"mail {EMAIL}"}])},
        {"messages": [{"role": "system", "content": f"You serve {EMAIL}"}, *user("hi")]},
        {"messages": user("hi"), "stop": [f"{EMAIL}\n"]},
        {"messages": user("hi"), "metadata": {"owner": EMAIL}},
        {"messages": user("hi"), "a_field_of_tomorrow": {"deep": [EMAIL]}},
        {"messages": user("hi"), "prediction": {"type": "content", "content": f"To {EMAIL}"}},
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {
                                "name": "send",
                                "arguments": json.dumps({"to": EMAIL, EMAIL: [1, EMAIL]}),
                            },
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": f'{{"sent": "{EMAIL}"}}'},
            ]
        },
        {
            "messages": user("hi"),
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "send",
                        "description": f"Sends mail, never to {EMAIL}",
                        "parameters": {"type": "object", "properties": {"to": {"enum": [EMAIL]}}},
                    },
                }
            ],
        },
    ],
    ids=[
        "content",
        "part",
        "system",
        "stop",
        "metadata",
        "unknown",
        "prediction",
        "calls",
        "tools",
    ],
)
def test_no_corner_of_a_request_leaks(fields: dict[str, Any]) -> None:
    opened = exchange(**fields)
    assert EMAIL.encode() not in opened.body
    assert "sarah" not in json.dumps(sent(opened)).lower()


def test_malformed_arguments_are_masked_as_text() -> None:
    call = {"function": {"name": "f", "arguments": f'{{"to": "{EMAIL}", oops'}, "type": "function"}
    opened = exchange(messages=[{"role": "assistant", "tool_calls": [{"id": "1", **call}]}])
    arguments = sent(opened)["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert EMAIL not in arguments
    assert arguments.endswith('", oops')


def test_a_number_in_arguments_that_is_a_card_becomes_a_token() -> None:
    call = {"function": {"name": "f", "arguments": '{"card":4111111111111111,"n":3}'}}
    opened = exchange(
        messages=[{"role": "assistant", "tool_calls": [{"id": "1", "type": "function", **call}]}]
    )
    arguments = sent(opened)["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments)["n"] == 3
    assert json.loads(arguments)["card"].startswith("<CRD>")


def test_a_participants_name_becomes_a_name() -> None:
    opened = exchange(messages=user("hello", name="sarah_johnson"))
    name = sent(opened)["messages"][0]["name"]
    assert name != "sarah_johnson"
    assert name.isalnum()


def test_a_value_found_in_one_message_is_masked_in_all() -> None:
    opened = exchange(
        messages=[*user(f"my number is {PHONE}"), *user(f"x{PHONE}x and again{PHONE}")]
    )
    assert PHONE not in opened.body.decode()


def test_a_reply_is_restored_from_this_request_only() -> None:
    other = exchange(messages=user(f"mail {EMAIL}"))
    token = sent(other)["messages"][0]["content"].removeprefix("mail ")
    opened = exchange(messages=user(f"call {PHONE}"))
    assert reply(other, f"to {token}") == f"to {EMAIL}"
    assert reply(opened, f"to {token}") == f"to {token}"


def test_a_reply_without_tokens_comes_back_as_it_is() -> None:
    opened = exchange(messages=user(f"mail {EMAIL}"))
    body = b'{"choices" : [ {"message": {"content": "Nothing here"}} ]}'
    assert opened.reply("application/json", body) is body
    assert opened.reply("application/json", b"{broken") == b"{broken"
    assert opened.reply("application/octet-stream", b"\xff\x00") == b"\xff\x00"


def test_tool_arguments_come_back_escaped_for_json() -> None:
    value = 'O"Neil\\Sarah'
    opened = exchange(messages=user(f'Contact "{EMAIL}"'))
    token = sent(opened)["messages"][0]["content"].removeprefix('Contact "').removesuffix('"')
    arguments = json.dumps({"to": token, "note": value})
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    body = json.dumps({"choices": [{"index": 0, "message": {"tool_calls": [call]}}]}).encode()
    answer = json.loads(opened.reply("application/json", body))
    restored = answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(restored) == {"to": EMAIL, "note": value}


def test_an_error_that_echoes_the_prompt_is_restored() -> None:
    opened = exchange(messages=user(f"mail {EMAIL}"))
    prompt = sent(opened)["messages"][0]["content"]
    body = json.dumps({"error": {"message": f"cannot: {prompt}", "code": "bad"}}).encode()
    answer = json.loads(opened.reply("application/json", body))
    assert answer["error"]["message"] == f"cannot: mail {EMAIL}"
    html = f"<h1>{prompt}</h1>".encode()
    assert opened.reply("text/html", html).decode() == f"<h1>mail {EMAIL}</h1>"


@pytest.mark.parametrize(
    ("method", "path", "kind", "body"),
    [
        ("POST", "/v1/embeddings", "application/json", b'{"input":[1]}'),
        ("GET", "/v1/uploads", "", b""),
        ("POST", "/v1/files", "application/json", b"{}"),
        ("GET", "/v1/models", "application/json", b"{}"),
        ("GET", "/v1/models/jos%C3%A9", "", b""),
        ("POST", "/v1/responses", "", b""),
        ("GET", "/v1/responses/resp_1", "application/json", b"{}"),
        ("POST", "/v1/chat/completions", "multipart/form-data", b"{}"),
        ("POST", "/v1/chat/completions", "application/json", b"{broken"),
        ("POST", "/v1/chat/completions", "application/json", b"\xff"),
        ("POST", "/v1/chat/completions", "application/json", b""),
        ("POST", "/v1/chat/completions", "application/json", b"[]"),
        (
            "POST",
            "/v1/chat/completions",
            "application/json",
            b'{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}',
        ),
        (
            "POST",
            "/v1/chat/completions",
            "application/json",
            b'{"messages":[{"role":"user","content":[{"type":"hologram","rays":"x"}]}]}',
        ),
    ],
)
def test_what_cannot_be_proved_free_of_text_is_refused(
    method: str, path: str, kind: str, body: bytes
) -> None:
    with pytest.raises(UnknownFormat):
        drive(Guard().open(Outgoing(method, path, kind, body)), vault())


def test_a_vault_that_answers_for_other_texts_is_not_believed() -> None:
    class Confused:
        def mask(self, texts: list[str | Item], policy: object = None) -> list[Masked]:
            return [Masked("something else", "fine")] * len(texts)

    request = Outgoing("POST", "/v1/chat/completions", "application/json", b'{"messages":[]}')
    flow = Guard().open(
        Outgoing(
            "POST",
            request.path,
            request.content_type,
            b'{"messages":[{"role":"user","content":"a"}]}',
        )
    )
    with pytest.raises(VaultError, match="other texts"):
        drive(flow, Confused())  # type: ignore[arg-type]


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents=st.lists(texts(), min_size=1, max_size=4))
def test_a_request_echoed_back_is_the_request(contents: list[str]) -> None:
    """Any texts: a provider that says what it was sent gives the program what it wrote."""
    opened = exchange(messages=[m for content in contents for m in user(content)])
    masked = [message["content"] for message in sent(opened)["messages"]]
    assert [reply(opened, content) for content in masked] == contents


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=texts())
def test_masking_again_on_the_next_turn_gives_the_same_bytes(content: str) -> None:
    one = exchange(messages=user(content))
    two = exchange(messages=[*user(content), *user("And then?")])
    assert sent(two)["messages"][0] == sent(one)["messages"][0]
    assert two.body.startswith(one.body.removesuffix(b"]}"))


def test_the_texts_of_these_tests_hold_values_that_are_found() -> None:
    found = vault().mask(list(VALUES))
    assert sum(bool(masked.individual_tokens) for masked in found) >= 10
