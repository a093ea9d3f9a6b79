"""The public double keeps what it is sent: responses, conversations, files, batches."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from llm_guard_protecto.testing import FakeProvider

ADA = "I am Ada Lindholm"
CHAT = {"model": "m", "messages": [{"role": "user", "content": ADA}]}


def bare(provider: FakeProvider) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", http_client=provider.client(), max_retries=0)


def test_a_response_in_the_background_is_done_when_it_is_read() -> None:
    client = bare(FakeProvider())
    queued = client.responses.create(model="m", input=ADA, background=True, instructions="Repeat.")
    assert (queued.status, queued.output) == ("queued", [])
    done = client.responses.retrieve(queued.id)
    assert (done.status, done.output_text, done.instructions) == ("completed", ADA, "Repeat.")
    assert client.responses.cancel(queued.id).status == "cancelled"
    client.responses.delete(queued.id)
    with pytest.raises(openai.NotFoundError, match="nothing has this id"):
        client.responses.retrieve(queued.id)


def test_a_response_that_is_not_stored_is_gone() -> None:
    client = bare(FakeProvider())
    made = client.responses.create(model="m", input=ADA, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


@pytest.mark.parametrize("piece", [1, 5, 1000])
def test_a_stream_says_what_its_last_event_says(piece: int) -> None:
    client = bare(FakeProvider(piece=piece))
    with client.responses.stream(model="m", input=ADA) as stream:
        said = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert said == final.output_text == ADA
    events = list(client.responses.retrieve(final.id, stream=True, starting_after=2))
    assert [event.sequence_number for event in events] == list(range(3, 3 + len(events)))


def test_a_conversation_remembers() -> None:
    client = bare(FakeProvider(lambda messages: str(len(messages))))
    items: Any = [{"type": "message", "role": "user", "content": ADA}]
    talk = client.conversations.create(items=items, metadata={"a": "b"})
    assert client.responses.create(model="m", input="x", conversation=talk.id).output_text == "2"
    assert client.responses.create(model="m", input="x", conversation=talk.id).output_text == "4"
    assert len(client.conversations.items.list(talk.id).data) == 5
    first = client.responses.create(model="m", input="x")
    second = client.responses.create(model="m", input="x", previous_response_id=first.id)
    assert second.output_text == "3"
    assert [item.type for item in client.responses.input_items.list(second.id)] == ["message"] * 3


def test_a_file_is_kept_to_the_byte() -> None:
    client = bare(FakeProvider())
    content = b"\x00\xff\r\n--x\r\n"
    file = client.files.create(file=("a.bin", content), purpose="user_data")
    assert (file.filename, file.bytes) == ("a.bin", len(content))
    assert client.files.content(file.id).content == content
    assert client.files.delete(file.id).deleted
    assert client.files.list().data == []


def test_a_batch_answers_each_line_as_the_call_it_is() -> None:
    client = bare(FakeProvider())
    calls = [("/v1/chat/completions", CHAT), ("/v1/responses", {"model": "m", "input": ADA})]
    lines = [{"custom_id": url, "method": "POST", "url": url, "body": body} for url, body in calls]
    data = "\n".join(map(json.dumps, lines)).encode()
    file = client.files.create(file=("a.jsonl", data), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    assert (batch.status, batch.output_file_id) == ("validating", None)
    done = client.batches.retrieve(batch.id)
    one, two = map(json.loads, client.files.content(done.output_file_id or "").text.splitlines())
    assert one["response"]["body"]["choices"][0]["message"]["content"] == ADA
    assert two["response"]["body"]["output"][0]["content"][0]["text"] == ADA
    assert client.batches.cancel(batch.id).status == "cancelled"


def test_a_batch_of_messages() -> None:
    provider = FakeProvider()
    client = anthropic.Anthropic(api_key="none", http_client=provider.client(), max_retries=0)
    params: Any = CHAT | {"max_tokens": 9}
    made = client.messages.batches.create(requests=[{"custom_id": "one", "params": params}])
    assert client.messages.batches.retrieve(made.id).processing_status == "ended"
    [one] = client.messages.batches.results(made.id)
    assert one.result.type == "succeeded"
    assert one.result.message.content[0].type == "text"
    assert one.result.message.content[0].text == ADA


def test_it_has_a_real_address_for_as_long_as_it_serves() -> None:
    provider = FakeProvider(piece=2)
    with provider.serve() as url, httpx2.Client(trust_env=False) as http:
        client = openai.OpenAI(api_key="none", base_url=url, http_client=http, max_retries=0)
        assert client.chat.completions.create(**CHAT).choices[0].message.content == ADA  # type: ignore[call-overload]
        chunks = client.chat.completions.create(**CHAT, stream=True)  # type: ignore[call-overload]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ADA
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve("file_1")
        assert [request.query for request in provider.requests] == [""] * 3
        with pytest.raises(httpx2.ConnectError):
            stopped(http)


def stopped(http: httpx2.Client) -> None:
    with FakeProvider().serve() as url:
        assert http.get(f"{url}/models").status_code == 404
    http.get(f"{url}/models")
