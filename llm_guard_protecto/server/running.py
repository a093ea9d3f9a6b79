"""How uvicorn runs the server."""

from __future__ import annotations

import socket

import uvicorn

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.server.app import build
from llm_guard_protecto.server.service import Service

__all__ = ["configured", "listening"]

GRACE = 30
"""Seconds that requests at work have when the server is told to stop."""


def configured(service: Service, host: str = "127.0.0.1", port: int = 8000) -> uvicorn.Config:
    """The settings of a server for `service`; port 0 is any free one.

    It keeps no access log: an address may hold a bearer token. What it says itself goes to the
    loggers of the program.
    """
    return uvicorn.Config(
        build(service),
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GRACE,
    )


def listening(config: uvicorn.Config) -> socket.socket:
    """The socket to serve on. Raises `ConfigurationError` when the address cannot be had.

    It says that it speaks TCP: with a socket that does not, asyncio leaves Nagle's algorithm on,
    and every answer waits some forty milliseconds.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        where = f"{config.host}:{config.port}"
        raise ConfigurationError(f"cannot listen on {where}: {error.strerror}") from None
    return listener
