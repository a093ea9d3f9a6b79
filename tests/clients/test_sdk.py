"""Every form, with the SDK that is installed here, over each HTTP family it takes a client of."""

from __future__ import annotations

import asyncio
import gc

import pytest

from tests.clients.sdk_matrix import FORMS, KINDS, families, run


@pytest.mark.parametrize("family", families())
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMS)
def test_form(name: str, kind: str, family: str) -> None:
    asyncio.run(run(name, kind, family))
    gc.collect()  # so that what was left open is blamed on this form
