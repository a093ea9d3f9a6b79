"""A gateway on a real socket before a provider on another, and callers of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from llm_guard_protecto import LocalVault
from llm_guard_protecto.server.gateway.app import Gateway
from llm_guard_protecto.server.gateway.configuration import Gateway as Settings
from llm_guard_protecto.server.gateway.upstreams import Upstreams
from llm_guard_protecto.server.pool import Pool
from llm_guard_protecto.server.running import listening
from llm_guard_protecto.server.service import Service
from llm_guard_protecto.server.settings import Settings as Server
from llm_guard_protecto.testing import FakeProvider

KEYS = {"OPENAI_API_KEY": "sk-provider-openai", "ANTHROPIC_API_KEY": "sk-provider-anthropic"}


@dataclass
class Served:
    """`url` is the gateway's, without `/v1`; `provider` has what came to it."""

    url: str
    gateway: Gateway
    provider: FakeProvider
    service: Service
    loops: list[asyncio.AbstractEventLoop]

    def tasks(self) -> int:
        """How many tasks the gateway's loop has."""

        async def counted() -> int:
            return len(asyncio.all_tasks()) - 1

        return asyncio.run_coroutine_threadsafe(counted(), self.loops[0]).result(30)

    def comes_to_rest(self, tasks: int) -> bool:
        """Whether the loop has no more than so many tasks, soon."""
        end = time.monotonic() + 20
        while self.tasks() > tasks and time.monotonic() < end:
            time.sleep(0.02)
        return self.tasks() <= tasks

    def token(self, namespace: str = "acme", *permissions: str) -> str:
        """A new user token."""
        return self.service.bearers.create(namespace, "ada", permissions or ("mask", "unmask"))

    def done(self, namespace: str = "acme", calls: int = 1) -> list[str]:
        """The outcomes of the last calls, once there are so many."""
        end = time.monotonic() + 10
        while len(found := self.gateway.recent.of(namespace)) < calls and time.monotonic() < end:
            time.sleep(0.01)
        return [one.receipt.outcome for one in found]


def closing(app: Gateway, loops: list[asyncio.AbstractEventLoop]) -> Any:
    """The gateway with a lifespan: what it opened is closed in the loop that it ran in.

    That loop is put into `loops`.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)
            return
        await receive()
        loops.append(asyncio.get_running_loop())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await app.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    return application


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An ASGI application on a free port of this machine; its URL."""
    config = uvicorn.Config(app, port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    with listening(config) as listener:
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def settings(upstream: str, silence: float = 600.0, **others: object) -> Settings:
    """A configuration with both kinds of provider at `upstream`, silent for so long at most."""
    one = {"url": upstream, "seconds": silence}
    said = {
        "upstreams": {
            "openai": one | {"key_env": "OPENAI_API_KEY"},
            "anthropic": one | {"key_env": "ANTHROPIC_API_KEY"},
        }
    }
    return Settings.model_validate(said | others)


@contextmanager
def gateway(
    provider: FakeProvider | None = None,
    upstream: str | None = None,
    server: Server | None = None,
    silence: float = 600.0,
    **others: object,
) -> Iterator[Served]:
    """A gateway over a vault in memory; `others` are settings of its file."""
    provider = provider or FakeProvider()
    with LocalVault("memory:", environ={}) as vault, provider.serve() as address:
        service, pool = Service(vault, server), Pool(8)
        file = settings(upstream or address, silence, **others)
        app = Gateway(service, pool, file, Upstreams(file, KEYS))
        pool.start()
        loops: list[asyncio.AbstractEventLoop] = []
        with serving(closing(app, loops)) as url:
            yield Served(url, app, provider, service, loops)
        pool.stop()
