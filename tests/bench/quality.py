"""What the README claims of detection, as pairs of figures: ours and Presidio's.

The figures are those of the tables of `detection_report` and of the other benches; here they are
only picked out. None stands for what was not measured.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

from llm_guard_protecto.detect.toxicity import LABELS, scorer, toxicity
from tests.bench import bench_evasion, detection_report
from tests.bench.detection_report import Scope, Table
from tests.bench.detection_sets import data_folder, held_back_sets
from tests.bench.detection_speed import hundreds
from tests.detect.test_toxicity import JIGSAW, LABELLED, area_under_curve
from tests.tricks import TRICKS

__all__ = ["Pair", "code", "cost", "development", "evasion", "held_back", "negatives"]
__all__ += ["own_prompts", "toxicity_auc", "toxicity_cost"]

Pair = tuple[float | None, float | None]

OURS, THEIRS = "ours", "presidio"


def development(scope: Scope) -> list[Pair]:
    """charF and leak on the development set, then in lower case."""
    table = _by_set(detection_report.development(data_folder(), scope))
    sets = ("presidio_v2", "presidio_v2, lower case")
    return [_pair(table, name, column) for name in sets for column in ("charF", "leak")]


def held_back(scope: Scope) -> list[Pair]:
    """charF and leak on the held-back tenths, the mean over the corpora."""
    table = _by_set(detection_report.corpora(data_folder(), scope))
    names = dict.fromkeys(name for name, _ in table)
    return [_mean([_pair(table, name, column) for name in names]) for column in ("charF", "leak")]


def own_prompts(scope: Scope, languages: Sequence[str]) -> list[Pair]:
    """charF and leak on our own English prompts, then leak in each other language."""
    table = _by_set(detection_report.prompts(data_folder(), scope))
    english = [_pair(table, "en", column) for column in ("charF", "leak")]
    return [*english, *(_pair(table, name, "leak") for name in languages)]


def negatives(scope: Scope) -> list[Pair]:
    """The share of prompts touched that have nothing to mask."""
    table = detection_report.hard_negatives(data_folder(), scope)
    return [(_figure(table.get(OURS), "touched"), _figure(table.get(THEIRS), "touched"))]


def code(scope: Scope) -> list[Pair]:
    """False alarms a KB of source code."""
    table = _by_set(detection_report.code_sample(data_folder(), scope))
    return [_pair(table, "a sample of both", "alarms/KB")]


def cost(scope: Scope) -> list[Pair]:
    """ms a prompt, s and MB of the first find, KB/s of a document, ms of the worst text."""
    table = _by_set(detection_report.cost(data_folder(), scope))
    return [
        _pair(table, "100 words", "ms"),
        _pair(table, "start", "s"),
        _pair(table, "start", "MB"),
        _pair(table, "document of 1 MB", "KB/s"),
        _pair(table, "worst 20 kB", "ms"),
    ]


def evasion(_: Scope) -> list[Pair]:
    """How many cells of the two tables of disguises count."""
    tricks = bench_evasion.matrix(TRICKS, list(TRICKS))
    return [
        (bench_evasion.good(tricks), None),
        (bench_evasion.good(bench_evasion.encodings()), None),
    ]


def toxicity_auc(scope: Scope) -> list[Pair]:
    """The mean area under the curve of the six scores, on comments never learned from."""
    if not LABELLED.exists():
        return [(None, None)]
    lines = LABELLED.read_text(encoding="utf-8").splitlines()[:: scope.every]
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    scores = toxicity([row["text"] for row in rows])
    areas = [
        area_under_curve([one[ours] for one in scores], [row[theirs] for row in rows])
        for ours, theirs in zip(LABELS, JIGSAW, strict=True)
        if len({row[theirs] for row in rows}) == 2
    ]
    return [(statistics.mean(areas), None)]


def toxicity_cost(_: Scope) -> list[Pair]:
    """Median ms of processor time for a prompt seen for the first time, then for one seen before.

    The scorer starts without a known word and knows more with each of the 100 prompts.
    """
    data = data_folder()
    if data is None:
        return [(None, None), (None, None)]
    rows = [row for part in held_back_sets(data).values() for row in part]
    fresh = scorer.__wrapped__()
    fresh.score(["Warm up."])
    took: list[tuple[float, float]] = []
    for row in hundreds(rows, 100):
        began = time.process_time()
        fresh.score([row["text"]])
        first = time.process_time()
        fresh.score([row["text"]])
        took.append(((first - began) * 1e3, (time.process_time() - first) * 1e3))
    return [(statistics.median(one), None) for one in zip(*took, strict=True)]


_BySet = dict[tuple[str, str], dict[str, Any]]


def _by_set(table: Table) -> _BySet:
    """The rows by (set without its size, engine)."""
    found: _BySet = {}
    for key, row in table.items():
        name, _, engine = key.rpartition(" | ")
        found[name.rsplit(" (", 1)[0], engine] = row
    return found


def _pair(table: _BySet, name: str, column: str) -> Pair:
    return (
        _figure(table.get((name, OURS)), column),
        _figure(table.get((name, THEIRS)), column),
    )


def _figure(row: dict[str, Any] | None, column: str) -> float | None:
    figure = (row or {}).get(column)
    return None if figure is None else float(figure)


def _mean(pairs: Sequence[Pair]) -> Pair:
    ours = [pair[0] for pair in pairs if pair[0] is not None]
    theirs = [pair[1] for pair in pairs if pair[1] is not None]
    return (
        statistics.mean(ours) if ours else None,
        statistics.mean(theirs) if theirs else None,
    )
