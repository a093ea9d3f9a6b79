"""The receipt: what happened to a call, in counts, and nothing of what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault, Policy, Receipt
from llm_guard_protecto.guard import Exchange, Guard, Outgoing, drive
from llm_guard_protecto.guard.receipt import Tally
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from tests.guard.material import MAP, PEOPLE, cut

PROMPT = "Sarah Johnson (sarah.johnson@example.com) meets John Doe, (555) 987-6543."
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"


@cache
def vault() -> LocalVault:
    return LocalVault("memory:", environ={})


def send(path: str = CHAT, policy: Policy | str | None = None, **body: Any) -> Exchange:
    asked = {"model": "m", "messages": [{"role": "user", "content": PROMPT}]} | body
    outgoing = Outgoing("POST", path, "application/json", json.dumps(asked).encode())
    return drive(Guard(policy).open(outgoing), vault())


def tokens(opened: Exchange) -> list[str]:
    return list(opened.tokens.forms)


def reply(opened: Exchange, *contents: str) -> Receipt:
    choices = [{"index": n, "message": {"content": c}} for n, c in enumerate(contents)]
    opened.reply("application/json", json.dumps({"choices": choices}).encode())
    return opened.receipt("whole")


def chunks(*pieces: str) -> Iterator[bytes]:
    for piece in pieces:
        delta = {"choices": [{"index": 0, "delta": {"content": piece}}]}
        yield b"data: " + json.dumps(delta).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def test_what_a_request_masks() -> None:
    opened = send()
    receipt = opened.receipt()
    assert receipt.outcome == "open"
    assert receipt.masked == {"EMAIL_ADDRESS": 1, "PERSON": 2, "PHONE_NUMBER": 1}
    assert (receipt.issued, receipt.never_used) == (4, 4)
    assert receipt.scanned == len(opened.body) + len(CHAT)
    assert receipt.mask_ms > 0
    assert receipt.restore_ms == 0


def test_what_a_reply_brings_back() -> None:
    opened = send()
    sarah, mail, john, _ = tokens(opened)
    bent = john.lower()
    link = f"https://tell.example/?of={mail}"
    receipt = reply(opened, f"{sarah} and {sarah} and {bent}, <PER>Xy7kQ</PER>, {link}")
    assert (receipt.restored, receipt.repaired) == (2, 1)
    assert (receipt.unknown, receipt.kept) == (1, 1)
    assert receipt.never_used == 2  # the number, and the address that stayed in the link
    assert receipt.restore_ms > 0


def test_several_texts_of_a_reply_add_up() -> None:
    opened = send()
    receipt = reply(opened, *tokens(opened), " ".join(tokens(opened)))
    assert (receipt.restored, receipt.never_used) == (8, 0)


def test_one_word_of_a_name_counts_as_its_use() -> None:
    opened = send(messages=[{"role": "user", "content": "I am Sarah Johnson, of Mary Meyer."}])
    surname = tokens(opened)[0].removesuffix("</PER>").split()[-1]
    receipt = reply(opened, f"Dear Ms {surname},")
    assert (receipt.issued, receipt.repaired, receipt.never_used) == (2, 1, 1)


def test_a_reply_that_is_no_json_counts() -> None:
    opened = send()
    opened.reply("text/plain", f"cannot: {tokens(opened)[0]}".encode())
    assert opened.receipt().restored == 1


@given(at=st.lists(st.integers(0, 200), max_size=12))
def test_a_stream_counts_what_a_whole_reply_counts(at: list[int]) -> None:
    opened, same = send(), send()
    said = " ".join([*tokens(opened), "<PER>Xy7kQ</PER>", tokens(opened)[0].upper()])
    whole = reply(opened, said)
    stream = same.stream("text/event-stream")
    for chunk in chunks(*cut(said, at)):
        stream.feed(chunk)
    stream.flush()
    streamed = same.receipt("whole")
    for name in ("issued", "restored", "repaired", "unknown", "kept", "never_used"):
        assert getattr(streamed, name) == getattr(whole, name), name
    assert streamed.restore_ms > 0


def test_a_stream_that_was_cut_counts_what_was_said() -> None:
    opened = send()
    stream = opened.stream("text/event-stream")
    stream.feed(next(chunks(f"{tokens(opened)[0]} is ")))
    assert opened.receipt("cut").restored == 1


def test_what_the_closing_events_repeat_counts_once() -> None:
    opened = send(RESPONSES, input=PROMPT, messages=None)
    sarah = tokens(opened)[0]
    text = f"{sarah} and {sarah}."
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
    events: list[dict[str, Any]] = [
        {"type": "response.output_text.delta", **at, "delta": text[:7]},
        {"type": "response.output_text.delta", **at, "delta": text[7:]},
        {"type": "response.output_text.done", **at, "text": text},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"id": "resp_1", "output": [item]}},
    ]
    stream = opened.stream("text/event-stream")
    for number, event in enumerate(events):
        said = json.dumps(event | {"sequence_number": number})
        stream.feed(f"event: {event['type']}\ndata: {said}\n\n".encode())
    stream.flush()
    assert opened.receipt("whole").restored == 2


@pytest.mark.parametrize("name", ["default", "strict", "minimal"])
def test_the_policy_is_named_with_its_version(name: str) -> None:
    receipt = send(policy=name).receipt()
    assert receipt.policy == name
    fingerprint = Policy.built_in(name).fingerprint
    assert fingerprint.startswith(receipt.policy_version)
    assert len(receipt.policy_version) == 12


def test_a_changed_policy_has_another_version() -> None:
    versions = {
        send(policy=Policy.parse({"name": "p", "allow": allow})).receipt().policy_version
        for allow in ([], ["Sarah Johnson"])
    }
    assert len(versions) == 2


def test_no_value_and_no_token_is_in_it() -> None:
    opened = send()
    receipt = reply(opened, " ".join(tokens(opened)))
    said = f"{receipt} {receipt!r} {receipt.as_json()} {receipt.as_dict()}"
    runs = [run for form in opened.tokens.forms.values() for run in form.runs]
    for word in ("Sarah", "Johnson", "example.com", "987-6543", *runs):
        assert word not in said
    assert json.loads(receipt.as_json()) == receipt.as_dict()
    assert receipt.as_json().isascii()
    assert "\n" not in f"{receipt}{receipt.as_json()}"


def test_it_does_not_change() -> None:
    opened = send()
    before = opened.receipt()
    with pytest.raises(FrozenInstanceError):
        before.restored = 3  # type: ignore[misc]
    reply(opened, *tokens(opened))
    assert before.restored == 0


def test_one_line_for_a_log() -> None:
    receipt = Receipt(
        "whole", "p", "0123", {"PERSON": 2}, 2, 3, 1, 0, 0, 1, 99, 1.25, 0.5, -3, "o200k_base"
    )
    assert str(receipt) == (
        "whole: masked 2 (PERSON 2), issued 2, restored 3, repaired 1, unknown 0, kept 0, "
        "never used 1; 99 bytes scanned; 1.2 + 0.5 ms; -3 prompt tokens; policy p 0123"
    )


def test_an_empty_tally_is_an_empty_receipt() -> None:
    empty = Tally().receipt(TokenMap(), "refused")
    assert (empty.masked, empty.issued, empty.never_used, empty.scanned) == ({}, 0, 0, 0)


def test_a_text_that_is_repeated_and_one_that_is_not() -> None:
    tally = Tally()
    said = PEOPLE.token_value
    first = tally.follow(Restorer(MAP))
    first.feed(said)
    first.flush()
    tally.ended(first)
    tally.whole(Restorer(MAP), said, repeats=True)
    assert tally.receipt(MAP).restored == first.counts.restored
    tally.whole(Restorer(MAP), said + ".", repeats=True)
    assert tally.receipt(MAP).restored == 2 * first.counts.restored
