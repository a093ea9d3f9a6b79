"""The stores under load, measured: `pytest -m bench -s tests/bench/bench_store.py`.

The same as `python -m tests.bench.store`; and a small run of it, so that it still works when it is
wanted.
"""

from __future__ import annotations

import json

import pytest

from tests.bench.store import HEADING, PARTS, main


@pytest.mark.bench
@pytest.mark.parametrize("part", PARTS)
def test_store(part: str) -> None:
    main(["--part", part])


def test_every_part_is_measured_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--part", "masks", "--part", "rows", "--rows", "2000", "--seconds", "0.2", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert [row["claim"] for row in rows] == [
        *("first masks, durable", "median", "99 of 100 within"),
        *("rows added", "look-ups by value", "look-ups by token", "a row"),
    ]
    for row in rows:
        assert list(row) == list(HEADING)
        for store in ("SQLite", "PostgreSQL"):
            assert float(row[store].split()[0].replace(",", "")) > 0
