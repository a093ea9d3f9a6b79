"""What the checks of every framework share: a provider on a socket, and what may not reach it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.testing import FakeProvider

VALUES = (
    b"Sarah",
    b"Johnson",
    b"Okafor",
    b"okafor",
    b"Lindqvist",
    b"1111 1111",
    b"11111111",
    b"@mail",
)


@dataclass(frozen=True)
class Served:
    """A provider of this machine and its address."""

    provider: FakeProvider
    url: str

    def check(self) -> None:
        """It was asked, and no request held a value."""
        assert self.provider.requests
        for request in self.provider.requests:
            for value in VALUES:
                assert value not in request.body


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    provider = FakeProvider()
    with provider.serve() as url:
        for name in os.environ:
            if name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_BASE", url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield Served(provider, url)


@pytest.fixture
def vault() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}) as one:
        yield one
