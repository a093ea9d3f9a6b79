"""Structured answers of the Messages API: parsed, streamed, and as the input of a strict tool."""

from __future__ import annotations

import json
from typing import Any

from tests.clients.anthropic_bench import (
    MessagesBench,
    answered,
    answers,
    both,
    form,
    says,
    spoken,
    tool_call,
    words,
)
from tests.clients.bench import held, now
from tests.clients.structured import EXPECTED, GIVEN, Case, answer, answer_json
from tests.wireserver import Received


@form
async def structured(bench: MessagesBench) -> None:
    """`output_format` and tool schemas that the model follows, whole and streamed."""

    def make(request: Received) -> dict[str, Any]:
        body = json.loads(request.body)
        if "tools" in body:
            return answered(tool_call(**answer(body["tools"][0]["input_schema"], words(request))))
        schema = body["output_config"]["format"]["schema"]
        return answered(spoken(answer_json(schema, words(request))))

    bench.script = answers(make)
    client = bench.client()
    settings: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [says(GIVEN)]}
    reply = await now(client.messages.parse(output_format=Case, **settings))
    assert reply.parsed_output == EXPECTED
    async with held(client.messages.stream(output_format=Case, **settings)) as stream:
        final = await now(stream.get_final_message())
    assert Case.model_validate_json(final.content[0].text) == EXPECTED
    tool = {"name": "write", "input_schema": Case.model_json_schema(), "strict": True}
    for reply in await both(client, says(GIVEN), tools=[tool]):
        assert Case.model_validate(reply.content[0].input) == EXPECTED
    bench.sent()
