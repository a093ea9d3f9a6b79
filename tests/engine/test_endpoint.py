"""Protecto's contract for custom tags, against a real server on a real socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.engine.endpoint import Endpoint
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.models import Span

POLICY = Policy.parse({"name": "mine", "custom": {"CUSTOMER_ID": {}}})

Reply = Callable[[Any], tuple[int, bytes]]


class Server:
    """An endpoint of the customer's: `reply` makes an answer of what was asked."""

    def __init__(self) -> None:
        self.reply: Reply = lambda asked: (200, json.dumps(first_form(asked)).encode())
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.asked.append((self.command, dict(self.headers), body))
                status, data = outer.reply(body)
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "http://127.0.0.1:9/elsewhere")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:  # a client that gave up
                pass

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/find"


def places(text: str) -> list[dict[str, Any]]:
    at = text.find("ID001")
    return [{"text": "ID001", "start": at, "end": at + 5}] if at >= 0 else []


def first_form(asked: Any) -> Any:
    return {
        "data": {
            "input_texts": [
                {
                    "input_text": text,
                    "pii_identification": [{"type": asked["tag_type"], **one} for one in places(text)],
                }
                for text in asked["data"]["input_texts"]
            ]
        }
    }  # fmt: skip


def second_form(asked: Any) -> Any:
    return [one for text in asked["data"]["input_texts"] for one in places(text)]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture
def endpoint(server: Server) -> Iterator[Endpoint]:
    endpoint = Endpoint(server.url, "CUSTOMER_ID", headers={"x-key": "secret-1"}, timeout=0.5)
    yield endpoint
    endpoint.close()


TEXTS = ["😀 for ID001", "nobody", "ID001"]
FOUND = [
    [Span(6, 11, "CUSTOMER_ID", 1.0, "endpoint:CUSTOMER_ID")],
    [],
    [Span(0, 5, "CUSTOMER_ID", 1.0, "endpoint:CUSTOMER_ID")],
]


@pytest.mark.parametrize("form", [first_form, second_form])
def test_both_answers_are_understood(
    server: Server, endpoint: Endpoint, form: Callable[[Any], Any]
) -> None:
    server.reply = lambda asked: (200, json.dumps(form(asked)).encode())
    assert endpoint(TEXTS) == FOUND
    assert endpoint(TEXTS[:1]) == FOUND[:1]
    assert endpoint(TEXTS) == FOUND


def test_what_is_asked_is_the_contract(server: Server, endpoint: Endpoint) -> None:
    endpoint(TEXTS)
    [(method, headers, body)] = server.asked
    assert method == "PUT"
    assert body == {"data": {"input_texts": TEXTS}, "tag_type": "CUSTOMER_ID"}
    assert headers["x-key"] == "secret-1"
    assert "secret-1" not in repr(endpoint)


def test_a_vault_masks_what_it_finds(server: Server, endpoint: Endpoint) -> None:
    with LocalVault("memory:", policy=POLICY, environ={}, detectors=[endpoint]) as vault:
        [masked] = vault.mask(["order of ID001 by Sarah Johnson"])
        assert "ID001" not in masked.token_value
        assert "<CUSTOMER_ID>" in masked.token_value
        assert "Sarah" not in masked.token_value


def test_positions_that_do_not_fit_give_way_to_the_text(server: Server, endpoint: Endpoint) -> None:
    server.reply = lambda _: (200, b'[{"text": "ID001", "start": 8, "end": 13}]')
    assert endpoint(["😀😀 for ID001"])[0][0].start == 7


WRONG: dict[str, bytes] = {
    "no JSON": b"<html>",
    "no list": b'{"data": {}}',
    "too few": b'{"data": {"input_texts": []}}',
    "other text": b'{"data": {"input_texts": [{"input_text": "x", "pii_identification": []}]}}',
    "no places": b'{"data": {"input_texts": [{"input_text": "Sarah"}]}}',
    "outside": b'[{"start": 3, "end": 99}]',
    "text that is not there": b'[{"text": "ID9", "start": 0, "end": 3}]',
    "empty": b'[{"text": "", "start": 0, "end": 0}]',
    "no numbers": b'[{"start": "a", "end": "b"}]',
    "a word": b'["ID001"]',
    "nothing": b"",
    "null": b"null",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_fails_closed(server: Server, endpoint: Endpoint, wrong: str) -> None:
    server.reply = lambda _: (200, WRONG[wrong])
    with pytest.raises(DetectionFailed, match="the endpoint for CUSTOMER_ID failed") as caught:
        endpoint(["Sarah"])
    assert "Sarah" not in f"{caught.value}{caught.value.__context__}"


@pytest.mark.parametrize("status", [204, 302, 400, 401, 500, 503])
def test_any_status_but_200_fails_closed(server: Server, endpoint: Endpoint, status: int) -> None:
    server.reply = lambda _: (status, b"")
    with pytest.raises(DetectionFailed, match=f"status {status}"):
        endpoint(["Sarah"])


def test_a_slow_answer_fails_closed(server: Server, endpoint: Endpoint) -> None:
    def slow(_: Any) -> tuple[int, bytes]:
        time.sleep(1.2)
        return 200, b"[]"

    server.reply = slow
    with (
        LocalVault("memory:", policy=POLICY, environ={}, detectors=[endpoint]) as vault,
        pytest.raises(DetectionFailed, match="ReadTimeout"),
    ):
        vault.mask(["Sarah"])


def test_nobody_there_fails_closed() -> None:
    gone = Endpoint("http://127.0.0.1:9/find", "CUSTOMER_ID", timeout=0.5)
    with pytest.raises(DetectionFailed, match="ConnectError"):
        gone(["Sarah"])
    gone.close()


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_client_of_your_own(server: Server, library: str) -> None:
    http = pytest.importorskip(library, reason=f"{library} is not installed")
    with http.Client() as client:
        assert Endpoint(server.url, "CUSTOMER_ID", client=client)(TEXTS) == FOUND


def test_an_address_that_is_not_http_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="starts with https"):
        Endpoint("ftp://127.0.0.1/x", "CUSTOMER_ID")
