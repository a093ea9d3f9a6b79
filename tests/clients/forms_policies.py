"""What a policy decides about surfaces and places, on the bytes that a real SDK sends and reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import openai

from llm_guard_protecto.guard.hint import DEFAULT_HINT
from llm_guard_protecto.models import Item, Masked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import PolicyChoice
from tests.clients.bench import (
    MAIL,
    NAME,
    PROMPT,
    VALUES,
    Bench,
    ask,
    chunk,
    completion,
    each,
    echo,
    form,
    in_steps,
    last_text,
    message,
    now,
    outcome,
    say,
    streamed,
    whole,
)
from tests.clients.responses_bench import response, spoken
from tests.clients.tiny_vault import TinyVault
from tests.wireserver import Received, Script


class RuledVault(TinyVault):
    """A tiny vault that is asked for its policy, and has this one."""

    def __init__(self, **rules: Any) -> None:
        super().__init__(*VALUES)
        self._rules = Policy.parse({"name": "rules"} | rules)

    def policy(self, choice: PolicyChoice) -> Policy:
        return self._rules

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> Sequence[Masked]:
        return super().mask(texts)


@form
async def the_hint_is_sent_where_something_is_masked(bench: Bench) -> None:
    bench.vault, bench.script = RuledVault(hint=True), echo
    client = bench.client()
    await now(ask(client, say(PROMPT)))
    first, *rest = bench.asked()["messages"]
    assert first == {"role": "system", "content": DEFAULT_HINT}
    assert [one["role"] for one in rest] == ["user"]
    await now(ask(client, {"role": "system", "content": "Be kind."}, say(PROMPT)))
    first, *_ = bench.asked()["messages"]
    assert first["content"] == f"Be kind.\n\n{DEFAULT_HINT}"
    await now(ask(client, say("Tell me a joke")))
    assert bench.asked()["messages"] == [say("Tell me a joke")]


@form
async def the_hint_of_a_response(bench: Bench) -> None:
    bench.vault = RuledVault(hint="Copy the codes.")
    bench.script = lambda request: whole(response(spoken("done")))
    client = bench.client()
    await now(client.responses.create(model="m", input=PROMPT))
    assert bench.asked()["instructions"] == "Copy the codes."
    await now(client.responses.create(model="m", input="Tell me a joke", instructions="Be kind."))
    assert bench.asked()["instructions"] == "Be kind."


@form
async def a_role_left_out_is_sent_as_it_is(bench: Bench) -> None:
    bench.vault, bench.script = RuledVault(mask={"roles": ["user"]}), echo
    system = {"role": "system", "content": f"You work for {MAIL} and {NAME}."}
    await now(ask(bench.client(), system, say(f"I am {NAME}.")))
    sent = json.loads(bench.server.requests[-1].body)["messages"]
    assert MAIL in sent[0]["content"]
    assert NAME not in sent[0]["content"] + sent[1]["content"]


@form
async def a_picture_is_refused_until_a_policy_opens_it(bench: Bench) -> None:
    url = "data:image/png;base64,iVBORw0KGgo="
    parts = [{"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": url}}]
    bench.vault = RuledVault()
    error = await outcome(ask, bench.client(), say(parts))  # type: ignore[arg-type]
    assert isinstance(error, openai.BadRequestError)
    assert "policy key to open this: surfaces.images = true" in error.message
    assert bench.server.requests == []
    bench.vault = RuledVault(surfaces={"images": True})
    bench.script = lambda request: whole(completion(message("done")))
    await now(ask(bench.client(), say(parts)))  # type: ignore[arg-type]
    assert bench.asked()["messages"][0]["content"][1] == parts[1]


@form
async def a_closed_tool_gets_tokens_and_an_open_one_values(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        text = last_text(request)
        calls = [
            {
                "index": n,
                "id": f"call_{n}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps({"q": text, "to": text})},
            }
            for n, name in enumerate(("search", "send"))
        ]
        if not json.loads(request.body).get("stream"):
            return whole(completion(message(text, tool_calls=calls), reason="tool_calls"))
        steps = [chunk({"role": "assistant", "content": text})]
        for n, one in enumerate(calls):
            function: Any = one["function"]
            head = one | {"function": {"name": function["name"], "arguments": ""}}
            steps.append(chunk({"tool_calls": [head]}))
            steps += [
                chunk({"tool_calls": [{"index": n, "function": {"arguments": part}}]})
                for part in in_steps(function["arguments"])
            ]
        return streamed([*steps, chunk({}, 0, "tool_calls")])

    bench.vault = RuledVault(restore={"tools": {"*": False, "send": {"arguments": ["to"]}}})
    bench.script = answer
    client = bench.client()
    reply = await now(ask(client, say(NAME)))
    whole_calls = [one.function.arguments for one in reply.choices[0].message.tool_calls]
    text, parts = "", ["", ""]
    async for one in each(await now(ask(client, say(NAME), stream=True))):
        text += one.choices[0].delta.content or ""
        for part in one.choices[0].delta.tool_calls or []:
            parts[part.index] += part.function.arguments or ""
    token = last_text(bench.server.requests[-1])
    assert text == reply.choices[0].message.content == NAME
    for search, send in (whole_calls, parts):
        assert json.loads(search) == {"q": token, "to": token}
        assert json.loads(send) == {"q": token, "to": NAME}
    bench.sent()


@form
async def probabilities_are_dropped(bench: Bench) -> None:
    def answer(request: Received) -> Script:
        body = completion(message(last_text(request)))
        scores = [{"token": "x", "logprob": -1.5, "bytes": None, "top_logprobs": []}]
        body["choices"][0]["logprobs"] = {"content": scores, "refusal": None}
        return whole(body)

    bench.vault, bench.script = RuledVault(surfaces={"logprobs": "drop"}), answer
    reply = await now(ask(bench.client(), say(PROMPT), logprobs=True))
    assert reply.choices[0].message.content == PROMPT
    assert reply.choices[0].logprobs is None
    bench.vault = RuledVault()
    reply = await now(ask(bench.client(), say(PROMPT), logprobs=True))
    assert reply.choices[0].logprobs.content[0].logprob == -1.5
