"""A running server on a real socket, with what a caller needs to speak to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from llm_guard_protecto import LocalVault, ProtectoVault
from llm_guard_protecto.server.running import configured, listening
from llm_guard_protecto.server.service import Service
from llm_guard_protecto.server.settings import Settings

__all__ = ["ALL", "Caller", "Served", "serving"]

ALL = ("mask", "unmask", "metadata_change")


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone with a token: `put` and `get` over HTTP, `vault` through our client."""

    url: str
    token: str
    http: httpx.Client

    def send(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
            return self.http.request(
                method, self.url + path, headers=headers, params=query, content=body
            )
        asked = {} if body is None else {"json": body}
        return self.http.request(method, self.url + path, headers=headers, params=query, **asked)

    def put(self, path: str, body: Any) -> Any:
        """The whole frame of an answer that must be a success."""
        return _good(self.send("PUT", path, body))

    def get(self, path: str, **query: str) -> Any:
        return _good(self.send("GET", path, **query))

    def refused(self, path: str, body: Any, method: str = "PUT") -> tuple[int, str]:
        """Status and message of an answer that must be a refusal, in the documented frame."""
        got = self.send(method, path, body)
        said = got.json()
        assert said["data"] is None
        assert said["success"] is False
        return got.status_code, said["error"]["message"]

    def vault(self, **settings: Any) -> ProtectoVault:
        """Our client, over the same connections."""
        usual = {"size": None, "retries": 0, "http_client": self.http}
        return ProtectoVault(self.url, self.token, **usual | settings)


@dataclass(frozen=True, slots=True)
class Served:
    """The server: `url` ends in `/api/vault`."""

    service: Service
    url: str
    http: httpx.Client

    def caller(self, namespace: str | None = "acme", *permissions: str) -> Caller:
        """Someone with a new token; of no namespace: with a master key."""
        allowed = () if namespace is None else permissions or ALL
        token = self.service.bearers.create(namespace, "someone", allowed)
        return Caller(self.url, token, self.http)

    def nobody(self, token: str = "") -> Caller:
        return Caller(self.url, token, self.http)


@contextmanager
def serving(
    environ: Mapping[str, str] | None = None, address: str = "memory:", **settings: Any
) -> Iterator[Served]:
    """A server of its own over a vault in memory."""
    with LocalVault(address, environ=environ or {}) as vault, httpx.Client(timeout=60) as http:
        service = Service(vault, Settings(**settings))
        config = configured(service, port=0)
        with listening(config) as listener:
            listener.listen()
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            try:
                port = listener.getsockname()[1]
                yield Served(service, f"http://127.0.0.1:{port}/api/vault", http)
            finally:
                server.should_exit = True
                thread.join()


def _good(answer: httpx.Response) -> Any:
    said = answer.json()
    assert answer.status_code == 200, said
    assert said["success"] is True
    assert said["error"] == {"message": ""}
    return said
