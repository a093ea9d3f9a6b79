"""What detection finds, misses, wrongly touches and costs, beside Presidio and spaCy.

Run with `pytest -m bench -s tests/bench/bench_detection.py`; `LGP_BENCH_JSON=FILE` also writes the
figures as JSON. The same by hand, also in part: `python -m tests.bench.detection_report --help`.
The tables are not asserted, only that each section measured something.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.detection_report import SECTIONS, Table, figures, lines

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, Table]]:
    measured: dict[str, Table] = {}
    yield measured
    if path := os.environ.get("LGP_BENCH_JSON"):
        Path(path).write_text(json.dumps(measured, indent=1), encoding="utf-8")


@pytest.mark.parametrize("section", SECTIONS)
def test_section(section: str, measured: dict[str, Table]) -> None:
    measured |= figures([section])
    print("\n".join(["", *lines(section, measured[section])]))
    assert measured[section]
