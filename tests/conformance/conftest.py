from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.served import Caller, Served, serving


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


@pytest.fixture
def caller(served: Served, request: pytest.FixtureRequest) -> Caller:
    """A caller in a namespace that only this test uses."""
    return served.caller(request.node.nodeid[-150:])
