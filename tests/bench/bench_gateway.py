"""The gateway before others' clients. Run with `pytest -m bench -s tests/bench/bench_gateway.py`."""

from __future__ import annotations

import pytest

from tests.bench.gateway import clients, leaks

pytestmark = pytest.mark.bench


def test_every_client_is_masked_and_restored() -> None:
    assert clients.main() == 0


def test_somebody_elses_leak_benchmark_is_content() -> None:
    assert leaks.main([]) == 0
