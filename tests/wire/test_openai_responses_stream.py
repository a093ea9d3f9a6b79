"""Streamed responses: however they are cut, the pieces say what the full copies say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.guard.exchange import Exchange, Guard, Outgoing
from llm_guard_protecto.guard.flow import drive
from llm_guard_protecto.guard.stream import MOST_WAITING
from tests.clients.bench import NAME, PROMPT, QUOTED, VALUES
from tests.clients.responses_bench import Event, numbered, response, speaking
from tests.clients.tiny_vault import TinyVault

MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@cache
def opened() -> Exchange:
    body = json.dumps({"model": "m", "input": [{"role": "user", "content": PROMPT}]}).encode()
    request = Outgoing("POST", "/v1/responses", "application/json", body)
    return drive(Guard().open(request), TinyVault(*VALUES))


def masked(text: str = PROMPT) -> str:
    """What the provider sees of `text`."""
    return TinyVault(*VALUES).mask([text])[0].token_value


def sse(events: Iterable[Event], end: str = "\n") -> bytes:
    return "".join(
        f"event: {event['type']}{end}data: {json.dumps(event, ensure_ascii=False)}{end}{end}"
        for event in events
    ).encode()


def cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    places = sorted({n % (len(data) + 1) for n in at})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def restored(data: bytes, cuts: Sequence[int] = ()) -> bytes:
    stream = opened().stream("text/event-stream")
    return b"".join([*(stream.feed(piece) for piece in cut(data, cuts)), stream.flush()])


def events(data: bytes) -> list[Event]:
    lines = data.decode().replace("\r\n", "\n").split("\n")
    found = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    named = [line[7:] for line in lines if line.startswith("event: ")]
    assert named == [event["type"] for event in found]
    return found


def seen(given_events: Sequence[Event]) -> list[Event]:
    return events(restored(sse(given_events)))


def said(found: Iterable[Event], **where: Any) -> str:
    return "".join(
        event["delta"]
        for event in found
        if isinstance(event.get("delta"), str)
        if all(event.get(name) == value for name, value in where.items())
    )


@MANY
@given(CUTS, st.sampled_from(["\n", "\r\n"]))
def test_any_cut_of_the_bytes_gives_the_same_events(cuts: list[int], end: str) -> None:
    data = sse(speaking(masked()), end)
    assert restored(data, cuts) == restored(data)


def cut_text(text: str, at: Sequence[int]) -> list[str]:
    places = sorted({n % (len(text) + 1) for n in at})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@MANY
@given(st.lists(st.sampled_from([*VALUES, "and", "Ü", "<", "</PER", "\n", "{"]), max_size=6), CUTS)
def test_any_cut_of_the_text_says_what_the_copies_say(parts: list[str], cuts: list[int]) -> None:
    """No event more, no event less, each with its number, and nothing left over."""
    text = " ".join(parts)
    pieces = cut_text(masked(text), cuts)
    whole = speaking(masked(text))
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    deltas = [{"type": "response.output_text.delta", "delta": p} | where for p in pieces]
    others = [e for e in whole if "delta" not in e]
    sent = numbered([*others[:4], *deltas, *others[4:]])
    found = seen(sent)
    assert [e["sequence_number"] for e in found] == [e["sequence_number"] for e in sent]
    assert [e["type"] for e in found] == [e["type"] for e in sent]
    assert said(found) == text
    assert found[-4]["text"] == found[-3]["part"]["text"] == text
    assert found[-2]["item"]["content"][0]["text"] == text
    assert found[-1]["response"]["output"][0]["content"][0]["text"] == text


DONE = {
    "response.output_text": ("text", {"content_index": 0}),
    "response.refusal": ("refusal", {"content_index": 0}),
    "response.reasoning_text": ("text", {"content_index": 0}),
    "response.reasoning_summary_text": ("text", {"summary_index": 0}),
    "response.custom_tool_call_input": ("input", {}),
    "response.code_interpreter_call_code": ("code", {}),
    "response.shell_call_command": ("command", {"command_index": 0}),
    "response.audio.transcript": ("transcript", {}),
    "response.a_text_of_tomorrow": ("text", {}),
}


@pytest.mark.parametrize("text", DONE)
@pytest.mark.parametrize("step", [1, 4, 1000])
def test_every_text_is_restored_and_ended(text: str, step: int) -> None:
    """It ends in what could begin a token, so that something is held to the end."""
    clear = f"{QUOTED} for {NAME} <"
    prompt = masked(clear)
    field, where = DONE[text]
    where = {"output_index": 1, **where}
    deltas = [
        {"type": f"{text}.delta", "delta": prompt[at : at + step], **where}
        for at in range(0, len(prompt), step)
    ]
    found = seen(numbered([*deltas, {"type": f"{text}.done", field: prompt, **where}]))
    assert said(found) == found[-1][field] == clear
    assert [e["sequence_number"] for e in found] == list(range(len(deltas) + 1))


@pytest.mark.parametrize("text", ["function_call_arguments", "mcp_call_arguments"])
@pytest.mark.parametrize("step", [1, 4, 1000])
def test_arguments_stay_json(text: str, step: int) -> None:
    arguments = json.dumps({"to": masked(QUOTED), "n": [masked(NAME)]})
    where = {"type": f"response.{text}.delta", "output_index": 0}
    deltas = [where | {"delta": arguments[at : at + step]} for at in range(0, len(arguments), step)]
    found = seen(
        numbered(
            [*deltas, {"type": f"response.{text}.done", "arguments": arguments, "output_index": 0}]
        )
    )
    assert said(found) == found[-1]["arguments"]
    assert json.loads(said(found)) == {"to": QUOTED, "n": [NAME]}


def shell_events(step: int) -> list[Event]:
    where = {"output_index": 0, "command_index": 0, "item_id": "sh_1"}
    texts = {"stdout": masked(NAME), "stderr": masked(QUOTED)}
    deltas: list[Event] = [
        {
            "type": "response.shell_call_output_content.delta",
            "delta": {name: text[at : at + step] for name, text in texts.items()},
        }
        | where
        for at in range(0, max(map(len, texts.values())), step)
    ]
    done = {"type": "response.shell_call_output_content.done", "output": [texts]}
    return numbered([*deltas, done | where])


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_a_shell_says_two_texts_at_once(step: int) -> None:
    found = seen(shell_events(step))
    deltas = [event["delta"] for event in found[:-1]]
    assert "".join(d["stdout"] for d in deltas) == found[-1]["output"][0]["stdout"] == NAME
    assert "".join(d["stderr"] for d in deltas) == found[-1]["output"][0]["stderr"] == QUOTED


@MANY
@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.integers(1, 9))
def test_texts_that_take_turns(turns: list[int], step: int) -> None:
    """Three items at once, in any order: each is its own text, and the numbers stay."""
    texts = [masked(NAME), masked(QUOTED), masked(PROMPT)]
    at = [0, 0, 0]
    sent: list[Event] = []
    for turn in [*turns, *[0, 1, 2] * 200]:
        piece = texts[turn][at[turn] : at[turn] + step]
        at[turn] += step
        if piece:
            where = {"type": "response.output_text.delta", "output_index": turn}
            sent.append(where | {"content_index": 0, "delta": piece})
    sent = numbered([*sent, {"type": "response.completed", "response": response()}])
    found = seen(sent)
    assert [said(found, output_index=n) for n in range(3)] == [NAME, QUOTED, PROMPT]
    numbers = [event["sequence_number"] for event in found]
    assert sorted(set(numbers)) == list(range(len(sent)))


def test_a_text_that_pauses_does_not_stop_the_others() -> None:
    """What waits too long goes ahead; the rest of it comes later, under the same number."""
    name = f"{masked(NAME)} <PE"
    where = {"type": "response.output_text.delta", "content_index": 0}
    sent = [where | {"output_index": 0, "delta": name}]
    sent += [where | {"output_index": 1, "delta": "."} for _ in range(2 * MOST_WAITING)]
    stream = opened().stream("text/event-stream")
    early = events(stream.feed(sse(numbered(sent))))
    assert len(early) == len(sent)
    done = {"type": "response.output_item.done", "output_index": 0, "sequence_number": 99}
    late = events(stream.feed(sse([done])))
    assert said([*early, *late], output_index=0) == f"{NAME} <PE"
    assert [event["sequence_number"] for event in late] == [0, 99]


def test_events_without_numbers_get_an_event_more() -> None:
    """As another server of this API may send them."""
    sent = [
        {name: value for name, value in event.items() if name != "sequence_number"}
        for event in speaking(f"{masked(NAME)} <")
    ]
    found = seen(sent)
    assert said(found) == f"{NAME} <"
    assert len(found) == len(sent) + 1
    assert found[-1]["response"]["output"][0]["content"][0]["text"] == f"{NAME} <"


@pytest.mark.parametrize("gone", [1, 2, 3, 4])
def test_any_event_that_ends_a_text_will_do(gone: int) -> None:
    """Servers leave out one or another of the full copies, and a stream may just end."""
    sent = speaking(f"{masked(NAME)} <")
    left = [*sent[:-4], *sent[-4 + gone :]] if gone < 4 else sent[:-4]
    assert said(seen(left)) == f"{NAME} <"


def test_nothing_is_held_where_nothing_begins() -> None:
    """An event leaves at once, unless its text ends in what may be a token."""
    stream = opened().stream("text/event-stream")
    where = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0}
    for number, word in enumerate(["Dear ", "all, ", "good ", "day. "]):
        one = sse([where | {"delta": word, "sequence_number": number}])
        assert stream.feed(one) == one
    assert stream.feed(b": keep-alive\n\n") == b": keep-alive\n\n"
    held = sse([where | {"delta": f"So {masked(NAME)[:9]}", "sequence_number": 4}])
    assert stream.feed(held) == b""
    assert stream.feed(b": keep-alive\n\n") == b": keep-alive\n\n"
    assert stream.flush() != b""


@MANY
@given(CUTS)
def test_bytes_that_say_nothing_masked_stay(cuts: list[int]) -> None:
    data = sse(speaking("Nothing here, é \U0001f600.")) + b": bye\n\ndata: [DONE]\n\n"
    assert restored(data, cuts) == data


def cited(prefix: str, step: int) -> list[Event]:
    """A citation of `at {QUOTED}.` whose end is the end of a token."""
    text = masked(f"{prefix}{PROMPT}")
    start, end = text.index("at <PER>"), len(text) - 1
    link = {"type": "url_citation", "url": "u", "title": masked(NAME)}
    return speaking(text, link | {"start_index": start, "end_index": end})


@pytest.mark.parametrize("prefix", ["", "Zoë \U0001f600: ", f"{NAME}, {NAME}: "])
def test_positions_fit_the_restored_text(prefix: str) -> None:
    found = seen(cited(prefix, 3))
    text = f"{prefix}{PROMPT}"
    assert said(found) == text
    copies = [
        found[-5]["annotation"],
        found[-3]["part"]["annotations"][0],
        found[-2]["item"]["content"][0]["annotations"][0],
        found[-1]["response"]["output"][0]["content"][0]["annotations"][0],
    ]
    for copy in copies:
        assert text[copy["start_index"] : copy["end_index"]] == f"at {QUOTED}"
        assert copy["title"] == NAME


def test_a_position_after_the_text_has_ended_is_moved_too() -> None:
    *start, note, done, part, item, over = cited("", 3)
    found = seen([*start, done, note, part, item, over])
    assert found[-4]["annotation"] == found[-3]["part"]["annotations"][0]
