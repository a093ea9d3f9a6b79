"""Reading ahead: what the model said is searched while the user reads it, and changes no answer."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from collections.abc import Sequence
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import Item, LocalVault, Masked, Policy, Unmasked, protect
from llm_guard_protecto.clients.ahead import MOST, Ahead
from llm_guard_protecto.detect.find import find
from llm_guard_protecto.guard.exchange import Exchange
from llm_guard_protecto.guard.restore import LONGEST_SAID
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Span
from llm_guard_protecto.testing import FakeProvider
from llm_guard_protecto.vault import PolicyChoice
from llm_guard_protecto.wire.openai_chat import CHAT
from tests.texts import VALUES, texts

NAME = "Sarah Johnson"
ASKED: Any = [{"role": "user", "content": f"I am {NAME}."}]
SECONDS = 30.0


class Reading:
    """A local vault that says what it was asked to read ahead; fails if it is told to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.vault = LocalVault("memory:", environ={})
        self.read: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()
        self.fails = fails

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
        return self.vault.mask(texts, policy)

    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[Unmasked]:
        return self.vault.unmask(texts, policy)

    def read_ahead(self, texts: Sequence[str], policy: PolicyChoice = None) -> None:
        self.read.put(texts)
        if self.fails:
            raise OSError("gone")
        self.vault.read_ahead(texts, policy)

    def next(self) -> Sequence[str]:
        return self.read.get(timeout=SECONDS)


def client(vault: Any, kind: type = openai.OpenAI) -> Any:
    provider = FakeProvider()
    http: Any = provider.async_client() if kind.__name__.startswith("Async") else provider.client()
    return protect(kind(api_key="none", http_client=http, max_retries=0), vault)


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_is_read_as_it_was_restored(stream: bool) -> None:
    vault = Reading()
    with client(vault) as guarded:
        reply = guarded.chat.completions.create(model="m", messages=ASKED, stream=stream)
        said = (
            "".join(chunk.choices[0].delta.content or "" for chunk in reply if chunk.choices)
            if stream
            else reply.choices[0].message.content
        )
        assert NAME in said
        assert said in vault.next()


@pytest.mark.parametrize("stream", [False, True])
def test_so_is_that_of_an_async_client(stream: bool) -> None:
    vault = Reading()

    async def ask() -> str:
        async with client(vault, openai.AsyncOpenAI) as guarded:
            reply = await guarded.chat.completions.create(model="m", messages=ASKED, stream=stream)
            if not stream:
                said = reply.choices[0].message.content
            else:
                pieces = [c.choices[0].delta.content or "" async for c in reply if c.choices]
                said = "".join(pieces)
            read = await asyncio.to_thread(vault.next)
            assert said in read
            return str(said)

    assert NAME in asyncio.run(ask())


def test_and_that_of_another_provider() -> None:
    vault = Reading()
    with client(vault, anthropic.Anthropic) as guarded:
        reply = guarded.messages.create(model="m", max_tokens=9, messages=ASKED)
        assert NAME in reply.content[0].text
        assert reply.content[0].text in vault.next()


def test_what_fails_there_is_found_out_by_the_next_call() -> None:
    vault = Reading(fails=True)
    with client(vault) as guarded:
        for _ in range(3):
            assert guarded.chat.completions.create(model="m", messages=ASKED).choices
            vault.next()


def test_a_call_or_the_end_of_the_client_drops_what_waits() -> None:
    vault = Reading()
    ahead = Ahead(vault, None)
    ahead.heard(lambda: ["one"])
    ahead.drop()
    ahead.heard(lambda: ["two"])
    assert vault.next() == ["two"]
    ahead.heard(lambda: ["three"])
    ahead.close()
    ahead.heard(lambda: ["four"])
    other = Ahead(vault, None)
    other.heard(lambda: ["five"])
    assert vault.next() == ["five"]
    assert vault.read.empty()


def test_few_replies_wait() -> None:
    vault = Reading()
    ahead = Ahead(vault, None)
    for number in range(100):
        ahead.heard(lambda number=number: [str(number)])  # type: ignore[misc]
    last = {str(number) for number in range(100 - MOST, 100)}
    assert {vault.next()[0] for _ in range(MOST)} == last
    ahead.close()
    assert vault.read.empty()


def test_a_vault_that_reads_nothing_ahead_is_left_alone() -> None:
    class Plain:
        def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> list[Masked]:
            raise AssertionError

        def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> list[Unmasked]:
            raise AssertionError

    ahead = Ahead(Plain(), None)
    ahead.heard(lambda: pytest.fail("nobody reads this"))
    ahead.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no such processes here")
def test_a_forked_child_reads_ahead_by_itself() -> None:
    vault = Reading()
    ahead = Ahead(vault, None)
    ahead.heard(lambda: ["parent"])
    assert vault.next() == ["parent"]
    ahead.heard(lambda: ["dropped in the child"])
    child = os.fork()
    if not child:
        code = 1
        try:
            fresh: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()
            vault.read = fresh
            ahead.heard(lambda: ["child"])
            code = 0 if vault.next() == ["child"] and fresh.empty() else 2
            ahead.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    ahead.close()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    history=st.lists(texts(), max_size=4),
    reply=st.one_of(texts(), st.sampled_from([f"I am {v}, born here." for v in VALUES])),
)
def test_a_text_that_was_read_ahead_is_masked_as_any_other(history: list[str], reply: str) -> None:
    with LocalVault("memory:", environ={}) as vault:
        one, other = vault.in_namespace("default"), vault.in_namespace("default")
        one.mask(history)
        one.read_ahead([reply])
        chat = [*history, reply, f"And {NAME}?"]
        assert one.mask(chat) == other.mask(chat)


def test_nothing_is_stored_by_it() -> None:
    with LocalVault("memory:", environ={}) as vault:
        vault.read_ahead([f"I am {NAME}."])
        assert vault.store.usage(vault.keyring.namespace) == {}


def test_detectors_that_are_not_ours_are_not_asked() -> None:
    """They may send the text elsewhere, or cost money: a reply may never be sent again."""
    asked: list[str] = []

    def foreign(texts: Sequence[str]) -> list[list[Span]]:
        asked.extend(texts)
        return find(texts)

    for settings_ in ({"detector": foreign}, {"detectors": [foreign]}):
        with LocalVault("memory:", environ={}, **settings_) as vault:
            vault.read_ahead([f"I am {NAME}."])
            assert asked == []
            vault.mask([f"I am {NAME}."])
            assert asked
            asked.clear()


def test_a_policy_that_changes_meanwhile_acts_at_once() -> None:
    with LocalVault("memory:", environ={}) as vault:
        vault.put_policy(
            Policy.parse({"name": "mine", "entities": {"PERSON": {"action": "exclude"}}})
        )
        vault.read_ahead([f"I am {NAME}."], "mine")
        vault.put_policy(Policy.parse({"name": "mine"}))
        assert NAME not in vault.mask([f"I am {NAME}."], "mine")[0].token_value


def test_threads_hear_at_once() -> None:
    vault = Reading()
    ahead = Ahead(vault, None)
    together = threading.Barrier(4)

    def hear() -> None:
        together.wait()
        for _ in range(50):
            ahead.heard(lambda: ["text"])
            ahead.drop()

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ahead.heard(lambda: ["last"])
    while vault.next() != ["last"]:
        pass
    ahead.close()


def test_tool_arguments_are_read_as_the_texts_in_them() -> None:
    """A call of a tool comes back as JSON, whose texts are masked one by one."""
    with LocalVault("memory:", environ={}) as vault:
        masked = vault.mask([f"I am {NAME}."])
    exchange = Exchange(b"", CHAT, TokenMap.of(masked))
    wrapped = masked[0].individual_tokens[0].wrapped
    function = {"name": "write", "arguments": json.dumps({"to": wrapped, "n": 1})}
    call = {"id": "c", "type": "function", "function": function}
    message = {"role": "assistant", "content": "x" * (LONGEST_SAID + 1), "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    exchange.reply("application/json", json.dumps({"choices": [choice]}).encode())
    assert exchange.replied() == ["to", NAME, "n", "1"]  # and not the long one
