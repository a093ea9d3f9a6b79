"""A vault that two processes have open, as far as a vault can tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from llm_guard_protecto.engine import LocalVault
from tests.engine.clock import KEY, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(store_url: str, clock: Clock) -> Iterator[tuple[LocalVault, LocalVault]]:
    """A vault that is changed, and one that others have open meanwhile: another process to it."""
    with ExitStack() as stack:
        one = stack.enter_context(LocalVault(store_url, environ=KEY, clock=clock, audit=False))
        if store_url == "memory:":
            yield one, one.in_namespace("default")
        else:
            other = LocalVault(store_url, environ=KEY, clock=clock, audit=False)
            yield one, stack.enter_context(other)
