"""What the server adds to a vault, measured over a real socket to a process of its own.

The callers and the server share the machine: on two cores the callers take a part of them.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.bearers import Bearers
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.server.dispatch import answer
from llm_guard_protecto.server.messages import Request
from llm_guard_protecto.server.service import Service
from tests.bench.callers import Ask, Load, call, put
from tests.bench.road import KEY

__all__ = ["MASK", "Served", "auth_checks", "in_process", "known_texts", "over_http", "serving"]

MASK = "/api/vault/mask"
_NAMES = ("Sarah Johnson", "Miguel Alvarez", "Wilhelmina Berger", "Yuki Tanaka", "Amara Okafor")


@dataclass(frozen=True, slots=True)
class Served:
    """A server in a process of its own, and a token that may do everything there."""

    host: str
    port: int
    token: str
    pid: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"


def known_texts(count: int = 200) -> list[str]:
    """Short texts, each with an invented person in it."""
    names = itertools.islice(itertools.cycle(_NAMES), count)
    return [f"Ask {name} about order {number}" for number, name in enumerate(names)]


@contextmanager
def serving(*options: str, processes: int = 1) -> Iterator[Served]:
    """A server on a fresh vault file, as one or more processes at one port.

    Its log is thrown away; `pid` is that of the first.
    """
    with TemporaryDirectory() as folder, ExitStack() as running:
        path = Path(folder) / "vault.db"
        with LocalVault(path, environ=KEY) as vault:
            bearers = Bearers(Namespaces(vault))
            token = bearers.create("acme", "bench", ["mask", "unmask", "metadata_change"])
        command = [sys.executable, "-m", "llm_guard_protecto", "serve", "--vault", str(path)]
        command += ["--reuse-port"] if processes > 1 else []
        host, port, pid = running.enter_context(_process([*command, "--port", "0", *options]))
        served = Served(host, port, token, pid)
        _await(served)
        for _ in range(processes - 1):
            running.enter_context(_process([*command, "--port", str(port), *options]))
        if processes > 1:
            time.sleep(5)  # the readiness of one says nothing of another at the same port
        yield served


@contextmanager
def _process(command: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """A process of the server: the host and port where it listens, and its number."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **KEY, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://([^:/]+):(\d+)", process.stdout.readline())
        assert found, "the server did not start"
        yield found[1], int(found[2]), process.pid
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _await(served: Served) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{served.url}/readyz", timeout=60).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "the server is not ready"
        time.sleep(0.1)


def over_http(
    callers: int, seconds: float, texts: Sequence[str] | None = None
) -> tuple[Load, float]:
    """Masking short known texts over HTTP, one text a request.

    Also the microseconds of processor time that the server took for one of them.
    """
    with serving() as served:
        asks = [
            Ask(put(MASK, served.token, {"mask": [{"value": text}]}))
            for text in texts or known_texts()
        ]
        address = (served.host, served.port)
        call(address, itertools.cycle(asks), callers=4, seconds=1)  # now they are known
        before = _worked(served)
        load = call(address, itertools.cycle(asks), callers=callers, seconds=seconds)
        return load, 1e6 * (_worked(served) - before) / len(load.latencies)


def _worked(served: Served) -> float:
    """Seconds of processor time that the server has taken so far."""
    lines = httpx.get(f"{served.url}/metrics", timeout=60).text.splitlines()
    [line] = [line for line in lines if line.startswith("process_cpu_seconds_total")]
    return float(line.split()[1])


def in_process(seconds: float = 2.0) -> tuple[float, float]:
    """Microseconds of masking a short known text: by the vault alone, and by the service.

    The service is all of the server but HTTP: it reads the JSON body and checks the token.
    """
    texts = known_texts()
    with _service() as (service, token):
        vault = service.namespaces.get("acme")
        assert vault is not None
        bodies = [json.dumps({"mask": [{"value": text}]}).encode() for text in texts]
        requests = [Request("PUT", "/mask", f"Bearer {token}", {}, body) for body in bodies]
        plain = _each(seconds, [lambda t=t: vault.mask([t]) for t in texts])  # type: ignore[misc]
        whole = _each(seconds, [lambda r=r: answer(service, r) for r in requests])  # type: ignore[misc]
    return plain * 1e6, whole * 1e6


def auth_checks(seconds: float = 2.0) -> float:
    """Checks of a good token a second, each of which looks whether it was revoked meanwhile."""
    with _service() as (service, token):
        return 1 / _each(seconds, [lambda: service.bearers.caller(token)])


@contextmanager
def _service() -> Iterator[tuple[Service, str]]:
    with (
        TemporaryDirectory() as folder,
        LocalVault(Path(folder) / "vault.db", environ=KEY) as vault,
    ):
        service = Service(vault)
        yield service, service.bearers.create("acme", "bench", ["mask"])


def _each(seconds: float, works: Sequence[Callable[[], object]]) -> float:
    """Seconds of processor time that one of them takes when all have been done before."""
    for work in works:
        work()
    began, done = time.process_time(), 0  # others may be busy on this machine
    while (took := time.process_time() - began) < seconds:
        for work in works:
            work()
        done += len(works)
    return took / done
