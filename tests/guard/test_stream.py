"""Streams: however the bytes are cut, the program sees the same text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.guard.restore import restore
from tests.guard import streams
from tests.texts import VALUES

TEXT = " and ".join(VALUES)
MANY = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))


opened = partial(streams.opened, "chat", TEXT)
masked = partial(streams.masked, "chat", TEXT)


def chunk(choice: int = 0, finish: str | None = None, **delta: Any) -> str:
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": choice, "delta": delta, "finish_reason": finish}],
        }
    )


def sse(events: Iterable[str], ending: str = "\n") -> bytes:
    lines = [f"data: {event}{ending}{ending}" for event in (*events, "[DONE]")]
    return "".join(lines).encode()


def run(data: bytes, cuts: Iterable[int] = ()) -> bytes:
    stream = opened().stream("text/event-stream; charset=utf-8")
    at = 0
    parts: list[bytes] = []
    for cut in (*sorted(set(cuts)), len(data)):
        parts.append(stream.feed(data[at:cut]))
        at = cut
    return b"".join([*parts, stream.flush()])


def events(data: bytes) -> list[dict[str, Any]]:
    lines = data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    assert found.pop() == "[DONE]"
    return [json.loads(event) for event in found]


def content(data: bytes, choice: int = 0) -> str:
    return "".join(
        part["delta"].get("content") or ""
        for event in events(data)
        for part in event["choices"]
        if part["index"] == choice
    )


def split(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 16, 10_000])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_streamed_echo_is_the_prompt(size: int, ending: str) -> None:
    pieces = [chunk(content=piece) for piece in split(masked(), size)]
    data = sse([*pieces, chunk(finish="stop")], ending)
    assert content(run(data)) == TEXT


@MANY
@given(data=st.data())
def test_any_cut_of_the_bytes_gives_the_same_text(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    stream = sse([*(chunk(content=p) for p in split(masked(), size)), chunk(finish="stop")])
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    assert run(stream, cuts) == run(stream)


def test_every_single_cut_of_a_short_reply() -> None:
    text = masked()[:90]
    stream = sse([*(chunk(content=p) for p in split(text, 5)), chunk(finish="stop")])
    whole = run(stream)
    assert content(whole) == restore(text, opened().tokens)
    assert all(run(stream, [cut]) == whole for cut in range(len(stream)))
    assert run(stream, range(len(stream))) == whole


@MANY
@given(data=st.data())
def test_choices_and_calls_that_interleave_do_not_mix(data: st.DataObject) -> None:
    texts = {
        choice: data.draw(st.sampled_from([masked(), masked()[7:], "plain"])) for choice in (0, 1)
    }
    rest = {choice: split(text, data.draw(st.integers(1, 40))) for choice, text in texts.items()}
    sent: list[str] = []
    while any(rest.values()):
        choice = data.draw(st.sampled_from([c for c in rest if rest[c]]))
        sent.append(chunk(choice, content=rest[choice].pop(0)))
    sent += [chunk(0, "stop"), chunk(1, "stop")]
    answer = run(sse(sent))
    for choice, text in texts.items():
        assert content(answer, choice) == restore(text, opened().tokens)


def test_parallel_tool_calls() -> None:
    arguments = json.dumps({"to": masked(), "n": 1})

    def call(index: int, piece: str) -> str:
        part = {"index": index, "function": {"arguments": piece}}
        return chunk(tool_calls=[part])

    pieces = split(arguments, 3)
    sent = [call(index, piece) for piece in pieces for index in (0, 1)]
    answer = run(sse([*sent, chunk(finish="tool_calls")]))
    for index in (0, 1):
        got = "".join(
            part["function"]["arguments"]
            for event in events(answer)
            for part in event["choices"][0]["delta"].get("tool_calls", ())
            if part["index"] == index
        )
        assert json.loads(got)["n"] == 1
        assert json.loads(got)["to"] == restore(masked(), opened().tokens)


def test_text_that_starts_no_token_is_not_held_back() -> None:
    stream = opened().stream("text/event-stream")
    for piece in ("Hello ", "world", " a < b ", "std::vector<int>", "\n\n", "- item"):
        data = f"data: {chunk(content=piece)}\n\n".encode()
        assert stream.feed(data) == data


def test_a_stream_without_tokens_keeps_its_bytes() -> None:
    data = b': hi\n\nevent: x\ndata:  {"a" : 1}\n\ndata: [DONE]\n\n'
    assert run(data) == data


def test_what_is_held_leaves_before_the_end_of_its_choice() -> None:
    stream = sse([chunk(content=masked()[:9]), chunk(finish="stop")])
    answer = events(run(stream))
    assert answer[-1]["choices"][0]["finish_reason"] == "stop"
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in answer) == masked()[:9]


def test_a_cut_stream_gives_what_was_held_as_it_is() -> None:
    token = masked().split(" and ")[5]
    half = token[: len("<EMAIL>") + 3]
    data = f"data: {chunk(content='Dear ')}\n\ndata: {chunk(content=half)}\n\n".encode()
    assert content(run(data) + b"data: [DONE]\n\n") == f"Dear {half}"


def test_an_error_event_is_restored() -> None:
    data = f'data: {{"error": {{"message": {json.dumps(masked())}}}}}\n\ndata: [DONE]\n\n'.encode()
    assert events(run(data))[0]["error"]["message"] == TEXT


def test_a_stream_of_another_kind_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        opened().stream("application/x-ndjson")


def test_an_event_cut_short_is_left_out_and_so_is_half_a_token() -> None:
    half = masked().split(" and ")[5][:10]
    whole = f"data: {chunk(content='Dear ')}\n\ndata: {chunk(content=half)}\n\n".encode()
    answer = run(whole + b'data: {"choices": [{"del')
    assert answer.endswith(b"}\n\n")
    assert half.encode() not in answer
    assert content(answer + b"data: [DONE]\n\n") == "Dear "


def test_an_event_cut_short_that_says_nothing_passes() -> None:
    whole = f"data: {chunk(content=masked())}\n\n".encode()
    assert run(whole + b"data: [DO").endswith(b"}\n\ndata: [DO")
