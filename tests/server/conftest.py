from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.desk import Desk, opened


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened() as made:
        yield made
