"""Every kind of vault that documents can be masked with: in this process, and behind a socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from llm_guard_protecto import AsyncLocalVault, AsyncProtectoVault, LocalVault, ProtectoVault
from llm_guard_protecto.server.running import configured
from llm_guard_protecto.server.service import Service
from llm_guard_protecto.server.settings import Settings
from tests.protecto.service import listening


@pytest.fixture
def vault() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}) as one:
        yield one


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, str]]:
    """The URL of a vault server, and a bearer token for it."""
    with LocalVault("memory:", environ={}) as own, listening() as listener:
        service = Service(own, Settings())
        token = service.bearers.create(None, "root")
        server = uvicorn.Server(configured(service, port=0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with ProtectoVault(url, token, environ={}) as admin:
            made = admin.admin.create_token("docs", "ada@moss.example", ("mask", "unmask"))
        yield url, made.token
        server.should_exit = True
        thread.join()


@pytest.fixture(params=["embedded", "served"])
def any_vault(
    request: pytest.FixtureRequest, vault: LocalVault, served: tuple[str, str]
) -> Iterator[LocalVault | ProtectoVault]:
    if request.param == "embedded":
        yield vault
        return
    with ProtectoVault(*served, environ={}) as remote:
        yield remote


@pytest.fixture(params=["blocking", "embedded", "served"])
def awaited(
    request: pytest.FixtureRequest, vault: LocalVault, served: tuple[str, str]
) -> LocalVault | AsyncLocalVault | AsyncProtectoVault:
    if request.param == "served":
        return AsyncProtectoVault(*served, environ={})
    return AsyncLocalVault(vault=vault) if request.param == "embedded" else vault
