from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.chromium import Visit, chromium


@pytest.fixture(scope="module")
def visit() -> Iterator[Callable[..., Visit]]:
    """Opens a page in a real browser."""
    with chromium() as opens:
        yield opens
