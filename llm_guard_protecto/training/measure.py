"""Measures weights: the held-back tenths, marked prompts, any span file, source code, speed.

Writes gold and predictions as JSON lines (`{"id", "text", "spans"}`), which any span scorer reads.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from llm_guard_protecto.detect.tagger import Tagger
from llm_guard_protecto.training import corpora
from llm_guard_protecto.training.grammar import Marked, unmark

__all__ = ["false_alarms", "held_back", "marked_file", "milliseconds", "span_file", "write"]

Rows = list[tuple[str, Marked]]


def held_back(data: Path) -> Iterator[tuple[str, Rows]]:
    """Each corpus with its held-back tenth; places that teach nothing are of no account."""
    rows: dict[str, Rows] = {}
    for name, row in corpora.texts(data, measuring=True):
        rows.setdefault(name, []).append(row)
    yield from rows.items()


def marked_file(path: Path) -> Rows:
    """Marked texts, divided by lines of `%%`; a line that begins with `# ` is a comment."""
    text = "\n".join(
        line for line in path.read_text(encoding="utf-8").split("\n") if line[:2] != "# "
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


def write(rows: Rows, tagger: Tagger, folder: Path, name: str) -> tuple[Path, Path]:
    """Gold and predictions of `rows`, as two files in `folder`."""
    gold, found = folder / f"{name}.gold.jsonl", folder / f"{name}.jsonl"
    with gold.open("w", encoding="utf-8") as out:
        for identity, marked in rows:
            spans = [
                {"start": a, "end": b, "label": "MISC" if entity == "?" else entity}
                for a, b, entity in marked.spans
            ]
            out.write(json.dumps({"id": identity, "text": marked.text, "spans": spans}) + "\n")
    with found.open("w", encoding="utf-8") as out:
        for identity, marked in rows:
            began = time.process_time()
            (spans_,) = tagger.tag([marked.text])
            took = (time.process_time() - began) * 1000
            predicted = [{"start": s.start, "end": s.end, "label": s.entity} for s in spans_]
            out.write(json.dumps({"id": identity, "spans": predicted, "ms": took}) + "\n")
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
