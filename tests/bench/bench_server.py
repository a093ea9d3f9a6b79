"""The server, measured. Run with `pytest -m bench -s tests/bench/bench_server.py`.

Nothing here is asserted but that the answers are right: a busy machine is not a bug.
"""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench.server import auth_checks, in_process, over_http

pytestmark = pytest.mark.bench


def test_server() -> None:
    table = Table(title="The server, measured: a short known text", title_justify="left")
    for heading in ("what", "measured", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    vault, service = in_process()
    table.add_row("mask, in process: the vault alone", f"{vault:.0f} µs")
    table.add_row("mask, in process: with JSON, token and routes", f"{service:.0f} µs")
    table.add_row("check of a token", f"{auth_checks():,.0f} /s", ">= 10,000 /s")
    for callers in (1, 8, 32):
        load, worked = over_http(callers, seconds=5)
        assert not load.wrong
        goal = ">= 2,000 /s" if callers == 8 else ""
        table.add_row(f"mask over HTTP, {callers} callers", f"{load.rate:,.0f} /s", goal)
        spread = f"{load.quantile(0.5) * 1e3:.2f} / {load.quantile(0.99) * 1e3:.2f} ms"
        table.add_row("  half of them / 99 % of them within", spread)
        added = f"{worked:.0f} µs, {worked - vault:.0f} µs more than in process"
        table.add_row("  processor time of the server for one", added)
    Console(width=100).print(table)
