"""Masked history, read again: values for who may see them, and nothing for anybody else."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto import (
    AsyncLocalVault,
    ConfigurationError,
    LocalVault,
    Policy,
    VaultError,
    arehydrate,
    rehydrate,
)
from llm_guard_protecto.models import Unmasked
from tests.texts import texts

NAME, MAIL, SSN = "Sarah Johnson", "sarah.johnson@example.com", "536-22-8714"
PROMPT = f"I am {NAME}, {MAIL}, SSN {SSN}."


@cache
def vault() -> LocalVault:
    return LocalVault("memory:", environ={})


@cache
def stored(text: str = PROMPT) -> str:
    return vault().mask([text])[0].token_value


def token(tag: str) -> str:
    """The token in this wrapper, as the masked prompt has it."""
    start = stored().index(f"<{tag}>")
    return stored()[start : stored().index(f"</{tag}>") + len(tag) + 3]


def test_a_history_comes_back_in_its_own_shape() -> None:
    arguments = json.dumps({"to": stored(MAIL), "n": 1})
    call = {"id": "call_1", "function": {"name": "send", "arguments": arguments}}
    history: list[dict[str, Any]] = [
        {"role": "user", "content": stored()},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": [{"type": "text", "text": stored()}], "tries": (1, 2.5, True)},
    ]
    before = json.dumps(history)
    read = rehydrate(history, vault())
    assert read[0]["content"] == PROMPT
    assert json.loads(read[1]["tool_calls"][0]["function"]["arguments"]) == {"to": MAIL, "n": 1}
    assert read[2] == {
        "role": "tool",
        "content": [{"type": "text", "text": PROMPT}],
        "tries": (1, 2.5, True),
    }
    assert json.dumps(history) == before


def test_a_value_in_json_is_escaped_for_it() -> None:
    quoted = 'He is "Bo" O\\Neil-Hansen, bo@example.com'
    within = json.dumps({"note": stored(quoted), "deep": json.dumps([stored(quoted)])})
    read = json.loads(rehydrate(within, vault()))
    assert read["note"] == quoted
    assert json.loads(read["deep"]) == [quoted]


def test_bytes_of_a_record() -> None:
    body = json.dumps({"messages": [{"content": stored()}]}).encode()
    assert json.loads(rehydrate(body, vault()))["messages"][0]["content"] == PROMPT
    assert rehydrate(b"\xff\x00", vault()) == b"\xff\x00"


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(texts(), min_size=1, max_size=4))
def test_what_was_masked_comes_back(said: list[str]) -> None:
    masked = [one.token_value for one in vault().mask(said)]
    read = [vault().unmask([one])[0].value for one in masked]
    assert rehydrate({"history": masked}, vault()) == {"history": read}


def test_a_reader_sees_what_is_shown() -> None:
    read = rehydrate(stored(), vault(), show={"PERSON"})
    assert read == stored().replace(token("PER"), NAME)
    assert rehydrate(stored(), vault(), show=set()) == stored()


def test_a_reader_does_not_see_what_is_hidden() -> None:
    read = rehydrate([stored()], vault(), hide={"US_SSN"})
    assert read == [PROMPT.replace(SSN, token("SSN"))]
    both = rehydrate(stored(), vault(), show={"PERSON", "US_SSN"}, hide={"US_SSN"})
    assert both == stored().replace(token("PER"), NAME)


def test_another_wrapper_reveals_nothing() -> None:
    """A model that was talked into it puts a hidden number into a wrapper that is shown."""
    core = token("SSN").removeprefix("<SSN>").removesuffix("</SSN>")
    for trick in (
        f"<PER>{core}</PER>",
        f"<PER>{token('SSN')}</PER>",
        f"<PER>x {core} y</PER>",
        core,
    ):
        history = [stored(), trick]
        read = rehydrate(history, vault(), hide={"US_SSN"})
        assert SSN not in json.dumps(read), trick
        read = rehydrate(history, vault(), show={"PERSON"})
        assert SSN not in json.dumps(read), trick


def test_a_policy_with_wrappers_of_its_own() -> None:
    policy = Policy.parse(
        {
            "name": "own",
            "entities": {
                "PERSON": {"prefix": "{Person ", "suffix": "}"},
                "EMAIL_ADDRESS": {"prefix": "{Mail ", "suffix": "}"},
            },
        }
    )
    masked = vault().mask([PROMPT], policy)[0].token_value
    assert "{Person " in masked
    read = rehydrate(masked, vault(), policy, show={"PERSON"})
    assert read.startswith(f"I am {NAME}, {{Mail ")
    assert rehydrate(masked, vault(), policy) == PROMPT


def test_entities_that_share_a_wrapper_cannot_be_told_apart() -> None:
    shared = {"prefix": "[[", "suffix": "]]"}
    policy = Policy.parse(
        {"name": "shared", "entities": {"PERSON": shared, "EMAIL_ADDRESS": shared}}
    )
    masked = vault().mask([PROMPT], policy)[0].token_value
    assert rehydrate(masked, vault(), policy, show={"PERSON"}) == masked


def test_a_token_that_nobody_made_stays() -> None:
    assert rehydrate("<PER>Xy7kQ</PER>", vault(), show={"PERSON"}) == "<PER>Xy7kQ</PER>"


@pytest.mark.parametrize("which", [{"show": {"PERSONS"}}, {"hide": {"PERSONS"}}])
def test_an_entity_that_no_policy_knows(which: Any) -> None:
    with pytest.raises(ConfigurationError, match="PERSONS"):
        rehydrate(stored(), vault(), **which)


def test_for_async_callers() -> None:
    async def read(own: Any) -> list[str]:
        history = [stored()]
        return await arehydrate(history, own) + await arehydrate(history, own, show={"PERSON"})

    some = stored().replace(token("PER"), NAME)
    assert asyncio.run(read(vault())) == [PROMPT, some]
    assert asyncio.run(read(AsyncLocalVault(vault=vault()))) == [PROMPT, some]


def test_a_vault_that_answers_for_other_texts_is_not_believed() -> None:
    class Confused:
        def mask(self, texts: Any, policy: object = None) -> Any:
            raise AssertionError

        def unmask(self, texts: Any, policy: object = None) -> Any:
            return [Unmasked(NAME, "something else")] * len(texts)

    with pytest.raises(VaultError, match="other texts"):
        rehydrate(stored(), Confused())
