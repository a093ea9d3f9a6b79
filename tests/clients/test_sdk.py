"""Every form, with the SDK that is installed here, over each HTTP family it takes a client of."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from tests.clients.sdk_matrix import CASES, families, run


@pytest.fixture(scope="module", autouse=True)
def fast_collections() -> Iterator[None]:
    """The SDK's thousands of types are not looked through after every form."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("family", families())
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_form(name: str, kind: str, family: str) -> None:
    asyncio.run(run(name, kind, family))
    gc.collect()  # so that what was left open is blamed on this form
