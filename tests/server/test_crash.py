"""The server killed under load: whatever a client saw answered is still true afterwards."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import threading
import time
from typing import Any

import httpx
import pytest

from tests.test_cli_server import put, serving, token_of

CLIENTS = 4


def load(
    address: str, token: str, stop: threading.Event, number: Any, seen: dict[str, str]
) -> None:
    """Mask new values until told to stop; `seen` has value by token for every 200."""
    with contextlib.suppress(httpx.HTTPError), httpx.Client(timeout=30) as client:
        while not stop.is_set():
            value = f"customer number {next(number)} of all"
            got = client.put(
                f"{address}/mask",
                json={"mask": [{"value": value, "token_name": "Text Token"}]},
                headers={"Authorization": f"Bearer {token}"},
            )
            if got.status_code == 200:
                seen[got.json()["data"][0]["token_value"]] = value


def killed_while_busy(outside: Any, token: str, number: Any, seen: dict[str, str]) -> None:
    stop = threading.Event()
    before = len(seen)
    with serving(outside) as (address, process):
        threads = [
            threading.Thread(target=load, args=(address, token, stop, number, seen))
            for _ in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        while len(seen) == before and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        time.sleep(random.uniform(0.0, 0.3))
        process.kill()
        stop.set()
        for thread in threads:
            thread.join()


def kills(outside: Any, rounds: int) -> None:
    token = token_of(outside)
    seen: dict[str, str] = {}
    number = itertools.count(10_000)
    for _ in range(rounds):
        killed_while_busy(outside, token, number, seen)
    with serving(outside) as (address, _):
        tokens = list(seen)
        assert len(tokens) > rounds
        body = {"unmask": [{"token_value": one} for one in tokens]}
        got = put(address, token, "unmask", body)
        assert [one["value"] for one in got.json()["data"]] == list(seen.values())


def test_what_was_answered_before_a_kill_is_unmasked_after_it(outside: Any) -> None:
    kills(outside, 2)


@pytest.mark.slow
def test_the_same_fifty_times(outside: Any) -> None:
    kills(outside, 50)


@pytest.mark.slow
def test_every_job_ends_once_although_its_server_is_killed(outside: Any) -> None:
    token = token_of(outside)
    body = {"mask": [{"value": f"Ask Sarah Johnson about {'it ' * 2000}"}] * 20}
    ids = []
    for _ in range(3):
        with serving(outside) as (address, process):
            for _ in range(10):
                got = put(address, token, "mask/async", body)
                ids.append(got.json()["data"][0]["tracking_id"])
            process.kill()
    with serving(outside) as (address, _):
        deadline = time.monotonic() + 120
        while True:
            asked = {"status": [{"tracking_id": one} for one in ids]}
            jobs = put(address, token, "async-status", asked).json()["data"]
            if {job["status"] for job in jobs} == {"SUCCESS"}:
                break
            assert time.monotonic() < deadline, [job["status"] for job in jobs]
            time.sleep(0.5)
    results = {json.dumps(job["result"]) for job in jobs}
    assert len(results) == 1
