"""Both wires of the gateway fail in every way: nobody hangs, nothing half restored comes through.

The callers here wait for half a minute at most: one that still waits then raises, and that is what
a hang looks like.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from llm_guard_protecto.server.settings import Settings
from llm_guard_protecto.testing import FakeProvider
from tests.server.gateway.faults import Fault, Wire, failing
from tests.server.gateway.served import Served, gateway
from tests.server.gateway.test_gateway import ASKED, TEXT, VALUES
from tests.wireserver import Received, Script, WireServer

PATIENCE = 0.3
"""Seconds for which the gateway waits for either side."""

TWICE = f"{TEXT} Yes, {TEXT}"


@dataclass
class Between:
    """A gateway with a wire on each side."""

    served: Served
    near: Wire
    far: Wire
    tasks: int

    def ask(self, *, stream: bool) -> tuple[int, bytes, bool]:
        """The status of an answer (0: there was none), its bytes, and whether it came to its end."""
        headers = {"authorization": f"Bearer {self.served.token()}"}
        asked = ASKED | {"stream": stream}
        status, got = 0, b""
        with httpx.Client(timeout=30) as client:
            try:
                with client.stream(
                    "POST", f"{self.near.url}/v1/chat/completions", headers=headers, json=asked
                ) as answer:
                    status = answer.status_code
                    for piece in answer.iter_raw():
                        got += piece
            except httpx.TimeoutException:
                raise
            except httpx.TransportError:
                return status, got, False
        return status, got, True

    def nothing_leaked(self, got: bytes) -> None:
        """No value went out, and no piece of a token came in."""
        asked = self.far.asked.decode("latin-1")
        assert not any(value in asked for value in VALUES)
        for unit in tokens_of(asked):
            assert unit.encode() not in got
        assert b"<PER>" not in got


def tokens_of(asked: str) -> list[str]:
    """The words of every token that a masked request holds."""
    bodies = [part for part in asked.split("\r\n\r\n") if part.startswith("{")]
    said = " ".join(one["content"] for body in bodies for one in json.loads(body)["messages"])
    return [unit for token in re.findall(r"<(\w+)>(.*?)</\1>", said) for unit in token[1].split()]


def said_in(got: bytes) -> str:
    """The text of a stream, as far as whole events of it came."""
    events = got.decode().split("\n\n")[:-1]
    chunks = [json.loads(one[6:]) for one in events if one.startswith("data: {")]
    return "".join(
        choice["delta"].get("content") or "" for one in chunks for choice in one.get("choices", ())
    )


@pytest.fixture(scope="module")
def running() -> Iterator[Between]:
    provider = FakeProvider(reply=lambda said: "{0} Yes, {0}".format(said[-1]["content"]), piece=7)
    patient = Settings(request_seconds=PATIENCE)
    with (
        provider.serve() as address,
        failing(address) as far,
        gateway(provider, f"{far.url}/v1", server=patient, silence=PATIENCE) as served,
        failing(served.url) as near,
    ):
        one = Between(served, near, far, served.tasks())
        assert one.ask(stream=True)[2]
        yield one


@pytest.fixture
def between(running: Between) -> Iterator[Between]:
    """A gateway between two wires that work; whatever a test does to them, no task is left."""
    for wire in (running.near, running.far):
        wire.mend()
    yield running
    assert running.served.comes_to_rest(running.tasks)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("side", ["near", "far"])
@pytest.mark.parametrize("way", ["ask", "answer"])
def test_slices_change_nothing(between: Between, side: str, way: str, stream: bool) -> None:
    setattr(getattr(between, side), way, Fault.SLICES)
    status, got, whole = between.ask(stream=stream)
    assert (status, whole) == (200, True)
    said = said_in(got) if stream else json.loads(got)["choices"][0]["message"]["content"]
    assert said == TWICE
    between.nothing_leaked(got)


BREAKS = (Fault.RESET, Fault.STALL, Fault.CUT)


@pytest.mark.parametrize("fault", BREAKS)
@pytest.mark.parametrize("after", [b"HTTP/1.1 200", b'"content"', b"<PER>", b"Yes"])
def test_a_provider_whose_stream_breaks(between: Between, fault: Fault, after: bytes) -> None:
    calls = len(between.served.gateway.recent.of("acme"))
    between.far.answer, between.far.after = fault, after
    status, got, whole = between.ask(stream=True)
    if after.startswith(b"HTTP"):
        assert (status, whole) == (504 if fault is Fault.STALL else 502, True)
    else:
        assert (status, whole) == (200, False)
        assert TWICE.startswith(said_in(got))
    between.nothing_leaked(got)
    assert between.served.done(calls=calls + 1)[0] in ("cut", "unanswered")


@pytest.mark.parametrize("inside", [False, True])
def test_a_stream_that_ends_inside_an_event(inside: bool) -> None:
    def half(request: Received) -> Script:
        said = json.loads(request.body)["messages"][0]["content"]
        token = said.index("<PER>") + 8
        pieces = [said[:token], said[token:]] if inside else [said[:token] * 2]
        events = [{"choices": [{"index": 0, "delta": {"content": one}}]} for one in pieces]
        sent = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)
        end = sent.rindex(b"<PER>") + 8 if not inside else len(sent) - 40
        headers = {"content-type": "text/event-stream"}
        return Script(headers=headers, body=[sent[:end]], chunked=True)

    with WireServer(half) as wire, gateway(upstream=f"{wire.url}/v1") as served:
        headers = {"authorization": f"Bearer {served.token()}"}
        asked = ASKED | {"stream": True}
        got = httpx.post(f"{served.url}/v1/chat/completions", headers=headers, json=asked).content
        for unit in tokens_of(wire.heard.decode("latin-1")):
            assert unit[:3].encode() not in got
        assert b"PER" not in got.replace(b'"PERSON"', b"")
        assert TEXT.startswith(said_in(got))
        assert served.done() == ["cut"]


@pytest.mark.parametrize("fault", BREAKS)
@pytest.mark.parametrize("after", [b"HTTP/1.1 200", b"<PER>"])
def test_a_provider_whose_answer_breaks(between: Between, fault: Fault, after: bytes) -> None:
    between.far.answer, between.far.after = fault, after
    status, got, whole = between.ask(stream=False)
    assert (status, whole) == (504 if fault is Fault.STALL else 502, True)
    assert json.loads(got)["error"]["type"] == "llm_guard_protecto"
    between.nothing_leaked(got)


@pytest.mark.parametrize("fault", BREAKS)
def test_a_provider_who_does_not_take_the_request(between: Between, fault: Fault) -> None:
    between.far.ask, between.far.after = fault, b"content-length"
    status, got, whole = between.ask(stream=True)
    assert (status, whole) == (504 if fault is Fault.STALL else 502, True)
    between.nothing_leaked(got)


@pytest.mark.parametrize("side", ["near", "far"])
def test_connections_that_are_not_closed(between: Between, side: str) -> None:
    wire = getattr(between, side)
    wire.ask = wire.answer = Fault.SLOW_CLOSE
    status, got, whole = between.ask(stream=True)
    assert (status, whole, said_in(got)) == (200, True, TWICE)


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CUT])
@pytest.mark.parametrize("after", [b"HTTP/1.1 200", b"Sarah"])
def test_a_caller_whose_connection_breaks(between: Between, fault: Fault, after: bytes) -> None:
    between.near.answer, between.near.after = fault, after
    _, got, whole = between.ask(stream=True)
    assert not whole
    between.nothing_leaked(got)


@pytest.mark.parametrize("fault", BREAKS)
def test_a_caller_whose_request_breaks(between: Between, fault: Fault) -> None:
    between.near.ask, between.near.after = fault, b'"messages"'
    before = len(between.served.provider.requests)
    status, _, _ = between.ask(stream=True)
    assert status == (408 if fault is Fault.STALL else 0)
    assert len(between.served.provider.requests) == before


def test_a_caller_who_takes_nothing() -> None:
    endless = FakeProvider(reply=lambda _: "word " * 2_000_000, piece=50_000)
    patient = Settings(request_seconds=PATIENCE)
    with gateway(endless, server=patient) as served, socket.socket() as caller:
        tasks, address = served.tasks(), httpx.URL(served.url)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.connect((address.host, address.port))
        body = json.dumps(ASKED | {"stream": True}).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n"
            f"content-type: application/json\r\nauthorization: Bearer {served.token()}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        caller.sendall(head.encode() + body)
        assert served.done() == ["cut"]
        assert served.comes_to_rest(tasks)
