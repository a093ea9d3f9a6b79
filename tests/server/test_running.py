"""The socket that the server listens on."""

from __future__ import annotations

import socket

import pytest
import uvicorn

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.server.running import listening


async def nothing(*_: object) -> None:
    """An application that answers nobody."""


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_socket_says_that_it_speaks_tcp(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    listener = listening(uvicorn.Config(nothing, host=host, port=0))
    with listener:
        assert listener.proto == socket.IPPROTO_TCP
        assert listener.getsockname()[1] > 0


def test_an_address_in_use_is_named() -> None:
    with listening(uvicorn.Config(nothing, host="127.0.0.1", port=0)) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"cannot listen on 127\.0\.0\.1:{port}: "):
            listening(uvicorn.Config(nothing, host="127.0.0.1", port=port))
