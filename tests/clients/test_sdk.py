"""Every form, with the SDK that is installed here, over each HTTP family it takes a client of."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from tests.clients.forms_streams import WAYS
from tests.clients.sdk_matrix import CASES, families, run
from tests.clients.stream_faults import broken


@pytest.fixture(scope="module", autouse=True)
def fast_collections() -> Iterator[None]:
    """The SDK's thousands of types are not looked through after every form, nor in a form.

    A collection in one of the server's threads would close the streams of another thread's loop.
    """
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


# What can go wrong with a stream is tried with each SDK's own family: 3 here, 2.x in its own place.
NEWEST, *OTHERS = families()
STREAMS = {name for name, _, _ in broken(WAYS)}
HERE = [
    (name, kind, family)
    for name, kind in CASES
    for family in (NEWEST, *OTHERS)
    if family == NEWEST or name not in STREAMS
]


@pytest.mark.parametrize(("name", "kind", "family"), HERE)
def test_form(name: str, kind: str, family: str) -> None:
    asyncio.run(run(name, kind, family))
    gc.collect()  # so that what was left open is blamed on this form
