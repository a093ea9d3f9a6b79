"""The small Protecto on a socket, and a vault of either kind that talks to it."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from llm_guard_protecto import AsyncProtectoVault, ProtectoVault
from tests.protecto.service import TOKEN, Service, serving


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a proxy or a vault of this machine."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("LLM_GUARD_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def running() -> Iterator[Service]:
    with serving(Service()) as service:
        yield service


@pytest.fixture
def service(running: Service) -> Service:
    running.reset()
    return running


class Both:
    """A vault of one kind whose every call blocks, so that one test serves both kinds."""

    def __init__(self, vault: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.vault, self.loop = vault, loop

    def __getattr__(self, name: str) -> Any:
        thing = getattr(self.vault, name)
        if name == "admin":
            return Both(thing, self.loop)
        if not inspect.iscoroutinefunction(thing):
            return thing

        def blocking(*args: Any, **kwargs: Any) -> Any:
            return self.loop.run_until_complete(thing(*args, **kwargs))

        return blocking


Opens = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def opens(request: pytest.FixtureRequest, service: Service) -> Iterator[Opens]:
    """A function that opens a vault of either kind on the service; `pauses` notes its sleeps."""
    loop = asyncio.new_event_loop()
    opened: list[Both] = []

    def open_vault(url: str | None = None, token: str = TOKEN, **settings: Any) -> Any:
        pauses: list[float] = []

        async def asleep(seconds: float) -> None:
            pauses.append(seconds)

        if request.param == "sync":
            settings = {"sleep": pauses.append} | settings
            made: Any = ProtectoVault(url or service.url, token, **settings)
        else:
            settings = {"sleep": asleep} | settings
            made = AsyncProtectoVault(url or service.url, token, **settings)
        made.pauses = pauses
        opened.append(Both(made, loop))
        return opened[-1]

    yield open_vault
    for one in opened:
        if request.param == "sync":
            one.close()
        else:
            one.aclose()
    loop.close()
