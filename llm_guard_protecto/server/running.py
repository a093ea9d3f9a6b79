"""How uvicorn runs the server."""

from __future__ import annotations

import uvicorn

from llm_guard_protecto.server.app import build
from llm_guard_protecto.server.service import Service

__all__ = ["configured"]

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
