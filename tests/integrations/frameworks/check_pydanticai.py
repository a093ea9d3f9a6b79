"""pydantic-ai, in an environment that has it: what the model's server received, what came back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from llm_guard_protecto import LocalVault, protect
from tests.integrations.frameworks.shared import Served

ASKED = "I am Sarah Johnson, card 4111 1111 1111 1111."


def model(vault: LocalVault) -> OpenAIChatModel:
    client = protect(AsyncOpenAI(), vault)
    return OpenAIChatModel("any", provider=OpenAIProvider(openai_client=client))


def test_an_agent_is_guarded_plain_and_streamed(served: Served, vault: LocalVault) -> None:
    agent = Agent(model(vault), system_prompt="You work for Ada Lindqvist.")
    assert agent.run_sync(ASKED).output == ASKED

    async def run() -> str:
        async with agent.run_stream(ASKED) as stream:
            pieces = [piece async for piece in stream.stream_text(delta=True)]
        return "".join(pieces)

    assert asyncio.run(run()) == ASKED
    served.check()


def test_tools_get_values_and_history_is_masked(served: Served, vault: LocalVault) -> None:
    def reply(messages: Any) -> Any:
        last = messages[-1]
        if last["role"] == "tool":
            return f"Done: {last['content']}"
        name = last["content"].split("am ")[1].split(",")[0]
        call = {"name": "greet", "arguments": json.dumps({"who": name})}
        return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}

    served.provider.reply = reply
    greeted: list[str] = []

    def greet(who: str) -> str:
        """Greet somebody."""
        greeted.append(who)
        return f"{who} was greeted, t.okafor@mail.example has a copy."

    agent = Agent(model(vault), tools=[greet])
    first = agent.run_sync(ASKED)
    assert first.output == "Done: Sarah Johnson was greeted, t.okafor@mail.example has a copy."
    assert greeted == ["Sarah Johnson"]
    agent.run_sync("Again: I am Ada Lindqvist, hello.", message_history=first.all_messages())
    assert greeted == ["Sarah Johnson", "Ada Lindqvist"]
    served.check()


class Person(BaseModel):
    """Somebody in a text."""

    name: str


def test_a_typed_answer_has_values(served: Served, vault: LocalVault) -> None:
    def reply(messages: Any) -> Any:
        name = messages[-1]["content"].split("am ")[1].split(",")[0]
        call = {"name": "final_result", "arguments": json.dumps({"name": name})}
        return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}

    served.provider.reply = reply
    agent = Agent(model(vault), output_type=Person)
    assert agent.run_sync(ASKED).output == Person(name="Sarah Johnson")
    served.check()
