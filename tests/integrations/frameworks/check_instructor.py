"""instructor, in an environment that has it: what the model's server received, what came back."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import instructor
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from llm_guard_protecto import LocalVault, protect
from tests.integrations.frameworks.shared import Served

ASKED = [{"role": "user", "content": "Who is it? Sarah Johnson, s.johnson@mail.example, wrote."}]


class Person(BaseModel):
    """Somebody in a text."""

    name: str
    mail: str


def answer(messages: Any) -> Any:
    """What a model would make of it: the first name and address that it can see."""
    text = messages[0]["content"] + messages[-1]["content"]
    name, mail = (re.search(f"<{tag}>.*?</{tag}>", text) for tag in ("PER", "EMAIL"))
    return {"name": name and name[0], "mail": mail and mail[0]}


def tool(messages: Any) -> Any:
    call = {"name": "Person", "arguments": json.dumps(answer(messages))}
    return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}


MODES = {
    instructor.Mode.TOOLS: tool,
    instructor.Mode.JSON: lambda messages: json.dumps(answer(messages)),
    instructor.Mode.MD_JSON: lambda messages: f"```json\n{json.dumps(answer(messages))}\n```",
}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_a_typed_answer_has_values(
    served: Served, vault: LocalVault, mode: instructor.Mode
) -> None:
    served.provider.reply = MODES[mode]
    asked: Any = {"model": "any", "response_model": Person, "messages": ASKED}
    wanted = {"name": "Sarah Johnson", "mail": "s.johnson@mail.example"}
    client = instructor.from_openai(protect(OpenAI(), vault), mode=mode)
    assert client.chat.completions.create(**asked).model_dump() == wanted
    awaited = instructor.from_openai(protect(AsyncOpenAI(), vault), mode=mode)
    said = asyncio.run(awaited.chat.completions.create(**asked))
    assert said.model_dump() == wanted
    served.check()


def test_a_typed_answer_grows_as_it_is_streamed(served: Served, vault: LocalVault) -> None:
    served.provider.reply = tool
    client = instructor.from_openai(protect(OpenAI(), vault))
    parts = list(
        client.chat.completions.create_partial(model="any", response_model=Person, messages=ASKED)
    )
    assert (parts[-1].name, parts[-1].mail) == ("Sarah Johnson", "s.johnson@mail.example")
    assert all("<PER>" not in (one.name or "") for one in parts)
    served.check()


def test_a_retry_after_a_wrong_answer_is_masked_too(served: Served, vault: LocalVault) -> None:
    class Strict(Person):
        """Somebody whose mail is lower case."""

        age: int

    def reply(messages: Any) -> Any:
        said = answer(messages) | ({"age": 30} if len(messages) > 1 else {})
        call = {"name": "Strict", "arguments": json.dumps(said)}
        return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}

    served.provider.reply = reply
    client = instructor.from_openai(protect(OpenAI(), vault))
    person = client.chat.completions.create(
        model="any", response_model=Strict, messages=ASKED, max_retries=2
    )
    assert person.age == 30
    assert len(served.provider.requests) == 2
    served.check()
