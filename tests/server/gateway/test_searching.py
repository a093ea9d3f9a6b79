"""`replies = "mask"`: the caller's own values come back, the provider's own do not come through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from llm_guard_protecto.testing import FakeProvider
from tests.server.gateway.served import Served, gateway
from tests.server.gateway.test_gateway import ASKED, TEXT, anthropic, openai

OWN = ("Wilhelmina", "Berger", "wilhelmina@example.org", "715-555-0130", "5105 1051")
SAID = (
    "You wrote: {0} Instead ask Wilhelmina Berger, wilhelmina@example.org or 715-555-0130, "
    "whose card is 5105 1051 0510 5100. "
)
FILLER = "The parcel came back twice because nobody opened the door at all. " * 9


def reply(messages: Any) -> Any:
    said = messages[-1]["content"]
    text = said if isinstance(said, str) else said[0]["text"]
    return SAID.format(text) + FILLER + SAID.format(text)


def right(said: str | None) -> None:
    assert said is not None
    assert said.count(TEXT) == 2
    assert said.count(FILLER) == 1
    assert not any(value in said for value in OWN)
    assert "<PER>" in said


@pytest.fixture(scope="module", params=[3, 5000])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    with gateway(FakeProvider(reply, piece=request.param), replies="mask") as one:
        yield one


def test_a_whole_answer(served: Served) -> None:
    with openai(served) as client:
        right(client.chat.completions.create(**ASKED).choices[0].message.content)


def test_a_stream(served: Served) -> None:
    with openai(served) as client:
        stream = client.chat.completions.create(**ASKED, stream=True)
        right("".join(one.choices[0].delta.content or "" for one in stream if one.choices))


def test_numbered_events(served: Served) -> None:
    with (
        openai(served) as client,
        client.responses.stream(model="gpt", input=TEXT) as events,
    ):
        pieces = "".join(one.delta for one in events if one.type == "response.output_text.delta")
        right(pieces)
        right(events.get_final_response().output_text)


def test_anthropics_messages(served: Served) -> None:
    asked: Any = {"model": "claude", "max_tokens": 500, "messages": ASKED["messages"]}
    with anthropic(served) as client, client.messages.stream(**asked) as pieces:
        right("".join(pieces.text_stream))


def test_the_arguments_of_a_tool() -> None:
    def called(messages: Any) -> Any:
        arguments = json.dumps({"note": SAID.format(messages[-1]["content"])})
        function = {"name": "send", "arguments": arguments}
        return {
            "content": None,
            "tool_calls": [{"id": "1", "type": "function", "function": function}],
        }

    tool: Any = {"type": "function", "function": {"name": "send", "parameters": {}}}
    with gateway(FakeProvider(called, piece=3), replies="mask") as served, openai(served) as client:
        for stream in (False, True):
            if stream:
                with client.chat.completions.stream(**ASKED, tools=[tool]) as events:
                    message: Any = events.get_final_completion().choices[0].message
            else:
                whole = client.chat.completions.create(**ASKED, tools=[tool])
                message = whole.choices[0].message
            note = json.loads(message.tool_calls[0].function.arguments)["note"]
            assert TEXT in note
            assert not any(value in note for value in OWN)
