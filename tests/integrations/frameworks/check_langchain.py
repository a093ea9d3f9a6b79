"""LangChain, in an environment that has it: what the model's server received, what came back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.messages import AIMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from llm_guard_protecto import LocalVault, UnknownFormat
from llm_guard_protecto.documents import EVERYTHING, NOTHING, Splitter
from llm_guard_protecto.integrations.langchain import (
    MaskedRetriever,
    MaskingTransformer,
    chat_clients,
)
from llm_guard_protecto.integrations.langchain_agents import PrivacyMiddleware
from tests.integrations.frameworks.shared import Served

ASKED = "I am Sarah Johnson, card 4111 1111 1111 1111."


def test_a_chat_model_is_guarded_plain_streamed_and_awaited(
    served: Served, vault: LocalVault
) -> None:
    model = ChatOpenAI(model="any", **chat_clients(vault))
    assert model.invoke(ASKED).content == ASKED
    assert "".join(str(piece.content) for piece in model.stream(ASKED)) == ASKED
    assert asyncio.run(model.ainvoke(ASKED)).content == ASKED
    served.check()


def test_tools_of_a_chat_model_get_values(served: Served, vault: LocalVault) -> None:
    def reply(messages: Any) -> Any:
        name = messages[-1]["content"].split("am ")[1].split(",")[0]
        call = {"name": "greet", "arguments": json.dumps({"who": name})}
        return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}

    served.provider.reply = reply
    tool = {"name": "greet", "description": "Greet.", "parameters": {"type": "object"}}
    model = ChatOpenAI(model="any", **chat_clients(vault)).bind_tools([tool])
    said = model.invoke(ASKED)
    assert said.tool_calls[0]["args"] == {"who": "Sarah Johnson"}
    pieces = list(model.stream(ASKED))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    assert whole.tool_calls[0]["args"] == {"who": "Sarah Johnson"}
    served.check()


NOTES = [
    Document("The boiler was reported by Thomas Okafor.", metadata={"by": "Okafor"}, id="1"),
    Document("The lift was reported by Ada Lindqvist.", metadata={"page": 3}, id="2"),
]


def test_documents_are_masked_and_found_and_shown(served: Served, vault: LocalVault) -> None:
    transformer = MaskingTransformer(vault)
    masked = transformer.transform_documents(NOTES)
    assert [one.id for one in masked] == ["1", "2"]
    assert "Okafor" not in repr(masked)
    assert asyncio.run(transformer.atransform_documents(NOTES)) == masked
    assert NOTES[0].metadata == {"by": "Okafor"}
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=32))
    store.add_documents(masked)
    retriever = MaskedRetriever(inner=store.as_retriever(), vault=vault, reader=EVERYTHING)
    found = retriever.invoke("the boiler")
    assert sorted((one.page_content, one.id) for one in found) == sorted(
        (one.page_content, one.id) for one in NOTES
    )
    assert asyncio.run(retriever.ainvoke("the boiler")) == found
    blind = MaskedRetriever(inner=store.as_retriever(), vault=vault, reader=NOTHING)
    assert "Okafor" not in repr(blind.invoke("the boiler"))
    assert "memory" in repr(vault)


def test_documents_are_split_and_no_token_is_cut(served: Served, vault: LocalVault) -> None:
    long = Document("Thomas Okafor and Ada Lindqvist met. " * 9, metadata={"page": 3}, id="7")
    parts = MaskingTransformer(vault, splitter=Splitter(30)).transform_documents([long])
    assert len(parts) > 3
    assert [one.id for one in parts[:2]] == ["7-1", "7-2"]
    for one in parts:
        assert one.metadata == {"page": 3}
        assert one.page_content.count("<PER>") == one.page_content.count("</PER>")
    whole = "".join(one.page_content for one in parts)
    assert vault.unmask([whole])[0].value == long.page_content


def test_an_embedding_service_sees_no_question(served: Served, vault: LocalVault) -> None:
    embeddings = OpenAIEmbeddings(
        model="any", check_embedding_ctx_length=False, **chat_clients(vault)
    )
    with pytest.raises(Exception, match="404"):  # this provider has no embeddings
        embeddings.embed_query("What did Thomas Okafor report?")
    served.check()


def letter(messages: Any) -> Any:
    """Calls the tool with the name it was told, then says what the tool said."""
    last = messages[-1]
    if last["role"] == "tool":
        return f"Done: {last['content']}"
    name = last["content"].split("to ")[1].split(" that")[0]
    call = {"name": "send", "arguments": json.dumps({"to": name})}
    return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}


def test_an_agent_works_with_values_and_its_model_with_tokens(
    served: Served, vault: LocalVault
) -> None:
    served.provider.reply = letter
    sent: list[str] = []

    def send(to: str) -> str:
        """Send a letter."""
        sent.append(to)
        return f"The letter to {to} is on its way, t.okafor@mail.example has a copy."

    agent = create_agent(
        ChatOpenAI(model="any"),
        [send],
        system_prompt="You write for Ada Lindqvist.",
        middleware=[PrivacyMiddleware(vault)],
    )
    asked = {"messages": [{"role": "user", "content": "Write to Sarah Johnson that it is done."}]}
    said = "Done: The letter to Sarah Johnson is on its way, t.okafor@mail.example has a copy."
    assert agent.invoke(asked)["messages"][-1].text == said
    assert asyncio.run(agent.ainvoke(asked))["messages"][-1].text == said
    assert sent == ["Sarah Johnson"] * 2
    served.check()


class Person(BaseModel):
    """Somebody."""

    name: str
    role: str


@dataclass
class Somebody:
    """Somebody."""

    name: str
    role: str


@pytest.mark.parametrize("kind", [Person, Somebody])
def test_a_structured_answer_has_values(served: Served, vault: LocalVault, kind: Any) -> None:
    def reply(messages: Any) -> Any:
        name = messages[-1]["content"].split("am ")[1].split(",")[0]
        call = {"name": kind.__name__, "arguments": json.dumps({"name": name, "role": "guest"})}
        return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}

    served.provider.reply = reply
    agent = create_agent(
        ChatOpenAI(model="any"),
        [],
        response_format=ToolStrategy(kind),
        middleware=[PrivacyMiddleware(vault)],
    )
    state = agent.invoke({"messages": [{"role": "user", "content": ASKED}]})
    assert state["structured_response"] == kind(name="Sarah Johnson", role="guest")
    served.check()


def test_every_place_of_a_message_is_masked(served: Served, vault: LocalVault) -> None:
    blocks = [
        {"type": "text", "text": ASKED},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    call = {"name": "find", "args": {"who": "Sarah Johnson"}, "id": "call_1"}
    history = [
        SystemMessage("Sarah Johnson is a guest."),
        HumanMessage(blocks, name="Sarah_Johnson"),
        AIMessage("I look for Sarah Johnson.", tool_calls=[call]),
        ToolMessage("Sarah Johnson: room 3", tool_call_id="call_1", artifact="Sarah"),
        HumanMessage("data: Sarah Johnson;base64,AAAA"),
        ToolMessage(
            [{"type": "text", "text": "x", "status": "Sarah Johnson left", "id": "by Okafor"}],
            tool_call_id="call_1",
        ),
        HumanMessage("Who is in room 3?"),
    ]
    agent = create_agent(ChatOpenAI(model="any"), [], middleware=[PrivacyMiddleware(vault)])
    agent.invoke({"messages": history})
    served.check()
    body = served.provider.requests[-1].json()
    assert body["messages"][2]["tool_calls"][0]["id"] == "call_1"
    assert "base64,AAAA" in json.dumps(body)


def test_what_is_not_known_is_not_sent(served: Served, vault: LocalVault) -> None:
    agent = create_agent(ChatOpenAI(model="any"), [], middleware=[PrivacyMiddleware(vault)])
    with pytest.raises(UnknownFormat, match="'chat'"):
        agent.invoke({"messages": [ChatMessage("I am Sarah Johnson", role="user")]})
    assert not served.provider.requests
