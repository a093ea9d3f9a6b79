"""A streamed message: however the bytes are cut, the program puts together the same message."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.wire.sse import Events
from tests.guard import streams
from tests.texts import VALUES

TEXT = " and ".join(VALUES[:4])
MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


opened = partial(streams.opened, "messages", TEXT)
masked = partial(streams.masked, "messages", TEXT)


Block = tuple[dict[str, Any], list[dict[str, Any]]]
"""How a block is opened, and the deltas that follow."""


def pieces(kind: str, name: str, text: str, size: int) -> list[dict[str, Any]]:
    return [{"type": kind, name: text[at : at + size]} for at in range(0, len(text), size)]


def message(size: int) -> list[Block]:
    """Every kind of block, cut into deltas of this size; texts end in half a wrapper."""
    said = masked()
    arguments = json.dumps({"to": said, "more": [said]}, ensure_ascii=size % 2 == 0)
    thinking = pieces("thinking_delta", "thinking", f"I think {said} <PER", size)
    signature = {"type": "signature_delta", "signature": "PFBFUj4=<PER>"}
    cited = {"type": "char_location", "cited_text": said, "document_title": None}
    return [
        ({"type": "thinking", "thinking": "", "signature": ""}, [*thinking, signature]),
        (
            {"type": "text", "text": ""},
            [
                *pieces("text_delta", "text", f"{said} <PER", size),
                {"type": "citations_delta", "citation": cited},
            ],
        ),
        (
            {"type": "tool_use", "id": "toolu_1", "name": "write", "input": {}},
            pieces("input_json_delta", "partial_json", arguments, size),
        ),
        (
            {"type": "tool_use", "id": "toolu_2", "name": "write", "input": {}},
            pieces("input_json_delta", "partial_json", arguments, size + 1),
        ),
        ({"type": "redacted_thinking", "data": "PFBFUj4="}, []),
    ]


def events(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [{"type": "message_start", "message": {"content": []}}]
    for index, (opening, deltas) in enumerate(blocks):
        told.append({"type": "content_block_start", "index": index, "content_block": opening})
        told += [{"type": "content_block_delta", "index": index, "delta": one} for one in deltas]
        told.append({"type": "content_block_stop", "index": index})
    told.append({"type": "message_delta", "delta": {"stop_sequence": masked()}})
    return [*told, {"type": "message_stop"}]


def sse(told: Iterable[dict[str, Any]], end: str = "\n") -> bytes:
    return b"".join(
        f"event: {one['type']}{end}data: {json.dumps(one, ensure_ascii=False)}{end}{end}".encode()
        for one in told
    )


def run(data: bytes, cuts: Iterable[int] = ()) -> bytes:
    stream = opened().stream("text/event-stream; charset=utf-8")
    at = 0
    parts: list[bytes] = []
    for cut in (*sorted(set(cuts)), len(data)):
        parts.append(stream.feed(data[at:cut]))
        at = cut
    return b"".join([*parts, stream.flush()])


def put_together(data: bytes) -> list[dict[str, Any]]:
    """The blocks, as an SDK puts them together; and each event under its own name."""
    blocks: list[dict[str, Any]] = []
    ended: set[int] = set()
    for one in Events().feed(data):
        said = json.loads(one.data or "{}")
        assert f"event: {said['type']}".encode() in one.raw.splitlines()
        if said["type"] == "content_block_start":
            assert said["index"] == len(blocks)
            blocks.append(dict(said["content_block"]) | {"json": ""})
        elif said["type"] == "content_block_stop":
            ended.add(said["index"])
        elif said["type"] == "content_block_delta":
            assert said["index"] not in ended
            block, delta = blocks[said["index"]], said["delta"]
            if delta["type"] == "thinking_delta":
                assert block["signature"] == ""
            for name in ("text", "thinking", "signature"):
                block[name] = block.get(name, "") + delta.get(name, "")
            block["json"] += delta.get("partial_json", "")
            block["cited"] = delta.get("citation") or block.get("cited")
    assert ended == set(range(len(blocks)))
    return blocks


def check(data: bytes) -> None:
    thinking, text, first, second, redacted = put_together(data)
    assert thinking["thinking"] == f"I think {TEXT} <PER"
    assert thinking["signature"] == "PFBFUj4=<PER>"
    assert text["text"] == f"{TEXT} <PER"
    assert text["cited"]["cited_text"] == TEXT
    for called in (first, second):
        assert json.loads(called["json"]) == {"to": TEXT, "more": [TEXT]}
    assert redacted["data"] == "PFBFUj4="


@MANY
@given(st.integers(1, 40), st.lists(st.integers(0, 60000), max_size=12), st.sampled_from("\n\r"))
def test_cutting_the_bytes_changes_nothing(size: int, cuts: list[int], line: str) -> None:
    data = sse(events(message(size)), line)
    check(run(data, [cut % len(data) for cut in cuts]))


def test_every_byte_alone() -> None:
    data = sse(events(message(7)), "\r\n")
    out = run(data, range(1, len(data)))
    check(out)
    assert out == run(data)


@MANY
@given(st.integers(0, 10**6))
def test_a_cut_stream_shows_no_half_token(where: int) -> None:
    """What is shown before a cut is the beginning of what would have been shown."""
    data = sse(events([message(5)[1]]))
    cut = where % len(data)
    stream = opened().stream("text/event-stream")
    shown = ""
    for one in Events().feed(stream.feed(data[:cut])):
        delta = json.loads(one.data or "{}").get("delta", {})
        shown += delta.get("text", "")
    assert f"{TEXT} <PER".startswith(shown)


def test_a_token_that_was_masked_once_is_the_same_whole_and_in_pieces() -> None:
    whole = {"content": [{"type": "text", "text": masked()}]}
    reply = opened().reply("application/json", json.dumps(whole).encode())
    assert json.loads(reply)["content"][0]["text"] == TEXT == restore(masked(), opened().tokens)
