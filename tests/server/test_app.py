"""The server over a real socket: the bytes that come out, and what is too much to come in."""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from llm_guard_protecto.server.running import configured
from tests.server.desk import Desk, opened

TEXT = {"mask": [{"value": "Ask Sarah Johnson"}]}
LIMIT = 100_000


@contextmanager
def served(desk: Desk) -> Iterator[httpx.Client]:
    """A client of a server on a loopback port, with the desk's token."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(configured(desk.service))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        headers = {"Authorization": f"Bearer {desk.token}", "Accept": "text/plain"}
        try:
            with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with opened(body_limit=LIMIT) as desk, served(desk) as made:
        yield made


@pytest.mark.parametrize("path", ["/api/vault/mask", "/api/vault/mask/"])
def test_both_spellings_answer_without_a_redirect(client: httpx.Client, path: str) -> None:
    got = client.put(path, json=TEXT)
    assert got.status_code == 200
    assert got.headers["content-type"] == "application/json"
    [item] = got.json()["data"]
    assert item["token_value"].startswith("Ask <PER>")
    for unmask in ("unmask", "unmask/", "mask", "mask/"):
        body = {"unmask": [{"token_value": item["token_value"]}]}
        assert client.put(f"/api/vault/{unmask}", json=body).json()["data"][0]["value"] == (
            "Ask Sarah Johnson"
        )


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/vault", 404),
        ("GET", "/api/vault/", 404),
        ("PUT", "/api/vault/nothing", 404),
        ("PUT", "/api/vault/data-scan/status", 404),
        ("PUT", "/api/vault/%2e%2e/mask", 404),
        ("PUT", "/mask", 404),
        ("POST", "/healthz", 405),
        ("GET", "/api/vault/mask", 405),
        ("POST", "/api/vault/mask/", 405),
        ("PURGE", "/api/vault/mask", 405),
        ("OPTIONS", "/api/vault/unmask", 405),
        ("PUT", "/api/vault/mask", 400),
    ],
)
def test_every_error_is_json(client: httpx.Client, verb: str, path: str, status: int) -> None:
    got = client.request(verb, path)
    assert got.status_code == status
    assert got.headers["content-type"] == "application/json"
    assert got.json()["success"] is False
    assert got.json()["data"] is None
    assert got.json()["error"]["message"]


def test_no_token_no_answer(client: httpx.Client) -> None:
    got = client.put("/api/vault/mask", json=TEXT, headers={"Authorization": "Bearer nothing"})
    assert got.status_code == 401
    assert got.headers["www-authenticate"] == "Bearer"
    assert got.json()["error"]["message"] == "Authentication failed"
    assert got.json()["detail"]


def test_a_body_may_have_so_many_bytes_and_no_more(client: httpx.Client) -> None:
    frame = len(json.dumps({"mask": [{"value": ""}]}, separators=(",", ":")))
    fits = {"mask": [{"value": "a" * (LIMIT - frame)}]}
    assert client.put("/api/vault/mask", json=fits).status_code == 200
    fits["mask"][0]["value"] += "a"
    got = client.put("/api/vault/mask", json=fits)
    assert (got.status_code, got.json()["success"]) == (413, False)


def test_a_body_without_a_length_is_cut_off_too(client: httpx.Client) -> None:
    """An endless body is refused when it passes the limit, not when it ends."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * LIMIT:
            sent += 50_000
            yield b" " * 50_000

    try:
        assert client.put("/api/vault/mask", content=endless()).status_code == 413
    except httpx.TransportError:
        pass  # the server hung up while we were still writing
    assert sent < 100 * LIMIT


def test_a_lying_length_is_refused_before_the_body(client: httpx.Client) -> None:
    address = (client.base_url.host, client.base_url.port)
    with closing(http.client.HTTPConnection(*address)) as connection:
        connection.putrequest("PUT", "/api/vault/mask")
        connection.putheader("Authorization", client.headers["Authorization"])
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        with closing(connection.getresponse()) as got:
            assert got.status == 413
            assert json.loads(got.read())["success"] is False


def test_the_body_of_somebody_without_a_token_is_not_kept(client: httpx.Client) -> None:
    """It is not even looked at, whatever its size and form: 401, never 413, 415 or 400."""
    headers = {"Authorization": "Bearer nothing", "Content-Encoding": "gzip"}
    got = client.put("/api/vault/mask", content=b"{" * (LIMIT + 1), headers=headers)
    assert got.status_code == 401


def test_a_packed_body_is_refused(client: httpx.Client) -> None:
    packed = gzip.compress(json.dumps(TEXT).encode())
    got = client.put("/api/vault/mask", content=packed, headers={"Content-Encoding": "gzip"})
    assert got.status_code == 415
    assert got.json()["error"]["message"] == "Content-Encoding is not supported"


def test_any_string_travels(client: httpx.Client) -> None:
    text = "naïve \u2028 \x00 \U0001f600 \ud800 </script>"
    body = json.dumps({"mask": [{"value": text, "attribute": text}]}).encode()
    [item] = client.put("/api/vault/mask", content=body).json()["data"]
    assert item["value"] == item["attribute"] == text


def test_a_job_is_done_by_the_server(client: httpx.Client) -> None:
    [said] = client.put("/api/vault/mask/async", json=TEXT).json()["data"]
    asked = {"status": [{"tracking_id": said["tracking_id"]}]}
    deadline = time.monotonic() + 60
    while True:
        [job] = client.put("/api/vault/async-status/", json=asked).json()["data"]
        if job["status"] == "SUCCESS":
            break
        assert job["status"] in {"PENDING", "IN-PROGRESS"}
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert job["result"] == client.put("/api/vault/mask", json=TEXT).json()["data"]


def test_many_callers_at_once_agree(client: httpx.Client) -> None:
    def mask(_: int) -> str:
        body = {"mask": [{"value": "Ask Wilhelmina Featherstonehaugh"}]}
        got = client.put("/api/vault/mask", json=body)
        return str(got.json()["data"][0]["token_value"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(mask, range(80)))) == 1


def test_it_lives_and_is_ready(client: httpx.Client) -> None:
    for path, status in [("/healthz", "alive"), ("/readyz", "ready")]:
        got = client.get(path)
        assert (got.status_code, got.json()) == (200, {"status": status})


def test_it_describes_itself(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    assert described["servers"] == [{"url": "/api/vault"}]
    assert "/mask" in described["paths"]


def test_it_is_not_ready_when_the_vault_is_gone() -> None:
    with opened(ready_seconds=0) as desk, served(desk) as client:
        desk.service.namespaces.vault.close()
        got = client.get("/readyz")
        assert (got.status_code, got.json()["status"]) == (503, "not")
        assert "store" in got.json()["failed"]
        assert client.get("/healthz").status_code == 200
        got = client.put("/api/vault/mask", json=TEXT)
        assert (got.status_code, got.json()["success"]) == (503, False)


def test_the_log_knows_routes_and_no_content(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with opened() as desk, served(desk) as client:
        client.put("/api/vault/mask", json=TEXT)
        client.put("/api/vault/Sarah/Johnson", json=TEXT)
        secret = {"auth_token": desk.token}
        client.get("/api/vault/super-admin/namespace/auth-token/details", params=secret)
    ours = [r.getMessage() for r in caplog.records if r.name == "llm_guard_protecto.server"]
    assert [line.split(" ms")[0].rsplit(" ", 1)[0] for line in ours] == [
        "PUT /mask 200",
        "PUT other 404",
        "GET /super-admin/namespace/auth-token/details 403",
    ]
    said = "\n".join(
        r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))
    )
    assert "Sarah" not in said
    assert desk.token not in said


def test_what_a_client_saw_outlives_the_server(tmp_path: Path) -> None:
    key = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
    path = tmp_path / "vault.db"
    with opened(path, key) as desk:
        token = desk.token
        with served(desk) as client:
            masked = client.put("/api/vault/mask", json=TEXT).json()["data"][0]["token_value"]
            tracking_id = client.put("/api/vault/mask/async", json=TEXT).json()["data"][0]
    with opened(path, key) as desk:
        desk.token = token
        with served(desk) as client:
            body: Any = {"unmask": [{"token_value": masked}]}
            back = client.put("/api/vault/unmask", json=body).json()["data"][0]
            assert back["value"] == "Ask Sarah Johnson"
            body = {"status": [{"tracking_id": tracking_id["tracking_id"]}]}
            assert client.put("/api/vault/async-status", json=body).status_code == 200
