"""The server killed under load, and its database: what a client saw answered stays true."""

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

from tests.test_cli_server import CREATE, put, serving, token_of

CLIENTS = 4


def load(
    address: str, token: str, stop: threading.Event, number: Any, seen: dict[str, str]
) -> None:
    """Mask new values until told to stop; `seen` has value by token for every 200."""
    with contextlib.suppress(httpx.HTTPError), httpx.Client(timeout=30) as client:
        while not stop.is_set():
            mask_once(client, address, token, f"customer number {next(number)} of all", seen)


def mask_once(
    client: httpx.Client, address: str, token: str, value: str, seen: dict[str, str]
) -> int:
    """Mask one value; the status. `seen` gets it with its token when that is 200."""
    got = client.put(
        f"{address}/mask",
        json={"mask": [{"value": value, "token_name": "Text Token"}]},
        headers={"Authorization": f"Bearer {token}"},
    )
    if got.status_code == 200:
        seen[got.json()["data"][0]["token_value"]] = value
    return got.status_code


def killed_while_busy(
    outside: Any, vault: str, token: str, number: Any, seen: dict[str, str]
) -> None:
    stop = threading.Event()
    before = len(seen)
    with serving(outside, "--vault", vault) as (address, process):
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


def check_seen(outside: Any, vault: str, token: str, seen: dict[str, str]) -> None:
    """Whatever was seen is unmasked by a server that has just started."""
    tokens = list(seen)
    with serving(outside, "--vault", vault) as (address, _):
        for first in range(0, len(tokens), 5_000):
            asked = tokens[first : first + 5_000]
            body = {"unmask": [{"token_value": one} for one in asked]}
            got = put(address, token, "unmask", body)
            assert got.status_code == 200, got.text
            assert [one["value"] for one in got.json()["data"]] == [seen[one] for one in asked]


def kills(outside: Any, vault: str, rounds: int) -> None:
    token = user(outside, vault)
    seen: dict[str, str] = {}
    number = itertools.count(10_000)
    for _ in range(rounds):
        killed_while_busy(outside, vault, token, number, seen)
    assert len(seen) > rounds
    check_seen(outside, vault, token, seen)
    print(f"\n{rounds} kills, {len(seen)} answers, all still true")


def user(outside: Any, vault: str) -> str:
    ran = outside.cli(*CREATE, "--json", LLM_GUARD_VAULT=vault)
    assert ran.returncode == 0, ran.stderr
    return str(json.loads(ran.stdout)["token"])


@pytest.fixture(params=["sqlite", "postgres"])
def vault(request: pytest.FixtureRequest) -> str:
    """The vault of a server, as it is told of it."""
    found = "vault.db"
    return found if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


def test_what_was_answered_before_a_kill_is_unmasked_after_it(outside: Any, vault: str) -> None:
    kills(outside, vault, 2)


@pytest.mark.slow
def test_the_same_fifty_times(outside: Any, vault: str) -> None:
    kills(outside, vault, 50)


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
