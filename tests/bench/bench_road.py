"""The road from prompt to reply, measured. Run with `pytest -m bench -s tests/bench`.

Prints the rows of the README's table that tell of speed and memory; `python -m tests.bench.claims`
prints all of them. Nothing here is asserted: a busy machine is not a bug.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench.claims import HEADING, part
from tests.bench.detection_report import Scope

pytestmark = pytest.mark.bench

ROAD = ("rules", "tagger", "mask", "restore", "stream", "chat", "overhead", "start")


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    table = Table(title="The road, measured", title_justify="left")
    for column in HEADING[:-1]:
        table.add_column(column, justify="left" if column in HEADING[:2] else "right")
    yield table
    Console(width=110).print(table)


@pytest.mark.parametrize("name", ROAD)
def test_road(name: str, table: Table) -> None:
    for row in part(name, Scope()):
        table.add_row(*row.cells()[:-1])
