"""Measures weights: the held-back tenths, marked prompts, any span file, source code, speed.

Writes gold and predictions as JSON lines (`{"id", "text", "spans"}`) and scores them with a
scorer given by path, a Python file with a function `score(gold, predicted by id) -> row`.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from llm_guard_protecto.detect.tagger import Tagger
from llm_guard_protecto.training import corpora
from llm_guard_protecto.training.grammar import Marked, unmark

__all__ = ["false_alarms", "marked_file", "milliseconds", "report", "span_file", "write"]

Rows = list[tuple[str, Marked]]
_COLUMNS = ("charR", "charP", "charF", "leak", "PER", "ORG", "LOC", "FP/KB")


def report(
    data: Path, weights: Path, scorer: Path, prompts: Path | None, dev: Path | None, folder: Path
) -> Iterator[str]:
    """The lines of the score table of the model card."""
    tagger = Tagger(weights)
    score = _scorer(scorer)
    folder.mkdir(parents=True, exist_ok=True)
    yield "| text | " + " | ".join(_COLUMNS) + " |"
    yield "|---" * (len(_COLUMNS) + 1) + "|"
    everything: Rows = []
    for name, rows in _sets(data, prompts, dev):
        if name in corpora.CORPORA:
            everything += rows
        gold, found = write(rows, tagger, folder, name)
        row = score(gold, {one["id"]: one for one in found})
        cells = ("-" if row[c] is None else f"{row[c]:.3f}" for c in _COLUMNS)
        yield f"| {name} ({len(rows)}) | " + " | ".join(cells) + " |"
    yield ""
    library = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))[::4]
    count, size = false_alarms(library, tagger)
    yield f"a quarter of the standard library: {count} spans in {size:.0f} KB = {count / size:.3f} per KB"
    words = " ".join(found.text for _, found in everything).split()
    hundreds = [" ".join(words[at : at + 100]) for at in range(0, min(len(words), 20_000), 100)]
    took = statistics.median(milliseconds(tagger, hundreds))
    yield f"{took:.2f} ms of processor time a prompt of 100 words (median of {len(hundreds)})"


def _sets(data: Path, prompts: Path | None, dev: Path | None) -> Iterator[tuple[str, Rows]]:
    rows: dict[str, Rows] = {}
    for name, row in corpora.texts(data, measuring=True):
        rows.setdefault(name, []).append(row)
    yield from rows.items()
    if prompts:
        yield prompts.stem, marked_file(prompts)
    if dev:
        yield dev.stem, span_file(dev)
        yield f"{dev.stem} in lower case", span_file(dev, lower=True)


def _scorer(path: Path) -> Callable[[list[Any], Mapping[str, Any]], Mapping[str, float | None]]:
    spec = importlib.util.spec_from_file_location("scorer", path)
    if spec is None or spec.loader is None:
        raise ValueError("the scorer is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Callable[[list[Any], Mapping[str, Any]], Mapping[str, float | None]] = module.score
    return score


def marked_file(path: Path) -> Rows:
    """Marked texts, divided by lines of `%%`; a line that begins with `# --` is a heading."""
    text = "\n".join(
        line for line in path.read_text(encoding="utf-8").split("\n") if line[:4] != "# --"
    )
    return [(str(i), unmark(one.strip("\n"))) for i, one in enumerate(text.split("\n%%\n"))]


def span_file(path: Path, *, lower: bool = False) -> Rows:
    """Any JSON lines span file, as it is or in lower case (where that keeps its length)."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = row["text"]
        if lower and len(text.lower()) == len(text):
            text = text.lower()
        spans = tuple((s["start"], s["end"], s["label"]) for s in row["spans"])
        rows.append((str(row["id"]), Marked(text, spans)))
    return rows


def write(
    rows: Rows, tagger: Tagger, folder: Path, name: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Gold and predictions of `rows`, also as two files in `folder`."""
    gold = [
        {
            "id": identity,
            "text": marked.text,
            "spans": [
                {"start": a, "end": b, "label": "MISC" if entity == "?" else entity}
                for a, b, entity in marked.spans
            ],
        }
        for identity, marked in rows
    ]
    found = [
        {
            "id": identity,
            "spans": [
                {"start": s.start, "end": s.end, "label": s.entity}
                for s in tagger.tag([marked.text])[0]
            ],
        }
        for identity, marked in rows
    ]
    for ending, lines in (("gold.jsonl", gold), ("jsonl", found)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.{ending}").write_text(text, encoding="utf-8")
    return gold, found


def false_alarms(paths: Iterable[Path], tagger: Tagger) -> tuple[int, float]:
    """Spans found in files that are supposed to have none, and the KB read."""
    count, size = 0, 0.0
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="replace")
        count += len(tagger.tag([text])[0])
        size += len(text.encode("utf-8", "replace")) / 1024
    return count, size


def milliseconds(tagger: Tagger, prompts: Iterable[str]) -> list[float]:
    """Processor time of each prompt, one by one, after one warm-up."""
    took = []
    tagger.tag(["Warm up."])
    for prompt in prompts:
        began = time.process_time()
        tagger.tag([prompt])
        took.append((time.process_time() - began) * 1000)
    return took
