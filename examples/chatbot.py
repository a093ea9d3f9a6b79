"""A chat in the terminal: `python examples/chatbot.py`, then write; an empty line ends it.

Talks to OpenAI when OPENAI_API_KEY is set, else to a provider in this process that repeats what
it understood, and then also shows what that provider saw. The history is kept in clear here and
masked anew on each turn: earlier texts come from a cache, so a long chat stays fast.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from llm_guard_protecto import LocalVault, protect
from llm_guard_protecto.testing import FakeProvider


def recall(messages: Sequence[Mapping[str, Any]]) -> str:
    """A model of few words: it repeats all it has been told so far."""
    told = [message["content"] for message in messages if message["role"] == "user"]
    return f"So far you told me: {' / '.join(told)}"


provider = None
if os.environ.get("OPENAI_API_KEY"):
    openai = OpenAI()
else:
    provider = FakeProvider(reply=recall)
    openai = OpenAI(api_key="none", http_client=provider.client())
client = protect(openai, LocalVault("memory:"))

history: list[ChatCompletionMessageParam] = [{"role": "system", "content": "Answer briefly."}]
while True:
    if sys.stdin.isatty():
        print("you> ", end="", flush=True)
    line = sys.stdin.readline().strip()
    if not line:
        break
    history.append({"role": "user", "content": line})
    said = ""
    print("bot> ", end="")
    for chunk in client.chat.completions.create(
        model="gpt-4.1-mini", messages=history, stream=True
    ):
        piece = chunk.choices[0].delta.content if chunk.choices else None
        print(piece or "", end="", flush=True)
        said += piece or ""
    print()
    history.append({"role": "assistant", "content": said})
    if provider:
        print(
            "     (the provider saw:", provider.requests[-1].json()["messages"][-1]["content"] + ")"
        )
