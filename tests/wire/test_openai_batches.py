"""The lines of a batch's files: what is restored in them, and as what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.wire.anthropic_batches import MESSAGE_BATCH_RESULTS
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.offsets import Positioned
from llm_guard_protecto.wire.openai_batches import BATCH_LINES, READ_BATCH
from llm_guard_protecto.wire.packages import ByLine
from llm_guard_protecto.wire.slots import Delta, Format, Slot, Treat

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "choices": [
        {
            "message": {
                "content": "T1",
                "tool_calls": [{"function": {"name": "f", "arguments": '{"a": "T2"}'}}],
            },
            "logprobs": {"content": [{"token": "x"}]},
        }
    ],
}


def result(body: Any, **more: Any) -> dict[str, Any]:
    response = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": "c", "response": response, "error": None} | more


def slots(line: Any, format_: Format = BATCH_LINES) -> dict[str, Treat]:
    """What is restored, by what it says; each leaf must stand where it claims to."""
    doc = JsonText(json.dumps(line))
    found: list[Slot | Delta] = [*format_.reply_slots(doc), *format_.deltas(doc)]
    assert {slot.leaf for slot in found} <= set(doc.leaves)
    return {slot.leaf.value: slot.treat for slot in found}


def test_a_reply_in_a_result_is_read_as_by_itself() -> None:
    assert slots(result(CHAT)) == {"c": Treat.TEXT, "T1": Treat.TEXT, '{"a": "T2"}': Treat.JSON}


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (
            {
                "object": "response",
                "id": "resp_1",
                "output": [
                    {
                        "type": "message",
                        "id": "msg_1",
                        "content": [{"type": "output_text", "text": "T1"}],
                    }
                ],
            },
            {"T1"},
        ),
        (
            {"object": "text_completion", "choices": [{"text": "T1", "logprobs": {"a": "b"}}]},
            {"T1"},
        ),
        ({"object": "list", "data": [{"embedding": [0.5] * 20}], "model": "m"}, set()),
        ({"id": "modr-1", "model": "m", "results": [{"categories": {}}]}, set()),
        ({"error": {"message": "T1", "type": "x"}}, {"T1", "x"}),
        (None, set()),
    ],
)
def test_every_kind_of_reply_is_known_by_what_it_says(body: Any, texts: set[str]) -> None:
    assert slots(result(body)).keys() - {"c"} == texts


def test_an_error_of_a_line_is_text() -> None:
    line = result(None, error={"code": "batch_expired", "message": "T1"})
    assert slots(line).keys() == {"c", "T1"}


def test_an_answer_that_begins_as_json_is_read_as_json() -> None:
    part = {"type": "output_text", "text": '{"who": "T1"}'}
    body = {"object": "response", "output": [{"type": "message", "content": [part]}]}
    assert slots(result(body))['{"who": "T1"}'] is Treat.JSON_FRAGMENT


@pytest.mark.parametrize(
    ("answer", "is_json"),
    [
        ('{"who": "T1"}', True),
        (' {\n "who": "T1', True),
        ('["T1"]', True),
        ('[{"who": "T1"}]', True),
        ('[ 1, "T1"]', True),
        ("{", True),
        ("It is T1.", False),
        ("[T1](https://x.example)", False),
        ("[1] T1 said so", False),
        ("{T1}", False),
    ],
)
def test_an_answer_of_a_chat_is_json_if_it_begins_so(answer: str, is_json: bool) -> None:
    chat = {"object": "chat.completion", "choices": [{"message": {"content": answer}}]}
    assert slots(result(chat))[answer] is (Treat.JSON_FRAGMENT if is_json else Treat.TEXT)


def test_a_line_that_was_sent_comes_back_as_it_went() -> None:
    call = {"function": {"name": "f", "arguments": '{"a": "T2"}'}}
    messages = [{"role": "assistant", "content": "T1", "tool_calls": [call]}]
    line = {"custom_id": "c", "url": "/v1/chat/completions", "body": {"messages": messages}}
    assert slots(line) == {"c": Treat.LABEL, "T1": Treat.TEXT, '{"a": "T2"}': Treat.JSON}
    assert slots(line | {"url": "/v1/other"}).keys() >= {"c", "T1", '{"a": "T2"}'}


@pytest.mark.parametrize("line", [{"id": "T1"}, {"response": {"request_id": "T1"}}, ["T1"]])
def test_any_other_json_is_text_through_and_through(line: Any) -> None:
    assert "T1" in slots(line)


def test_where_citations_stand_is_counted_in_the_line() -> None:
    note = {"type": "url_citation", "start_index": 3, "end_index": 5, "url": "u", "title": "t"}
    part = {"type": "output_text", "text": "see T1", "annotations": [note]}
    body = {"object": "response", "output": [{"type": "message", "content": [part]}]}
    doc = JsonText(json.dumps(result(body)))
    assert isinstance(BATCH_LINES, Positioned)
    offsets = BATCH_LINES.offsets(doc)
    assert [offset.leaf.value for offset in offsets] == ["3", "5"]
    for offset in offsets:
        assert offset.leaf in doc.leaves
        assert offset.within in doc.leaves


def test_a_batch_of_messages() -> None:
    lines = MESSAGE_BATCH_RESULTS.replies
    assert isinstance(lines, ByLine)
    message = {"id": "msg_1", "type": "message", "content": [{"type": "text", "text": "T1"}]}
    line = {"custom_id": "c", "result": {"type": "succeeded", "message": message}}
    assert slots(line, MESSAGE_BATCH_RESULTS).keys() == {"c", "T1"}
    failed = {"type": "errored", "error": {"type": "error", "error": {"message": "T1"}}}
    assert "T1" in slots({"custom_id": "c", "result": failed}, MESSAGE_BATCH_RESULTS)


def test_of_a_batch_its_metadata_and_errors_are_text() -> None:
    batch = {
        "id": "batch_1",
        "input_file_id": "file_1",
        "metadata": {"for": "T1"},
        "errors": {"data": [{"code": "c", "message": "T2"}]},
    }
    assert slots({"data": [batch]}, READ_BATCH).keys() >= {"T1", "T2"}
    assert not {"batch_1", "file_1"} & slots(batch, READ_BATCH).keys()
