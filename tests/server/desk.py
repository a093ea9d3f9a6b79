"""A service over a vault in memory, and a caller who speaks to it without a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_guard_protecto import LocalVault
from llm_guard_protecto.detect.find import Detector
from llm_guard_protecto.engine.audit import AuditSettings
from llm_guard_protecto.server.dispatch import answer
from llm_guard_protecto.server.messages import Answer, Request
from llm_guard_protecto.server.service import Service
from llm_guard_protecto.server.settings import Settings

ALL = ("mask", "unmask", "metadata_change")


class Clock:
    """Seconds since 1970, as a test wants them: 2026-03-04 05:06:07 to begin with."""

    now = 1_772_600_767.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """Calls a service as the holder of `token` would."""

    service: Service
    clock: Clock
    token: str

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        said = f"Bearer {self.token}" if self.token else ""
        got = answer(self.service, Request(method, path, said, query, raw))
        json.dumps(got.content)  # every answer is JSON
        return got

    def put(self, path: str, body: Any = None) -> Any:
        """The data of an answer that must be a success."""
        got = self.call("PUT", path, body)
        assert got.status == 200, got.content
        assert got.content["success"] is True
        assert got.content["error"] == {"message": ""}
        return got.content["data"]

    def get(self, path: str, **query: str) -> Any:
        got = self.call("GET", path, **query)
        assert got.status == 200, got.content
        return got.content["data"]

    def refused(self, path: str, body: Any = None, method: str = "PUT") -> tuple[int, str]:
        """Status and message of an answer that must be a refusal."""
        got = self.call(method, path, body)
        assert got.content["data"] is None
        assert got.content["success"] is False
        return got.status, got.content["error"]["message"]

    def of(self, namespace: str | None, *permissions: str) -> Desk:
        """The same service for the holder of a new token; of no namespace: of a master key."""
        token = self.service.bearers.create(namespace, "someone", permissions)
        return Desk(self.service, self.clock, token)


@contextmanager
def opened(
    url: str | Path = "memory:",
    environ: Any = None,
    *,
    detectors: Sequence[Detector] = (),
    deadline: float = 30.0,
    patience: float = 5.0,
    audit: AuditSettings | None = None,
    **settings: Any,
) -> Iterator[Desk]:
    """A desk in the namespace `acme` with every permission. No worker runs."""
    clock = Clock()
    with LocalVault(
        url,
        environ=environ or {},
        detectors=detectors,
        deadline=deadline,
        patience=patience,
        audit=audit,
        clock=clock,
    ) as vault:
        service = Service(vault, Settings(**settings), clock)
        yield Desk(service, clock, "").of("acme", *ALL)
