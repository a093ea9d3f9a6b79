"""A chat of the console: both sides of a call through the gateway, to the byte."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.server.app import build
from llm_guard_protecto.server.console.ear import Overhearing, hearing
from llm_guard_protecto.server.gateway.upstreams import Upstreams
from llm_guard_protecto.server.service import Service
from llm_guard_protecto.server.settings import Settings
from llm_guard_protecto.testing import FakeProvider, Recorded
from tests.server.gateway.served import KEYS, serving, settings

TEXT = "I am Ada Lindholm of Łódź, ada@example.com"
PATH = "/console/chat/openai/v1/chat/completions"


class Sliced(FakeProvider):
    """A provider whose answers come a byte at a time, and after some bytes wait for `go`."""

    def __init__(self, stall: int = -1) -> None:
        super().__init__()
        self.stall, self.go = stall, threading.Event()

    def answer(self, request: Recorded) -> tuple[int, str, Iterator[bytes]]:
        status, kind, pieces = super().answer(request)
        return status, kind, self._slowly(b"".join(pieces))

    def _slowly(self, body: bytes) -> Iterator[bytes]:
        for at in range(len(body)):
            if at == self.stall:
                self.go.wait(30)
            yield body[at : at + 1]


@dataclass
class Front:
    url: str
    provider: FakeProvider
    service: Service
    token: str

    def ask(self, text: str = TEXT, token: str = "") -> list[dict[str, Any]]:
        """Every line of an answer."""
        body = {"model": "any", "stream": True, "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": f"Bearer {token or self.token}"}
        got = httpx.post(self.url + PATH, json=body, headers=headers, timeout=60)
        assert got.status_code == 200
        assert got.headers["content-type"] == "application/x-ndjson"
        assert "frame-ancestors 'none'" in got.headers["content-security-policy"]
        return [json.loads(line) for line in got.text.splitlines()]


@contextmanager
def front(
    provider: FakeProvider | None = None, *, hears: bool = True, **others: Any
) -> Iterator[Front]:
    provider = provider or FakeProvider()
    with LocalVault("memory:", environ={}) as vault, provider.serve() as address:
        service = Service(vault, Settings(console=True))
        file = settings(address, **others)
        upstreams = Upstreams(file, KEYS, Overhearing if hears else None)
        token = service.bearers.create("acme", "ada", ["mask", "unmask"])
        with serving(build(service, (file, upstreams))) as url:
            yield Front(url, provider, service, token)


def side(events: list[dict[str, Any]], name: str) -> str:
    return "".join(event.get(name, "") for event in events)


def words(stream: str) -> str:
    """What the events of a provider say."""
    said = ""
    for line in stream.splitlines():
        if line.startswith("data: {"):
            said += json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
    return said


def test_both_sides_are_told_as_they_went() -> None:
    with front() as there:
        events = there.ask()
        sent, heard, got = (side(events, name) for name in ("sent", "heard", "got"))
        assert sent.encode() == there.provider.last_body
        assert words(got) == TEXT
        assert words(heard) == json.loads(sent)["messages"][0]["content"]
        for clear in ("Ada", "Lindholm", "ada@"):
            assert clear not in sent + heard
        assert [next(iter(event)) for event in events][:2] == ["sent", "status"]
        assert events[1]["status"] == 200
        assert events[1]["receipt"]["masked"]["PERSON"] == 1
        assert events[-1] == {"ended": True}
        for key in KEYS.values():
            assert key not in json.dumps(events)


def test_characters_that_are_cut_come_whole() -> None:
    with front(Sliced()) as there:
        events = there.ask()
        assert words(side(events, "got")) == TEXT
        assert "\ufffd" not in json.dumps(events, ensure_ascii=False)


def test_a_call_that_the_gateway_refuses_goes_nowhere() -> None:
    with front() as there:
        unmasks = there.service.bearers.create("acme", "u", ["unmask"])
        for token, status, code in (
            ("wrong", 401, "invalid_api_key"),
            (unmasks, 403, "permission_denied"),
        ):
            events = there.ask(token=token)
            assert (events[0]["status"], events[0]["receipt"]) == (status, None)
            assert json.loads(side(events, "got"))["error"]["code"] == code
            assert side(events, "sent") == side(events, "heard") == ""
        assert there.provider.requests == []


def test_without_an_ear_the_answer_comes_all_the_same() -> None:
    with front(hears=False) as there:
        events = there.ask()
        assert words(side(events, "got")) == TEXT
        assert side(events, "sent") == side(events, "heard") == ""


def test_in_shadow_mode_one_sees_that_it_went_in_clear() -> None:
    with front(shadow=True) as there:
        assert TEXT in json.loads(side(there.ask(), "sent"))["messages"][0]["content"]


def test_nobody_hears_another_ones_call() -> None:
    names = ["Ada Lindholm", "Grace Holloway", "Alan Tarrant", "Edda Dykstra"] * 2
    with front() as there, ThreadPoolExecutor(8) as pool:
        texts = [f"Call {number}: I am {name}." for number, name in enumerate(names)]
        for text, events in zip(texts, pool.map(there.ask, texts), strict=True):
            assert words(side(events, "got")) == text
            [message] = json.loads(side(events, "sent"))["messages"]
            assert message["content"].startswith(text.split("I am")[0])
            assert words(side(events, "heard")) == message["content"]


def test_who_hangs_up_ends_the_call() -> None:
    provider = Sliced(stall=400)
    with front(provider) as there:
        headers = {"authorization": f"Bearer {there.token}"}
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": TEXT}]}
        with httpx.stream("POST", there.url + PATH, json=body, headers=headers, timeout=60) as got:
            for line in got.iter_lines():
                if "heard" in json.loads(line):
                    break
        recent = there.service.recent
        assert recent is not None
        for _ in range(1000):
            if recent.of("acme"):
                break
            threading.Event().wait(0.01)
        assert [one.receipt.outcome for one in recent.of("acme")] == ["cut"]
        provider.go.set()


def test_a_provider_that_breaks_off_is_no_end() -> None:
    class Broken(FakeProvider):
        def answer(self, request: Recorded) -> tuple[int, str, Iterator[bytes]]:
            status, kind, pieces = super().answer(request)
            return status, kind, self._broken(pieces)

        def _broken(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
            yield next(pieces)
            raise ConnectionResetError

    with front(Broken()) as there:
        events = there.ask()
        # A reset may overtake the piece before it: then nothing of the answer ever came.
        assert events[1]["status"] in {200, 502}
        assert {"ended": True} not in events or events[1]["status"] == 502


def test_an_ear_tells_only_inside_of_hearing() -> None:
    told: list[tuple[str, bytes]] = []

    async def tell(side: str, piece: bytes) -> None:
        told.append((side, piece))

    class Once(httpx.AsyncByteStream):
        def __init__(self, body: bytes) -> None:
            self.body = body

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield self.body

    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Once(request.content))

    async def both() -> None:
        sends = Overhearing(httpx.AsyncClient(transport=httpx.MockTransport(echo)))

        async def post(content: bytes) -> bytes:
            request = httpx.Request("POST", "http://provider/", content=content)
            return await (await sends.send(request, stream=True)).aread()

        with hearing(tell):
            assert await post(b"first") == b"first"
        assert await post(b"second") == b"second"
        await sends.aclose()

    asyncio.run(both())
    assert told == [("sent", b"first"), ("heard", b"first")]


@pytest.mark.parametrize("path", ["/console/chat", "/console/chat/", "/console/chat/other/v1/x"])
def test_other_paths_lead_nowhere(path: str) -> None:
    with front() as there:
        headers = {"authorization": f"Bearer {there.token}"}
        got = httpx.post(there.url + path, json={}, headers=headers)
        assert json.loads(got.text.splitlines()[0])["status"] == 404
        assert there.provider.requests == []
