"""One request over a socket: its deadline, its number, how many there may be, how fast."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from llm_guard_protecto.models import Span
from tests.server.desk import Desk, opened
from tests.server.test_app import served

MASK = "/api/vault/mask"
KNOWN = {"mask": [{"value": "Ask Sarah Johnson"}]}


class Gate:
    """A detector that finds nothing, and waits at a gate for texts with the word `slowly`."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.waiting = threading.Semaphore(0)

    def __call__(self, texts: Sequence[str]) -> list[list[Span]]:
        if any("slowly" in text for text in texts):
            self.waiting.release()
            self.open.wait(60)
        return [[] for _ in texts]


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


def slow(number: int) -> Any:
    return {"mask": [{"value": f"Ask Sarah Johnson slowly {number}"}]}


def refusal(got: httpx.Response) -> tuple[int, str]:
    assert got.headers["content-type"] == "application/json"
    assert got.json()["success"] is False
    assert got.json()["data"] is None
    return got.status_code, got.json()["error"]["message"]


def test_who_is_not_answered_in_time_is_told_so(gate: Gate) -> None:
    with opened(detectors=[gate], request_seconds=0.5) as desk, served(desk) as client:
        began = time.monotonic()
        got = client.put(MASK, json=slow(1))
        assert time.monotonic() - began < 2.5
        assert refusal(got) == (504, "The request was not answered in time, try again")
        gate.open.set()
        assert client.put(MASK, json=slow(1)).status_code == 200


def test_a_known_text_is_answered_while_every_thread_hangs(gate: Gate) -> None:
    """So are those who only want to know whether it lives; and it is not ready."""
    with opened(detectors=[gate], threads=2, ready_seconds=0) as desk, served(desk) as client:
        known = client.put(MASK, json=KNOWN).json()
        with ThreadPoolExecutor(2) as pool:
            hanging = [pool.submit(client.put, MASK, json=slow(n)) for n in range(2)]
            for _ in hanging:
                assert gate.waiting.acquire(timeout=30)
            assert client.put(MASK, json=KNOWN).json() == known
            assert client.get("/healthz").status_code == 200
            got = client.get("/readyz")
            assert (got.status_code, got.json()["failed"]) == (503, ["late"])
            gate.open.set()
            assert [one.result().status_code for one in hanging] == [200, 200]
        assert client.get("/readyz").status_code == 200


def test_a_body_that_does_not_come_is_not_awaited_for_ever() -> None:
    with opened(request_seconds=0.5) as desk, served(desk) as client:
        address = (client.base_url.host, client.base_url.port)
        with closing(socket.create_connection(address, timeout=30)) as raw:
            head = f"PUT {MASK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\n"
            raw.sendall(f'{head}Content-Length: 100\r\n\r\n{{"mask":'.encode())
            said = b""
            while piece := raw.recv(65536):
                said += piece
        head_, _, body = said.partition(b"\r\n\r\n")
        assert head_.startswith(b"HTTP/1.1 408 ")
        assert json.loads(body)["error"]["message"] == "The request did not arrive in time"


def test_too_many_at_once_are_turned_away_and_health_is_not(gate: Gate) -> None:
    with opened(detectors=[gate], concurrent=2) as desk, served(desk) as client:
        with ThreadPoolExecutor(2) as pool:
            inside = [pool.submit(client.put, MASK, json=slow(n)) for n in range(2)]
            for _ in inside:
                assert gate.waiting.acquire(timeout=30)
            got = client.put(MASK, json=KNOWN)
            assert refusal(got) == (503, "The server is busy, try again")
            assert got.headers["retry-after"] == "1"
            assert client.get("/healthz").status_code == 200
            gate.open.set()
            assert [one.result().status_code for one in inside] == [200, 200]
        assert client.put(MASK, json=KNOWN).status_code == 200


def test_a_token_has_a_rate_of_its_own() -> None:
    with opened(rate_limit=5) as desk, served(desk) as client:
        other = {"Authorization": f"Bearer {desk.of('acme', 'mask').token}"}
        answers = [client.put(MASK, json=KNOWN) for _ in range(7)]
        assert [got.status_code for got in answers] == [200] * 5 + [429] * 2
        assert refusal(answers[-1]) == (429, "API usage limit exceeded")
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
        assert client.put(MASK, json=KNOWN, headers=other).status_code == 200


@pytest.mark.parametrize("levels", [64, 65])
def test_json_may_be_64_levels_deep(levels: int) -> None:
    with opened() as desk, served(desk) as client:
        deep = "[" * (levels - 3) + "]" * (levels - 3)
        body = f'{{"mask": [{{"value": "x", "attribute": {deep}}}]}}'
        got = client.put(MASK, content=body.encode())
        assert got.status_code == (200 if levels == 64 else 400)


def test_a_request_has_a_number_in_its_answer_and_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "llm_guard_protecto.server")
    own = "0b2f4a6e-9d31-4c55-8f6a-1e2d3c4b5a69"
    with opened() as desk, served(desk) as client:
        got = [
            client.put(MASK, json=KNOWN, headers={"X-Request-Id": said})
            for said in (own, "sarah.johnson@example.com", "")
        ]
    numbers = [one.headers["x-request-id"] for one in got]
    assert numbers[0] == own
    assert all(len(number) == 32 for number in numbers[1:])
    assert len(set(numbers)) == 3
    logged = [vars(one)["request"] for one in caplog.records if "request" in vars(one)]
    assert logged == numbers


def test_a_first_try_that_came_to_nothing_is_done_once() -> None:
    """A new text is tried at once, given up and done in a thread: counted and kept once."""
    with opened() as desk, served(desk) as client:
        first = client.put(MASK, json=KNOWN).json()
        assert client.put(MASK, json=KNOWN).json() == first
        vault = desk.service.namespaces.get("acme")
        assert vault is not None
        assert sum(vault.store.usage(vault.keyring.namespace).values()) == 2  # two words
        said = client.get("/metrics").text
        line = next(line for line in said.splitlines() if 'masked_values_total{entity="PER' in line)
        assert line.endswith(" 2.0")


def test_a_caller_who_hangs_up_leaves_nothing_behind(desk: Desk) -> None:
    with served(desk) as client:
        address = (client.base_url.host, client.base_url.port)
        for _ in range(20):
            with closing(socket.create_connection(address, timeout=30)) as raw:
                head = f"PUT {MASK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\n"
                raw.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        deadline = time.monotonic() + 30
        while "requests_present 0" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
        assert client.put(MASK, json=KNOWN).status_code == 200
