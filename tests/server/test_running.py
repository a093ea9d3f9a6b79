"""The socket that the server listens on."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.server.running import Server, configured, listening, loopback
from tests.server.certificate import self_signed
from tests.server.desk import Desk, opened
from tests.server.test_exchange import KNOWN, MASK, Gate, slow


def test_processes_may_share_a_port() -> None:
    with listening(uvicorn.Config(nothing, port=0), reuse_port=True) as one:
        one.listen()
        port = one.getsockname()[1]
        with listening(uvicorn.Config(nothing, port=port), reuse_port=True) as other:
            other.listen()
            assert other.getsockname() == one.getsockname()
        with pytest.raises(ConfigurationError, match="cannot listen on"):
            listening(uvicorn.Config(nothing, port=port))


async def nothing(*_: object) -> None:
    """An application that answers nobody."""


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_socket_says_that_it_speaks_tcp(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    listener = listening(uvicorn.Config(nothing, host=host, port=0))
    with listener:
        assert listener.proto == socket.IPPROTO_TCP
        assert listener.getsockname()[1] > 0


def test_an_address_in_use_is_named() -> None:
    with listening(uvicorn.Config(nothing, host="127.0.0.1", port=0)) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"cannot listen on 127\.0\.0\.1:{port}: "):
            listening(uvicorn.Config(nothing, host="127.0.0.1", port=port))


@contextmanager
def running(desk: Desk, drain: float = 0.0, grace: int = 30) -> Iterator[tuple[str, Server]]:
    """The address of a server that can be told to stop, and the server."""
    config = configured(desk.service, port=0, grace=grace)
    listener = listening(config)
    server = Server(config, desk.service, drain)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield address, server
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def test_told_to_stop_it_first_says_so_and_goes_on() -> None:
    with (
        opened() as desk,
        running(desk, drain=60) as (address, server),
        httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {desk.token}"}, timeout=60
        ) as client,
    ):
        assert client.get("/readyz").status_code == 200
        server.handle_exit(15, None)
        got = client.get("/readyz")
        assert (got.status_code, got.json()["failed"]) == (503, ["stopping"])
        assert client.put(MASK, json=KNOWN).status_code == 200
        assert not server.should_exit
        server.handle_exit(15, None)  # a second time: now
        assert server.should_exit


def test_what_is_asked_before_the_end_is_answered() -> None:
    gate = Gate()
    headers = {"Authorization": ""}
    with opened(detectors=[gate]) as desk, running(desk) as (address, server):
        headers["Authorization"] = f"Bearer {desk.token}"
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(httpx.put, address + MASK, json=slow(1), headers=headers, timeout=60)
            assert gate.waiting.acquire(timeout=30)
            server.handle_exit(15, None)
            while _answers(address):
                time.sleep(0.02)
            assert not late.done()
            gate.open.set()
            assert late.result().status_code == 200


def test_what_hangs_is_left_behind() -> None:
    """After the grace the server ends, whatever its threads do; nobody was told of a success."""
    gate = Gate()
    with opened(detectors=[gate]) as desk, running(desk, grace=1) as (address, server):
        headers = {"Authorization": f"Bearer {desk.token}"}
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(httpx.put, address + MASK, json=slow(1), headers=headers, timeout=60)
            assert gate.waiting.acquire(timeout=30)
            server.handle_exit(15, None)
            try:
                status = late.result().status_code
            except httpx.TransportError:
                status = 0
            assert status != 200
            gate.open.set()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.7.6", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.7", False),
        ("vault.example", False),
    ],
)
def test_who_can_call_an_address(host: str, alone: bool) -> None:
    assert loopback(host) is alone


def test_it_speaks_tls(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    with opened() as desk:
        config = configured(desk.service, port=0, certificate=certificate, key=key)
        listener = listening(config)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        address = f"https://localhost:{listener.getsockname()[1]}"
        trusted = ssl.create_default_context(cafile=certificate)
        got = httpx.get(f"{address}/healthz", verify=trusted)
        assert got.json() == {"status": "alive"}
        server.should_exit = True
        thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no prctl")
def test_a_process_that_keeps_its_memory_private_leaves_no_core() -> None:
    code = (
        "import ctypes, resource\n"
        "from llm_guard_protecto.server.hardening import keep_memory_private\n"
        "keep_memory_private()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(0, 0) 0"
