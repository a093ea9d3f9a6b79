"""PostgreSQL restarted under load: clients and workers go on, and nothing that was said is lost."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from tests.postgres import Server
from tests.server.test_crash import check_seen, mask_once, user
from tests.test_cli_server import put, serving

CLIENTS = 3
RECOVERY = 10.0
"""Seconds within which all clients must be answered again, counted from when the database is."""


@contextmanager
def working(outside: Any, vault: str) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", "worker", "--vault", vault, "--lease", "3"],
        cwd=outside.home,
        env={**outside.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("working for")
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def drained(process: subprocess.Popen[str]) -> Iterator[None]:
    """Read the log of a server, or it would wait for room in the pipe; at the end stop it."""
    assert process.stderr is not None
    reader = threading.Thread(target=process.stderr.read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        process.kill()
        reader.join(60)


class Client(threading.Thread):
    """Masks new values one after the other, and notes when it was answered last."""

    def __init__(self, address: str, token: str, number: Any, seen: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._called = (address, token)
        self._number, self._seen = number, seen
        self.stopped = threading.Event()
        self.answered = 0.0
        self.statuses: set[int] = set()

    def run(self) -> None:
        address, token = self._called
        with httpx.Client(timeout=30) as client:
            while not self.stopped.is_set():
                value = f"customer number {next(self._number)} of all"
                status = mask_once(client, address, token, value, self._seen)
                self.statuses.add(status)
                if status == 200:
                    self.answered = time.monotonic()
                else:
                    time.sleep(0.1)


def submitted(address: str, token: str, count: int) -> list[str]:
    """The ids of jobs, some of which are at work when the database goes."""
    body = {"mask": [{"value": f"Ask Sarah Johnson about {'it ' * 1000}"}]}
    answers = [put(address, token, "mask/async", body).json() for _ in range(count)]
    return [answer["data"][0]["tracking_id"] for answer in answers]


def all_done(address: str, token: str, ids: list[str]) -> Callable[[], bool]:
    def look() -> bool:
        asked = {"status": [{"tracking_id": one} for one in ids]}
        jobs = put(address, token, "async-status", asked).json()["data"]
        return {job["status"] for job in jobs} == {"SUCCESS"}

    return look


def all_answered(clients: list[Client], since: float) -> bool:
    return all(client.answered > since for client in clients)


def restarts(
    outside: Any, server: Server, vault: str, ways: list[Callable[[], None]]
) -> list[float]:
    """Take the database away in some ways; for each the seconds until all clients go on."""
    token, seen, took = user(outside, vault), dict[str, str](), list[float]()
    number = itertools.count(10_000)
    with (
        serving(outside, "--vault", vault, "--workers", "0") as (address, process),
        working(outside, vault),
        drained(process),
    ):
        clients = [Client(address, token, number, seen) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for way in ways:
            until(partial(all_answered, clients, 0.0), 60)
            ids = submitted(address, token, 5)
            way()
            time.sleep(0.5)
            server.start()
            back = time.monotonic()
            until(partial(all_answered, clients, back), RECOVERY)
            took.append(max(client.answered for client in clients) - back)
            until(all_done(address, token, ids), 60)
        for client in clients:
            client.stopped.set()
        for client in clients:
            client.join(60)
            assert client.statuses <= {200, 503}
    check_seen(outside, vault, token, seen)
    print(
        f"\n{json.dumps([round(t, 2) for t in took])} s until all clients went on; {len(seen)} seen"
    )
    return took


def until(met: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.05)


def test_clients_and_workers_go_on_after_a_restart_of_the_database(
    outside: Any, postgres_server: Server, postgres: str
) -> None:
    restarts(outside, postgres_server, postgres, [postgres_server.stop])


@pytest.mark.slow
def test_the_same_ten_times_half_of_them_by_a_kill(
    outside: Any, postgres_server: Server, postgres: str
) -> None:
    ways = [postgres_server.stop, postgres_server.kill] * 5
    restarts(outside, postgres_server, postgres, ways)
