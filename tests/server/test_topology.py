"""The processes of `deploy/compose.yaml`: PostgreSQL, one server, two workers, an async job."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import yaml

from tests.conftest import ROOT
from tests.test_canaries import KEY
from tests.test_cli_server import put

SERVICES = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
JOBS = 12


@contextmanager
def process(outside: Any, environ: dict[str, str], *words: str) -> Iterator[tuple[Any, str]]:
    """A process of ours, and the first line that it says. It ends well when it is told to."""
    started = subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", *words],
        cwd=outside.home,
        env={**outside.environ, **environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    try:
        yield started, started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        said, log = started.communicate(timeout=60)
        assert started.returncode == 0, log
        assert "Sarah" not in said + log
    finally:
        started.kill()
        started.communicate(timeout=30)


def test_a_job_goes_from_the_server_to_a_worker_and_back(outside: Any, postgres: str) -> None:
    environ = {"LLM_GUARD_VAULT": postgres, **KEY}
    made = outside.cli("token", "create", "--namespace", "acme", "--permissions", "mask,unmask",
                       **environ)  # fmt: skip
    [token] = re.findall(r"lgp_user_\w+", made.stdout.decode())
    serve = [*SERVICES["server"]["command"], "--port=0", "--host=127.0.0.1", "--drain=0"]
    work = SERVICES["worker"]["command"]
    with ExitStack() as stack:
        _, said = stack.enter_context(process(outside, environ, *serve))
        for _ in range(SERVICES["worker"]["deploy"]["replicas"]):
            stack.enter_context(process(outside, environ, *work))
        [address] = re.findall(r"http://\S+", said)
        ready = address.replace("/api/vault", "/readyz")
        assert httpx.get(ready, timeout=60).status_code == 200
        ids = []
        for number in range(JOBS):
            body = {"mask": [{"value": f"Ask Sarah Johnson about {number}"}]}
            [queued] = put(address, token, "mask/async", body).json()["data"]
            ids.append(queued["tracking_id"])
        jobs = finished(address, token, ids)
        masked = [job["result"][0]["token_value"] for job in jobs]
        assert len({one.partition(" about ")[0] for one in masked}) == 1  # one value, one token
        body = {"unmask": [{"token_value": one} for one in masked]}
        got = put(address, token, "unmask", body).json()["data"]
        assert [one["value"] for one in got] == [
            f"Ask Sarah Johnson about {number}" for number in range(JOBS)
        ]


def finished(address: str, token: str, ids: list[str]) -> list[Any]:
    """The jobs, once every one has ended well."""
    deadline = time.monotonic() + 120
    body = {"status": [{"tracking_id": one} for one in ids]}
    while True:
        jobs: list[Any] = put(address, token, "async-status", body).json()["data"]
        states = {job["status"] for job in jobs}
        if states == {"SUCCESS"}:
            return jobs
        assert states <= {"PENDING", "IN-PROGRESS", "SUCCESS"}, states
        assert time.monotonic() < deadline, states
        time.sleep(0.05)
