"""`worker`, as an operator runs it: what it refuses, and how it stops."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.jobs import Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.store.jobs import JobRow

KEY = "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="
CLEAR = "Wilhelmina Featherstonehaugh"
LONG = f"Write to {CLEAR}. " + "It was late again, and nobody came. " * 6_000


@contextmanager
def working(outside: Any, url: str) -> Iterator[subprocess.Popen[str]]:
    """A worker that does one job at a time."""
    words = ["worker", "--vault", url, "--concurrency", "1", "--lease", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", *words],
        cwd=outside.home,
        env={**outside.environ, "LGP_VAULT_KEY": KEY, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("working for"), process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


class Jobs:
    """The jobs of a vault, as its own queue tells of them."""

    def __init__(self, url: str) -> None:
        self.vault = LocalVault(url, environ={"LGP_VAULT_KEY": KEY})
        self.queue = Queue(Namespaces(self.vault))

    def submit(self, text: str) -> str:
        return self.queue.submit(self.vault, "mask", "someone", {"mask": [{"value": text}]})

    def row(self, tracking_id: str) -> JobRow:
        number = self.vault.keyring.namespace
        return self.vault.store.jobs.get(number, [tracking_id])[tracking_id]

    def until(self, tracking_id: str, status: str) -> JobRow:
        deadline = time.monotonic() + 60
        while (row := self.row(tracking_id)).status != status:
            assert time.monotonic() < deadline, row.status
            time.sleep(0.01)
        return row


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres"))
    return f"sqlite:///{tmp_path / 'private' / 'vault.db'}"


@pytest.fixture
def jobs(url: str) -> Iterator[Jobs]:
    made = Jobs(url)
    yield made
    made.vault.close()


def test_one_signal_lets_jobs_end_and_two_leave_them_to_others(
    outside: Any, url: str, jobs: Jobs
) -> None:
    first = jobs.submit(LONG)
    with working(outside, url) as process:
        jobs.until(first, "IN-PROGRESS")
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "stopping when the jobs at work are done\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM
    assert jobs.row(first).status == "IN-PROGRESS"
    with working(outside, url) as process:
        assert jobs.until(first, "SUCCESS").tries == 2
        second, third = jobs.submit(LONG * 10), jobs.submit("not begun")
        jobs.until(second, "IN-PROGRESS")
        process.send_signal(signal.SIGTERM)
        said, log = process.communicate(timeout=60)
        assert process.returncode == 0
    assert (jobs.row(second).status, jobs.row(third).status) == ("SUCCESS", "PENDING")
    assert f"job {first} mask try 2: SUCCESS" in log
    assert CLEAR not in said + log
    assert "late again" not in said + log


def test_a_worker_with_another_key_does_not_start_and_takes_no_job(
    outside: Any, url: str, jobs: Jobs
) -> None:
    tracking_id = jobs.submit("Ask Sarah Johnson")
    other = base64.b64encode(os.urandom(32)).decode()
    ran = outside.cli("worker", "--vault", url, LGP_VAULT_KEY=other)
    assert ran.returncode == 3
    assert b"key" in ran.stderr
    assert ran.stderr.count(b"\n") == 1
    assert ran.stdout == b""
    row = jobs.row(tracking_id)
    assert (row.status, row.tries) == ("PENDING", 0)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--vault", "memory:"), 1, b"a vault in memory is not shared"),
        (("--vault", "postgresql://127.0.0.1:1/nothing"), 1, b"nothing listens there"),
        (("--vault", "memory:", "--concurrency", "0"), 2, b"--concurrency"),
    ],
)
def test_a_worker_says_what_it_cannot_work_for(
    outside: Any, words: tuple[str, ...], code: int, said: bytes
) -> None:
    done = outside.cli("worker", *words)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count(b"\n") == 1
