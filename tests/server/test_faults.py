"""Everything that can go wrong: nothing is let through, nothing is half done, and soon.

What a caller sees is one stable message for each fault, and it never quotes what was sent.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import httpx
import psycopg
import pytest

from llm_guard_protecto.engine.audit import AuditSettings
from llm_guard_protecto.models import Span
from tests.clients.leaks import leaked
from tests.server.desk import opened
from tests.server.test_app import served
from tests.sweep import CANARIES
from tests.test_canaries import KEY
from tests.test_cli_server import serving, token_of

MASK = "/api/vault/mask"
NEW = {"mask": [{"value": " and ".join(CANARIES)}]}
SECONDS = 1.0
"""The deadline of a request here; an answer comes within two more."""

Fault = Callable[[Path], Any]


def put(
    client: httpx.Client, body: Any, path: str = MASK, seconds: float = SECONDS + 2
) -> tuple[int, str]:
    """Status and message of a refusal, which comes within `seconds` and shows nothing."""
    began = time.monotonic()
    got = client.put(path, json=body)
    assert time.monotonic() - began < seconds
    assert got.headers["content-type"] == "application/json"
    assert leaked(got.content, CANARIES) == []
    said = got.json()
    assert (said["success"], said["data"]) == (False, None)
    return got.status_code, said["error"]["message"]


def rows(path: Path) -> int:
    """How many tokens the file holds."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(db.execute("SELECT count(*) FROM tokens").get)
    finally:
        db.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


def raising(texts: Sequence[str]) -> list[list[Span]]:
    raise ValueError(f"cannot read {texts[0]}")


def nonsense(texts: Sequence[str]) -> list[list[Span]]:
    return [[Span(0, 10**9, "PERSON")] for _ in texts]


def silent(texts: Sequence[str]) -> list[list[Span]]:
    return []


DETECTION = (503, "Detection did not finish, nothing was masked")


@pytest.mark.parametrize("detector", [raising, nonsense, silent])
def test_a_detector_that_fails(path: Path, detector: Any) -> None:
    with opened(path, KEY, detectors=[detector]) as desk, served(desk) as client:
        assert put(client, NEW) == DETECTION
        assert client.get("/readyz").json()["failed"] == ["masking"]
    assert rows(path) == 0


def test_a_detector_that_hangs(path: Path) -> None:
    """Its own deadline is shorter than that of the request."""
    release = threading.Event()

    def hang(texts: Sequence[str]) -> list[list[Span]]:
        if CANARIES[-1] in texts[0]:  # so not the self-test
            release.wait(60)
        return [[] for _ in texts]

    with opened(path, KEY, detectors=[hang], deadline=0.3, request_seconds=SECONDS) as desk:
        with served(desk) as client:
            assert put(client, NEW) == DETECTION
        release.set()
    assert rows(path) == 0


def test_a_detector_that_hangs_for_longer_than_a_request_may(path: Path) -> None:
    release = threading.Event()

    def hang(texts: Sequence[str]) -> list[list[Span]]:
        if CANARIES[-1] in texts[0]:  # so not the self-test
            release.wait(60)
        return [[] for _ in texts]

    with (
        opened(path, KEY, detectors=[hang], request_seconds=SECONDS) as desk,
        served(desk) as client,
    ):
        assert put(client, NEW) == LATE
        assert rows(path) == 0
        release.set()


UNAVAILABLE = (503, "The vault gave no answer, try again")
LATE = (504, "The request was not answered in time, try again")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program writes and does not come to an end."""
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def changed(path: Path) -> Iterator[None]:
    """Another program has taken a table away."""
    other = apsw.Connection(str(path))
    other.execute("ALTER TABLE tokens RENAME TO elsewhere")
    yield
    other.execute("ALTER TABLE elsewhere RENAME TO tokens")
    other.close()


def test_a_store_that_is_locked(path: Path) -> None:
    """Nothing is written, what is known is still answered, and all is well again afterwards."""
    with (
        opened(path, KEY, request_seconds=SECONDS, ready_seconds=0) as desk,
        served(desk) as client,
    ):
        known = {"mask": [{"value": "Ask Miguel Alvarez"}]}
        answer = client.put(MASK, json=known).json()
        token = {"unmask": [{"token_value": answer["data"][0]["token_value"]}]}
        before = rows(path)
        with locked(path):
            assert put(client, NEW) == LATE
            assert put(client, NEW, f"{MASK}/async") == LATE
            assert put(client, token, "/api/vault/unmask") == LATE  # it cannot be put on record
            assert client.put(MASK, json=known).json() == answer
            assert client.get("/readyz").json()["failed"] == ["late"]
            assert rows(path) == before
        assert client.put(MASK, json=NEW).status_code == 200


def test_a_server_as_it_is_by_default_does_not_wait_for_a_locked_store(outside: Any) -> None:
    """Whoever calls, one behind the other, is told within two seconds."""
    headers = {"Authorization": f"Bearer {token_of(outside)}"}
    with (
        serving(outside) as (address, _),
        httpx.Client(base_url=address, headers=headers, timeout=60) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        known = {"mask": [{"value": "Ask Miguel Alvarez"}]}
        answer = client.put("mask", json=known).json()
        token = {"unmask": [{"token_value": answer["data"][0]["token_value"]}]}
        with locked(outside.home / "vault.db"):
            soon = [pool.submit(put, client, NEW, to, 2.0) for to in ["mask", "mask/async"] * 8]
            assert {one.result() for one in soon} == {UNAVAILABLE}
            assert client.put("mask", json=known).json() == answer
            soon = [pool.submit(put, client, token, "unmask", 2.0) for _ in range(8)]
            assert {one.result() for one in soon} == {UNAVAILABLE}
        assert client.put("mask", json=NEW).status_code == 200


def test_a_server_does_not_wait_for_a_locked_postgres(postgres: str) -> None:
    """With the patience that `serve` has by default, which is not in the URL."""
    with (
        opened(postgres, KEY, patience=0.6) as desk,
        served(desk) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        client.put(MASK, json={"mask": [{"value": "Ask Miguel Alvarez"}]})
        with psycopg.connect(postgres) as other:
            for table in ("tokens", "jobs"):
                other.execute(f"LOCK TABLE llm_guard_protecto.{table} IN ACCESS EXCLUSIVE MODE")
            asked = [MASK, f"{MASK}/async"] * 8
            soon = [pool.submit(put, client, NEW, to, 2.0) for to in asked]
            assert {one.result() for one in soon} == {UNAVAILABLE}
        assert client.put(MASK, json=NEW).status_code == 200


def test_a_store_that_is_not_what_it_was(path: Path) -> None:
    with opened(path, KEY, request_seconds=SECONDS) as desk, served(desk) as client:
        client.put(MASK, json={"mask": [{"value": "Ask Miguel Alvarez"}]})
        with changed(path):
            assert put(client, NEW) == (500, "Masking failed after 3 retries")
        assert client.put(MASK, json=NEW).status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_a_disk_that_is_full(outside: Any) -> None:
    """The limit on the size of a file gives SQLite what a full disk gives: no page more."""
    token = token_of(outside)
    headers = {"Authorization": f"Bearer {token}"}
    folder = outside.home
    with (
        serving(outside) as (address, process),
        httpx.Client(base_url=address, headers=headers, timeout=60) as client,
    ):
        known = {"mask": [{"value": "Ask Miguel Alvarez"}]}
        answer = client.put("mask", json=known).json()
        shown = {"unmask": [{"token_value": answer["data"][0]["token_value"]}]}
        before = rows(folder / "vault.db")
        limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
        assert put(client, NEW, "mask") == UNAVAILABLE
        assert put(client, NEW, "mask/async") == UNAVAILABLE
        assert client.put("mask", json=known).json() == answer
        # An unmask that cannot be put on record is refused, and from then on everything else.
        assert put(client, shown, "unmask") == UNAVAILABLE
        assert put(client, known, "mask") == UNAVAILABLE
        assert rows(folder / "vault.db") == before
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        assert client.put("mask", json=NEW).status_code == 200
        assert client.put("unmask", json=shown).json()["data"][0]["value"] == "Ask Miguel Alvarez"


@pytest.mark.parametrize("masking", [False, True])
def test_an_audit_that_is_full(path: Path, masking: bool) -> None:
    """Nothing is turned back; masking goes on only where the operator has said so."""
    full = threading.Event()

    def sink(line: str) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")

    audit = AuditSettings(sink, every=1, mask_unrecorded=masking)
    with opened(path, KEY, audit=audit) as desk, served(desk) as client:
        known = {"mask": [{"value": "Ask Miguel Alvarez"}]}
        answer = client.put(MASK, json=known).json()
        shown = {"unmask": [{"token_value": answer["data"][0]["token_value"]}]}
        full.set()
        for _ in range(2):
            assert put(client, shown, "/api/vault/unmask") == UNAVAILABLE
        for body in (known, NEW):
            if masking:
                assert client.put(MASK, json=body).status_code == 200
            else:
                assert put(client, body) == UNAVAILABLE
        full.clear()
        assert client.put(MASK, json=NEW).status_code == 200
        got = client.put("/api/vault/unmask", json=shown).json()
        assert got["data"][0]["value"] == "Ask Miguel Alvarez"
