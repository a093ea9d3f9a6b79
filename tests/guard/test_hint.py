"""The hint: where it is put, byte for byte, and when it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.guard import Guard, Outgoing, drive
from llm_guard_protecto.guard.hint import DEFAULT_HINT, hinted

MAIL = "sarah.johnson@example.com"
HINT = json.dumps(DEFAULT_HINT)


@pytest.mark.parametrize(
    ("format_", "before", "after"),
    [
        (
            "openai_chat",
            '{ "messages": [ {"role":"user","content":"x"}] }',
            '{ "messages": [{"role":"system","content":HINT}, {"role":"user","content":"x"}] }',
        ),
        (
            "openai_chat",
            '{"messages":[{"role":"system","content":"Be kind."},{"role":"user"}]}',
            '{"messages":[{"role":"system","content":"Be kind.\\n\\nHINT"},{"role":"user"}]}',
        ),
        (
            "openai_chat",
            '{"messages":[{"content":[{"type":"text","text":"]"} ],"role":"developer"}]}',
            '{"messages":[{"content":[{"type":"text","text":"]"} ,PART],"role":"developer"}]}',
        ),
        (
            "openai_chat",
            '{"messages":[{"role":"system","content":[]}]}',
            '{"messages":[{"role":"system","content":[PART]}]}',
        ),
        (
            "openai_chat",
            '{"messages":[{"role":"system","content":""},{"role":"user"}]}',
            '{"messages":[{"role":"system","content":HINT},{"role":"user"}]}',
        ),
        (
            "openai_chat",
            '{"messages":[{"role":"user"},{"role":"system"}]}',
            '{"messages":[{"role":"system","content":HINT},{"role":"user"},{"role":"system"}]}',
        ),
        (
            "openai_chat",
            '{"messages":[{"role":"system","content":null}]}',
            '{"messages":[{"role":"system","content":HINT},{"role":"system","content":null}]}',
        ),
        ("openai_chat", '{"messages":[]}', '{"messages":[{"role":"system","content":HINT}]}'),
        ("openai_chat", '{"messages":"x"}', '{"messages":"x"}'),
        ("openai_chat", "{}", "{}"),
        ("openai_responses", '{"input":"x"}', '{"instructions":HINT,"input":"x"}'),
        (
            "openai_responses",
            '{"input":"x","instructions":"Be kind."}',
            '{"input":"x","instructions":"Be kind.\\n\\nHINT"}',
        ),
        ("openai_responses", '{"instructions":null}', '{"instructions":HINT}'),
        ("openai_responses", '{"instructions":5}', '{"instructions":5}'),
        ("openai_responses", "{ }", '{"instructions":HINT }'),
        ("anthropic_messages", '{"messages":[]}', '{"system":HINT,"messages":[]}'),
        ("anthropic_messages", '{"system":"é"}', '{"system":"é\\n\\nHINT"}'),
        (
            "anthropic_messages",
            '{"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}',
            '{"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},PART]}',
        ),
        ("openai_embeddings", '{"input":"x"}', '{"input":"x"}'),
    ],
)
def test_where_the_hint_stands(format_: str, before: str, after: str) -> None:
    part = f'{{"type":"text","text":{HINT}}}'
    want = after.replace('HINT"', HINT[1:]).replace("HINT", HINT).replace("PART", part)
    assert hinted(format_, before.encode(), True).decode() == want
    assert hinted(format_, before.encode(), "Copy!").decode() == want.replace(HINT[1:-1], "Copy!")


def opened(text: str, **policy: Any) -> bytes:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    outgoing = Outgoing("POST", "/v1/chat/completions", "application/json", body)
    rules = Policy.parse({"name": "p"} | policy)
    with LocalVault("memory:", environ={}) as vault:
        return drive(Guard(rules).open(outgoing), vault).body


def test_only_what_was_masked_gets_the_hint() -> None:
    assert HINT.encode() in opened(f"mail {MAIL}", hint=True)
    assert HINT.encode() not in opened("Tell me a joke", hint=True)
    assert HINT.encode() not in opened(f"mail {MAIL}")
    assert b'"Keep the codes."' in opened(f"mail {MAIL}", hint="Keep the codes.")


def test_the_hint_is_the_same_for_every_request() -> None:
    first, second = (json.loads(opened(text, hint=True)) for text in (f"a {MAIL}", f"b {MAIL} c"))
    assert first["messages"][0] == second["messages"][0]
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
