"""Cells a second of processor time: one `mask` call a cell beside one `mask_each` for all.

    python -m tests.bench.bulk.cells [CELLS]

A column each of the bench's table, without equal cells, all values new to the vault.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from llm_guard_protecto import LocalVault
from tests.bench.bulk.people import COLUMNS, rows

CHUNK = 1_000


def rate(work: Callable[[LocalVault, Sequence[str]], object], cells: Sequence[str]) -> float:
    """Cells a second, in a vault that knows none of them."""
    with LocalVault("memory:", environ={}) as vault:
        vault.mask(["Call Sarah Johnson at (555) 987-6543"])  # loads what a process loads once
        started = time.process_time()
        work(vault, cells)
        return len(cells) / (time.process_time() - started)


def one_by_one(vault: LocalVault, cells: Sequence[str]) -> None:
    """A call a cell."""
    for cell in cells:
        vault.mask([cell])


def together(vault: LocalVault, cells: Sequence[str]) -> None:
    """A call for a thousand cells."""
    for at in range(0, len(cells), CHUNK):
        vault.mask_each(cells[at : at + CHUNK])


def main() -> None:
    """Measure each column and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    table = list(rows(8 * count))
    print(
        "| column | cells | one by one, cells/s | in one call, cells/s | |\n|---|---|---|---|---|"
    )
    for at, name in enumerate(COLUMNS, 1):
        cells = list(dict.fromkeys(row[at] for row in table))[:count]
        alone, both = rate(one_by_one, cells), rate(together, cells)
        print(f"| {name} | {len(cells):,} | {alone:,.0f} | {both:,.0f} | {both / alone:.1f} x |")


if __name__ == "__main__":
    main()
