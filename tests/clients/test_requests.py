"""What is done once a request has left: the way back is made ready while the provider thinks."""

from __future__ import annotations

import asyncio
import json
import threading
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from llm_guard_protecto.clients.limits import DEFAULT_LIMITS
from llm_guard_protecto.clients.transport import transports
from llm_guard_protecto.guard import Exchange, Guard, Outgoing
from llm_guard_protecto.guard.flow import Flow
from tests.clients.bench import JSON, NAME, PROMPT, VALUES
from tests.clients.tiny_vault import TinyVault
from tests.wireserver import Received, Script, WireServer

PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": PROMPT}]}).encode()
SECONDS = 30.0


class Telling(Exchange):
    """An exchange that tells when it is made ready, and may fail at that."""

    ready = threading.Event()
    fails = False

    def get_ready(self) -> None:
        self.ready.set()
        if self.fails:
            raise LookupError("not now")
        super().get_ready()


class Told(Guard):
    def open(self, request: Outgoing) -> Flow[Exchange]:
        opened = yield from super().open(request)
        return Telling(opened.body, opened.format, opened.found, tally=opened.tally)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("http", [httpx, httpx2])
def test_the_way_back_is_made_ready_while_the_provider_thinks(
    http: ModuleType, blocking: bool, fails: bool
) -> None:
    """The provider does not answer before that; what fails there fails nothing."""
    in_time: list[bool] = []

    def answer(request: Received) -> Script:
        in_time.append(Telling.ready.wait(SECONDS))
        said = json.loads(request.body)["messages"][0]["content"]
        reply = {"choices": [{"index": 0, "message": {"role": "assistant", "content": said}}]}
        return Script(headers=JSON, body=[json.dumps(reply).encode()])

    Telling.ready.clear()
    Telling.fails = fails
    kind = transports(http)[0 if blocking else 1]
    with WireServer(answer) as server:
        url = server.url + PATH
        inner: Any = http.Client() if blocking else http.AsyncClient()
        transport = kind(inner, Told(), TinyVault(*VALUES), DEFAULT_LIMITS)
        if blocking:
            with http.Client(transport=transport) as client:
                text = client.post(url, content=BODY, headers=JSON).text
        else:

            async def post() -> str:
                async with http.AsyncClient(transport=transport) as client:
                    reply = await client.post(url, content=BODY, headers=JSON)
                    return str(reply.text)

            text = asyncio.run(post())
    assert in_time == [True]
    assert NAME in json.loads(text)["choices"][0]["message"]["content"]
    assert NAME.encode() not in server.requests[0].body
