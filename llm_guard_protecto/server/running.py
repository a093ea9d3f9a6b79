"""How uvicorn runs the server: on what socket, with what memory, and how it stops."""

from __future__ import annotations

import gc
import socket
import time
from ipaddress import ip_address
from pathlib import Path
from types import FrameType

import uvicorn

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.server.app import build
from llm_guard_protecto.server.gateway.upstreams import Providers
from llm_guard_protecto.server.service import Service

__all__ = ["Server", "configured", "listening", "loopback"]

GRACE = 30
"""Seconds that requests at work have when the server is told to stop."""

KEEP_ALIVE = 75
"""Seconds for which a connection without a request stays open: longer than clients and proxies
keep theirs, or now and then one would send a request just as we hang up."""


def configured(
    service: Service,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    grace: int = GRACE,
    certificate: Path | None = None,
    key: Path | None = None,
    providers: Providers | None = None,
) -> uvicorn.Config:
    """The settings of a server for `service`, and gateway to `providers`; port 0 is any free one.

    It keeps no access log: an address may hold a bearer token. What it says itself goes to the
    loggers of the program. `certificate` and `key` are PEM files; with them it speaks TLS.
    """
    return uvicorn.Config(
        build(service, providers),
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=grace,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


class Server(uvicorn.Server):
    """A server that says that it will stop before it does, and ends its process with code 0."""

    def __init__(self, config: uvicorn.Config, service: Service, drain: float = 0.0) -> None:
        """`drain` is for how many seconds it goes on to serve, not ready, after SIGTERM."""
        super().__init__(config)
        self._health = service.health
        self._drain = drain
        self._until = float("inf")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and take what was built by now out of the garbage collector's rounds."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)  # a request leaves hardly anything to find

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Be not ready from now on and stop in a while; a second signal stops at once."""
        del sig, frame
        if self._health.stopping:
            self.should_exit = self.force_exit = True
        self._health.stopping = True
        self._until = time.monotonic() + self._drain

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now."""
        if time.monotonic() >= self._until:
            self.should_exit = True
        return await super().on_tick(counter)


def listening(config: uvicorn.Config, *, reuse_port: bool = False) -> socket.socket:
    """The socket to serve on. Raises `ConfigurationError` when the address cannot be had.

    With `reuse_port` other processes may listen there too, if all of them say so; the system deals
    the connections out. It is not to be had everywhere.

    It says that it speaks TCP: with a socket that does not, asyncio leaves Nagle's algorithm on,
    and every answer waits some forty milliseconds.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        where = f"{config.host}:{config.port}"
        raise ConfigurationError(f"cannot listen on {where}: {error.strerror}") from None
    return listener


def loopback(host: str) -> bool:
    """Whether only programs of this machine can call `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
