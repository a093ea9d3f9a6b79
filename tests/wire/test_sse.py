"""Server-sent events: any cut gives the same events, and untouched events are the same bytes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.sse import MAX_EVENT_BYTES, Event, Events

# Streams made of the parts that matter, in any order, sensible or not.
parts = st.sampled_from(
    [
        b"data: x",
        b"data:y",
        b"data:  z",
        b"data",
        b"data:",
        b"database: no",
        b"data: caf\xc3\xa9",
        b"data: \xff",
        b"event: delta",
        b"id: 1",
        b"retry: 10",
        b": comment",
        b":",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\r\n\r\n",
        b"\r\n\n",
    ]
)
streams = st.lists(parts, max_size=12).map(b"".join)


def read(*pieces: bytes) -> list[Event]:
    events = Events()
    return [event for piece in pieces for event in events.feed(piece)] + events.flush()


def cut(stream: bytes, at: list[int]) -> list[bytes]:
    ends = [0, *sorted(n % (len(stream) + 1) for n in at), len(stream)]
    return [stream[a:b] for a, b in pairwise(ends)]


@given(streams, st.lists(st.integers(0), max_size=6))
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [10])
@example(b"data: a\r\r\n\rdata: b\r\n\r\n", [9])
def test_a_cut_changes_nothing(stream: bytes, at: list[int]) -> None:
    assert read(*cut(stream, at)) == read(stream)


@given(streams)
def test_byte_by_byte_is_the_same_as_whole(stream: bytes) -> None:
    assert read(*(stream[n : n + 1] for n in range(len(stream)))) == read(stream)


@given(streams)
def test_untouched_events_are_the_stream(stream: bytes) -> None:
    assert b"".join(event.raw for event in read(stream)) == stream


@given(streams)
def test_reads_what_the_sdk_reads(stream: bytes) -> None:
    text = stream.replace(b"\xff", b"?").decode()
    decoder = SSEDecoder()
    theirs = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines[:-1]:
        event = decoder.decode(line)
        if event is not None and event.data:
            theirs.append(event.data)
    ours = [event.data for event in read(text.encode()) if event.complete and event.data]
    assert ours == theirs


@given(streams, st.text(st.sampled_from('ab {}":é\n\ud800'), max_size=8))
def test_new_data_is_what_is_read_back(stream: bytes, data: str) -> None:
    for event in read(stream):
        if event.data is None:
            with pytest.raises(ValueError, match="without data|surrogate"):
                event.with_data(data)
        elif "\ud800" in data:
            with pytest.raises(ValueError, match="surrogate"):
                event.with_data(data)
        else:
            again = read(b": before\n\n", event.with_data(data))
            assert [e.data for e in again if e.data is not None] == [data]
            assert [e.complete for e in again if e.data is not None] == [event.complete]


@pytest.mark.parametrize(
    ("raw", "data", "new", "edited"),
    [
        (b"data: a\n\n", "a", "b", b"data: b\n\n"),
        (b"data:a\r\n\r\n", "a", "b", b"data:b\r\n\r\n"),
        (b"data: a\r\r", "a", "b", b"data: b\r\r"),
        (b"data:a\n\n", "a", " b", b"data:  b\n\n"),
        (b"data\n\n", "", "b", b"data:b\n\n"),
        (
            b": hi\nevent: e\ndata: a\nid: 7\n\n",
            "a",
            "b",
            b": hi\nevent: e\ndata: b\nid: 7\n\n",
        ),
        (b"data: a\ndata: b\r\n\n", "a\nb", "c", b"data: c\r\n\n"),
        (b"data: a\rdata: b\n\n", "a\nb", "", b"data: \n\n"),
        (b"data: a\r\n\r\n", "a", "b\nc", b"data: b\r\ndata: c\r\n\r\n"),
        (b"data: caf\xc3\xa9\n\n", "café", "thé", b"data: th\xc3\xa9\n\n"),
        (b"data: \xff\n\n", "\udcff", "x\udcff", b"data: x\xff\n\n"),
        (b"data: [DONE]\n\n", "[DONE]", "[DONE]", b"data: [DONE]\n\n"),
    ],
)
def test_new_data_keeps_the_rest_of_the_event(
    raw: bytes, data: str, new: str, edited: bytes
) -> None:
    (event,) = read(raw)
    assert event == Event(raw, data)
    assert event.with_data(new) == edited


@pytest.mark.parametrize("raw", [b"\n", b": ping\n\n", b"event: x\nid: 1\n\n", b"database: x\n\n"])
def test_an_event_may_have_no_data(raw: bytes) -> None:
    assert read(raw) == [Event(raw, None)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata: b", [Event(b"data: a\n\n", "a"), Event(b"data: b", "b", False)]),
        (b"data: a\n", [Event(b"data: a\n", "a", False)]),
        (b"data: a\r\n\r", [Event(b"data: a\r\n\r", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event(b"\xef\xbb\xbf", None), Event(b"data: a\n\n", "a")]),
        (b"\xef\xbb", [Event(b"\xef\xbb", None, False)]),
        (b"", []),
    ],
)
def test_starts_and_ends(stream: bytes, events: list[Event]) -> None:
    assert read(stream) == events


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_an_event_is_out_as_soon_as_its_last_byte_is_in(ending: bytes) -> None:
    events = Events()
    for _ in range(3):
        whole = b"data: a" + ending * 2
        assert events.feed(whole[:-1]) == []
        assert [event.raw for event in events.feed(whole[-1:])] == [whole]


def test_an_event_without_end_is_refused() -> None:
    events = Events()
    piece = b"data: " + b"x" * (MAX_EVENT_BYTES // 4)
    for _ in range(3):
        assert events.feed(piece) == []
    with pytest.raises(UnknownFormat, match="too long"):
        events.feed(piece)
    with pytest.raises(UnknownFormat, match="too long"):
        Events().feed(b"data: " + b"x" * MAX_EVENT_BYTES + b"\n\n")


def test_a_repr_and_an_error_show_no_text() -> None:
    (event,) = read(b"data: Ines Almeida\n\n")
    assert "Ines" not in repr(event)
    with pytest.raises(ValueError, match="surrogate") as caught:
        event.with_data("Ines \ud800")
    assert "Ines" not in repr(caught.value)
    assert caught.value.__context__ is None
