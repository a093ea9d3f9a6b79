"""Below the SDK: guarded HTTP clients of both families, as any framework would hold them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.clients import Limits, guarded
from llm_guard_protecto.clients.transport import transports
from llm_guard_protecto.guard import Exchange, Guard, Outgoing
from llm_guard_protecto.guard.flow import Flow
from llm_guard_protecto.guard.stream import Stream
from tests.clients.bench import JSON, NAME, PROMPT, VALUES, completion, echo, message, whole
from tests.clients.leaks import leaked
from tests.clients.tiny_vault import TinyVault
from tests.wireserver import Received, Script, WireServer

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": PROMPT}]}).encode()
PATH = "/v1/chat/completions"
FAMILIES = pytest.mark.parametrize("http", [httpx, httpx2], ids=["httpx", "httpx2"])


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer(echo) as server:
        yield server


def said(response: Any) -> str:
    text: str = response.json()["choices"][0]["message"]["content"]
    return text


@FAMILIES
def test_a_body_that_is_given_piece_by_piece(http: ModuleType, server: WireServer) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (BODY[at : at + 7] for at in range(0, len(BODY), 7))

    with guarded(http.Client(), TinyVault(*VALUES)) as client:
        response = client.post(server.url + PATH, content=pieces(), headers=JSON)
    assert said(response) == PROMPT
    assert leaked(bytes(server.heard), VALUES) == []
    (received,) = server.requests
    assert received.headers["content-length"] == str(len(received.body))


@FAMILIES
def test_an_async_body_that_is_given_piece_by_piece(http: ModuleType, server: WireServer) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(BODY), 7):
            yield BODY[at : at + 7]

    async def post() -> Any:
        async with guarded(http.AsyncClient(), TinyVault(*VALUES)) as client:
            return await client.post(server.url + PATH, content=pieces(), headers=JSON)

    assert said(asyncio.run(post())) == PROMPT
    assert leaked(bytes(server.heard), VALUES) == []


@FAMILIES
def test_an_error_of_the_callers_own_body_is_the_callers(
    http: ModuleType, server: WireServer
) -> None:
    def pieces() -> Iterator[bytes]:
        yield BODY[:9]
        raise LookupError

    with guarded(http.Client(), TinyVault(*VALUES)) as client, pytest.raises(LookupError):
        client.post(server.url + PATH, content=pieces(), headers=JSON)
    assert server.accepted == 0


@FAMILIES
@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"upgrade": "websocket", "connection": "upgrade"}, "WebSockets"),
        ({"content-encoding": "gzip"}, "compressed"),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=x"}, "signed"),
    ],
)
def test_requests_that_cannot_be_changed_are_not_sent(
    http: ModuleType, server: WireServer, headers: dict[str, str], says: str
) -> None:
    with guarded(http.Client(), TinyVault(*VALUES)) as client:
        response = client.post(server.url + PATH, content=BODY, headers=JSON | headers)
    assert response.status_code == 400
    assert says in response.json()["error"]["message"]
    assert server.accepted == 0


@FAMILIES
def test_a_signed_request_with_nothing_to_mask_is_sent(
    http: ModuleType, server: WireServer
) -> None:
    headers = JSON | {"authorization": "AWS4-HMAC-SHA256 Credential=x"}
    with guarded(http.Client(), TinyVault("nobody")) as client:
        response = client.post(server.url + PATH, content=BODY, headers=headers)
    assert response.status_code == 200
    assert server.requests[-1].body == BODY


@FAMILIES
def test_a_reply_beyond_the_limit(http: ModuleType) -> None:
    large = whole(completion(message("x" * 5000)))
    with WireServer(lambda request: large) as server:
        for limit, status in ((4000, 502), (6000, 200)):
            client = guarded(http.Client(), TinyVault(), limits=Limits(reply=limit))
            with client:
                response = client.post(server.url + PATH, content=BODY, headers=JSON)
            assert response.status_code == status
        assert "larger than the limit" not in response.text


@FAMILIES
def test_the_way_a_reply_is_read_is_the_hosts_choice(http: ModuleType, server: WireServer) -> None:
    client = guarded(http.Client(), TinyVault(*VALUES))
    with client, client.stream("POST", server.url + PATH, content=BODY, headers=JSON) as response:
        assert not response.is_closed
        body = b"".join(response.iter_raw(3))
        assert response.is_closed
    assert response.headers["content-length"] == str(len(body))
    assert PROMPT in json.loads(body)["choices"][0]["message"]["content"]


@FAMILIES
def test_even_a_refusal_is_read_as_usual(http: ModuleType, server: WireServer) -> None:
    client = guarded(http.Client(), TinyVault(*VALUES))
    with client, client.stream("POST", server.url + "/v1/other", content=BODY) as response:
        assert response.status_code == 400
        assert not response.is_closed
        body = b"".join(response.iter_raw())
    assert json.loads(body)["error"]["code"] == "unknown_format"


class Tied(Exception):
    """What a broken restorer raises; it quotes a value, as such errors do."""


def broken(http: ModuleType, where: str) -> Any:
    """A client whose exchanges fail on the way back, where they are told to."""

    class BrokenStream(Stream):
        def feed(self, data: bytes) -> bytes:
            if where == "feed":
                raise Tied(NAME)
            return data

        def flush(self) -> bytes:
            raise Tied(NAME)

    class BrokenExchange(Exchange):
        def reply(self, content_type: str, body: bytes) -> bytes:
            raise Tied(NAME)

        def stream(self, content_type: str) -> Stream:
            if where == "stream":
                raise Tied(NAME)
            return BrokenStream(self.format, self.tokens)

    class BrokenGuard(Guard):
        def open(self, request: Outgoing) -> Flow[Exchange]:
            opened = yield from super().open(request)
            return BrokenExchange(opened.body, opened.format, opened.tokens)

    transport = transports(http)[0](http.Client(), BrokenGuard(), TinyVault(), Limits())
    return http.Client(transport=transport)


@FAMILIES
@pytest.mark.parametrize("where", ["reply", "stream", "feed", "flush"])
def test_a_failure_to_restore_is_said_and_ends(
    http: ModuleType, where: str, server: WireServer, caplog: pytest.LogCaptureFixture
) -> None:
    asked = json.loads(BODY) | {"stream": where != "reply"}
    with broken(http, where) as client:
        response = client.post(server.url + PATH, json=asked)
    if where in ("reply", "stream"):
        assert response.status_code == 500
        error = response.json()["error"]
    else:
        last = response.text.strip().rpartition("data: ")[2]
        error = json.loads(last)["error"]
    assert error["type"] == "llm_guard_protecto"
    assert "restoring the reply" in error["message"]
    assert NAME not in error["message"]
    assert "Tied" in caplog.text  # the kind of the failure, for whoever looks into it
    assert NAME not in caplog.text


HEADER = st.tuples(
    st.from_regex(r"x-[a-z]{1,12}", fullmatch=True),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
)


@FAMILIES
@given(headers=st.lists(HEADER, max_size=8), query=st.text("abc=&20", max_size=9))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_all_but_the_text_arrives_as_it_was(
    http: ModuleType, server: WireServer, headers: list[tuple[str, str]], query: str
) -> None:
    """Against the same request sent without us: start line and headers, order and doubles."""
    sent = [("content-type", "application/json"), *headers]
    server.requests.clear()
    with http.Client(headers={"accept-encoding": "identity"}) as bare:
        bare.post(f"{server.url}{PATH}?{query}", content=BODY, headers=sent)
    with guarded(http.Client(), TinyVault("nobody")) as client:
        client.post(f"{server.url}{PATH}?{query}", content=BODY, headers=sent)
    plain, ours = ([*one.raw.split(b"\r\n")] for one in server.requests)
    assert ours[0] == plain[0]
    assert sorted(line.lower() for line in ours) == sorted(line.lower() for line in plain)
    names = [name.encode() for name, _ in headers]
    mine = [line for line in ours if line.partition(b":")[0].lower() in names]
    assert mine == [line for line in plain if line.partition(b":")[0].lower() in names]


@FAMILIES
def test_reply_headers_stay(http: ModuleType) -> None:
    kept = {"x-request-id": "r1", "set-cookie": "a=1", "openai-processing-ms": "7"}

    def answer(request: Received) -> Script:
        return whole(completion(message("hello")), headers=kept)

    with WireServer(answer) as server, guarded(http.Client(), TinyVault()) as client:
        response = client.post(server.url + PATH, content=BODY, headers=JSON)
    assert kept.items() <= dict(response.headers).items()
    assert client.cookies["a"] == "1"
