"""Calls that the gateway turns away before it reads them."""

from __future__ import annotations

import socket

import httpx
import pytest
from openai import OpenAI, RateLimitError

from llm_guard_protecto.server.settings import Settings
from tests.server.gateway.served import gateway
from tests.server.gateway.test_gateway import ASKED, openai


def test_a_token_has_so_many_calls_a_minute() -> None:
    with gateway(server=Settings(rate_limit=1)) as served, openai(served) as client:
        client.chat.completions.create(**ASKED)
        with pytest.raises(RateLimitError) as refused:
            client.chat.completions.create(**ASKED)
        assert refused.value.code == "rate_limit_exceeded"
        assert int(refused.value.response.headers["retry-after"]) > 0
        with OpenAI(api_key=served.token(), base_url=f"{served.url}/v1") as other:
            other.chat.completions.create(**ASKED)


def test_the_body_of_a_stranger_is_not_waited_for() -> None:
    with gateway() as served:
        address = httpx.URL(served.url)
        with socket.create_connection((address.host, address.port or 80), timeout=30) as caller:
            caller.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n"
                b"authorization: Bearer somebody\r\ncontent-length: 60000000\r\n\r\n{"
            )
            assert caller.recv(65536).startswith(b"HTTP/1.1 401")
        assert not served.provider.requests


def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    with gateway(server=Settings(request_seconds=0.2)) as served:
        address = httpx.URL(served.url)
        with socket.create_connection((address.host, address.port or 80), timeout=30) as caller:
            head = f"authorization: Bearer {served.token()}\r\ncontent-length: 1000\r\n\r\n"
            caller.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n" + head.encode() + b'{"'
            )
            assert caller.recv(65536).startswith(b"HTTP/1.1 408")


def test_so_many_calls_are_there_at_once() -> None:
    with gateway(server=Settings(concurrent=1)) as served, openai(served) as client:
        gateway_of = served.gateway
        with gateway_of.seats.one(), pytest.raises(Exception, match="busy") as refused:
            client.chat.completions.create(**ASKED)
        assert getattr(refused.value, "status_code", 0) == 503
        client.chat.completions.create(**ASKED)
