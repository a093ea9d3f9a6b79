"""The texts that detection is measured on, as rows of the scorer: id, text, spans with labels."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_guard_protecto.training import corpora
from tests.bench.detection_labels import CONTEXT, label
from tests.marked import unmark

__all__ = ["MARKED", "Marks", "Row", "data_folder", "dev_sets", "held_back_sets", "marked", "own"]

Row = dict[str, Any]
"""`{"id", "text", "spans": [{"start", "end", "label"}]}`, as the scorer reads it."""

MARKED = Path(__file__).parents[1] / "data" / "marked"
"""Our own prompts: `en_*.txt` a domain each, `de.txt` ... a language each, `negatives.txt`."""


@dataclass(frozen=True, slots=True)
class Marks:
    """One marked prompt: its domain (the heading above it), text and (entity, start, end)."""

    domain: str
    text: str
    spans: tuple[tuple[str, int, int], ...]


def data_folder() -> Path | None:
    """The folder of labelled text: `LGP_DETECTION_DATA`, else `../shared/data`; None if absent."""
    given = os.environ.get("LGP_DETECTION_DATA")
    folder = Path(given) if given else Path(__file__).parents[3] / "shared" / "data"
    return folder if (folder / "score_spans.py").is_file() else None


def marked(path: Path) -> Iterator[Marks]:
    """The prompts of a file: divided by lines of `%%`, headings are lines `# -- domain`."""
    domain = path.stem
    for block in re.split(r"^%%\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        lines = block.split("\n")
        while lines and lines[0].startswith("# --"):
            domain = lines.pop(0)[4:].strip()
        text, spans = unmark("\n".join(lines).strip("\n"))
        if text:
            yield Marks(domain, text, tuple(spans))


def own() -> dict[str, list[Row]]:
    """Our own marked prompts by domain (English) and by language, and all English ones."""
    sets: dict[str, list[Row]] = {}
    for path in sorted(MARKED.glob("*.txt"), key=lambda path: (path.stem != "en", path.stem)):
        if path.stem == "negatives":
            continue
        for number, prompt in enumerate(marked(path)):
            spans = [
                {"start": start, "end": end, "label": label(entity, dates=False)}
                for entity, start, end in prompt.spans
            ]
            row = {"id": f"{path.stem}/{number}", "text": prompt.text, "spans": spans}
            sets.setdefault(path.stem, []).append(row)
            if path.stem == "en":
                sets.setdefault(f"en: {prompt.domain}", []).append(row)
    return sets


def dev_sets(data: Path) -> dict[str, list[Row]]:
    """The development set and its lower-cased copy (texts that change length stay as they are)."""
    with (data / "ner_dev" / "presidio_v2.jsonl").open(encoding="utf-8") as lines:
        rows: list[Row] = [json.loads(line) for line in lines]
    small = [row | {"text": _lower(row["text"])} for row in rows]
    return {"presidio_v2": rows, "presidio_v2, lower case": small}


def _lower(text: str) -> str:
    return text.lower() if len(text.lower()) == len(text) else text


def held_back_sets(data: Path) -> dict[str, list[Row]]:
    """The tenth of each corpus that the tagger's training leaves out, with its labels folded."""
    sets: dict[str, list[Row]] = {}
    for name, (identity, text) in corpora.texts(data / "ner", measuring=True):
        spans = [
            {"start": start, "end": end, "label": CONTEXT if entity == "?" else label(entity)}
            for start, end, entity in text.spans
        ]
        sets.setdefault(name, []).append({"id": identity, "text": text.text, "spans": spans})
    return sets
