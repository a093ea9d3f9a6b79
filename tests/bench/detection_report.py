"""Everything measured about detection, as tables: `python -m tests.bench.detection_report`.

`--json FILE` also writes the figures, by section and row. `LGP_DETECTION_DATA` names the folder of
labelled text and its scorer; without it (or `../shared/data`) nothing can be scored.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import detection_harmless as harmless
from tests.bench import detection_speed as speed
from tests.bench.detection_engines import ENGINES, OURS, Answers, answers
from tests.bench.detection_labels import label
from tests.bench.detection_sets import Row, data_folder, dev_sets, held_back_sets, own

__all__ = ["COLUMNS", "SECTIONS", "Scope", "Table", "figures", "lines", "scorer"]

COLUMNS = (
    *("charR", "charP", "charF", "leak", "PER", "ORG", "LOC", "STRUCT", "DATE"),
    *("FP/KB", "ms/p50"),
)
Table = dict[str, dict[str, Any]]
"""Row name -> column -> figure."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How much is measured: by which engines, and on every how manieth text."""

    engines: tuple[str, ...] = ENGINES
    every: int = 1

    def thinned(self, sets: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
        """The sets with the texts that are measured."""
        return {name: rows[:: self.every] for name, rows in sets.items()}


WHOLE = Scope()


def scorer(data: Path) -> Callable[[list[Row], Mapping[str, Any]], Mapping[str, Any]]:
    """The scorer that lies beside the labelled text. Raises `ImportError` if it is not Python."""
    spec = importlib.util.spec_from_file_location("score_spans", data / "score_spans.py")
    if spec is None or spec.loader is None:
        raise ImportError("the scorer is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Callable[[list[Row], Mapping[str, Any]], Mapping[str, Any]] = module.score
    return score


def scores(sets: Mapping[str, list[Row]], data: Path, scope: Scope, *, dates: bool) -> Table:
    """Each set by each engine, in the scorer's columns; English engines on every language."""
    score = scorer(data)
    sets = scope.thinned(sets)
    rows = {row["id"] + f"\n{name}": row for name, part in sets.items() for row in part}
    table: Table = {}
    for engine in scope.engines:
        given = answers(engine, [row | {"id": key} for key, row in rows.items()])
        for name, part in sets.items():
            if isinstance(given, str):
                table[f"{name} | {engine}"] = {"note": given}
                continue
            by_id = {row["id"]: _labelled(given, f"{row['id']}\n{name}", dates) for row in part}
            key = f"{name} ({len(part)}) | {engine}"
            table[key] = dict(score(part, by_id))
            if failed := sum(f"{row['id']}\n{name}" in given.failed for row in part):
                table[key]["note"] = f"{failed} texts raised an error"
    return {key: table[key] for key in sorted(table, key=lambda key: _order(key, list(sets)))}


def _order(key: str, names: Sequence[str]) -> tuple[int, int]:
    name, engine = key.rsplit(" | ", 1)
    return names.index(name.rsplit(" (", 1)[0]), ENGINES.index(engine)


def _labelled(given: Answers, key: str, dates: bool) -> dict[str, Any]:
    one = given.by_id[key]
    spans = [span | {"label": label(span["label"], dates=dates)} for span in one["spans"]]
    return {"spans": spans, "ms": one["ms"]}


def development(data: Path | None, scope: Scope = WHOLE) -> Table:
    """The development set, never trained on, and its lower-cased copy."""
    return scores(dev_sets(data), data, scope, dates=True) if data else _absent()


def corpora(data: Path | None, scope: Scope = WHOLE) -> Table:
    """The held-back tenth of each training corpus: names only."""
    return scores(held_back_sets(data), data, scope, dates=True) if data else _absent()


def prompts(data: Path | None, scope: Scope = WHOLE) -> Table:
    """Our own marked prompts, by domain and by language."""
    return scores(own(), data, scope, dates=False) if data else _absent()


def _absent() -> Table:
    return {"skipped": {"note": "no labelled text: set LGP_DETECTION_DATA to its folder"}}


def code(data: Path | None, scope: Scope = WHOLE) -> Table:
    """False alarms in source code, a KB; whole folders by us, a sample by all."""
    table: Table = {}
    for name, rows in (
        ("standard library", harmless.library()),
        ("other languages", harmless.other_languages()),
    ):
        part = rows[:: scope.every]
        table[f"{name} | ours"] = _alarms(answers(OURS, part), part)
    return table | code_sample(data, scope)


def code_sample(_: Path | None, scope: Scope = WHOLE) -> Table:
    """False alarms in a sample of the same files."""
    everything = [*harmless.library(), *harmless.other_languages()]
    part = harmless.sample(everything, 600_000 // scope.every)
    return {
        f"a sample of both | {engine}": _alarms(answers(engine, part), part)
        for engine in scope.engines
    }


def _alarms(given: Answers | str, rows: Sequence[Row]) -> dict[str, Any]:
    """What was found in texts without anything to mask: all of it, and names, a KB."""
    if isinstance(given, str):
        return {"note": given}
    labels = [span["label"] for one in given.by_id.values() for span in one["spans"]]
    note = ", ".join(f"{entity} {count}" for entity, count in Counter(labels).most_common(6))
    kinds = Counter(row["id"].split()[0] for row in rows)
    return {
        "files": len(rows),
        "KB": sum(len(row["text"].encode()) for row in rows) / 1024,
        "all/KB": harmless.per_kb(len(labels), rows),
        "alarms/KB": harmless.per_kb(sum(map(_is_alarm, labels)), rows),
        "names/KB": harmless.per_kb(sum(map(_is_name, labels)), rows),
        "raised": len(given.failed),
        "note": f"{note}; files " + " ".join(f"{kind} {count}" for kind, count in kinds.items()),
    }


def _is_name(entity: str) -> bool:
    return label(entity) in {"PERSON", "ORG", "LOCATION"}


def hard_negatives(_: Path | None, scope: Scope = WHOLE) -> Table:
    """The share of prompts without anything to mask in which something is found all the same."""
    rows = harmless.negatives()[:: scope.every]
    table: Table = {}
    for engine in scope.engines:
        given = answers(engine, rows)
        if isinstance(given, str):
            table[engine] = {"note": given}
            continue
        told = {row["id"]: [s["label"] for s in given.by_id[row["id"]]["spans"]] for row in rows}
        # A plain date, time, age or nationality is found, but it is no false alarm.
        hit = [key for key, labels in told.items() if any(_is_alarm(entity) for entity in labels)]
        kinds = Counter(key.split("/")[0] for key in hit)
        table[engine] = {
            "prompts": len(rows),
            "touched": len(hit) / len(rows),
            "note": ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(8)),
        }
    return table


def _is_alarm(entity: str) -> bool:
    return label(entity, dates=False) != label("AGE")


def cost(data: Path | None, scope: Scope = WHOLE) -> Table:
    """Processor time on one thread; ours and theirs on the same prompts of 100 words."""
    texts = [row for part in (held_back_sets(data) if data else own()).values() for row in part]
    rows = speed.hundreds(texts, 100 // scope.every)
    table: Table = {}
    for engine in scope.engines:
        given = answers(engine, rows)
        if isinstance(given, str):
            table[f"100 words | {engine}"] = {"note": given}
            continue
        took = statistics.median(one["ms"] for one in given.by_id.values())
        table[f"100 words | {engine}"] = {"ms": took}
        if engine == OURS:
            ours = took
            load, resident = speed.start()
        else:
            load, resident = given.load, given.resident
            table[f"100 words | {engine}"]["times slower"] = took / ours
        table[f"start | {engine}"] = {"s": load, "MB": resident}
    table["document of 1 MB | ours"] = {"KB/s": speed.document()}
    name, took = speed.worst()
    table["worst 20 kB | ours"] = {"ms": took, "note": name}
    return table


SECTIONS: dict[str, Callable[[Path | None, Scope], Table]] = {
    "Development set": development,
    "Held-back tenths": corpora,
    "Our own prompts": prompts,
    "Source code": code,
    "Hard negatives": hard_negatives,
    "Cost": cost,
}


def figures(sections: Sequence[str] = tuple(SECTIONS), scope: Scope = WHOLE) -> dict[str, Table]:
    """Measure the named sections."""
    data = data_folder()
    return {name: SECTIONS[name](data, scope) for name in sections}


def lines(title: str, table: Table) -> list[str]:
    """A section as a Markdown table: the scorer's columns, or those its rows have."""
    columns = [c for c in COLUMNS if any(c in row for row in table.values())]
    columns = columns or list(dict.fromkeys(c for row in table.values() for c in row))
    if "note" not in columns and any("note" in row for row in table.values()):
        columns.append("note")
    out = [f"### {title}", "", "| | engine | " + " | ".join(columns) + " |"]
    out.append("|---" * (len(columns) + 2) + "|")
    for name, row in table.items():
        what, _, engine = name.rpartition(" | ")
        cells = [_cell(column, row.get(column)) for column in columns]
        out.append(f"| {what} | {engine} | " + " | ".join(cells) + " |")
    return out


def _cell(column: str, figure: Any) -> str:
    if figure is None:
        return ""
    if isinstance(figure, str | int):
        return str(figure)
    if column in {"KB/s", "KB", "MB"}:
        return f"{figure:.0f}"
    return f"{figure:.2f}" if column in {"FP/KB", "ms/p50", "ms", "s"} else f"{figure:.3f}"


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--section", action="append", choices=SECTIONS, help="only this one")
    given = parser.parse_args(words)
    measured: dict[str, Table] = {}
    for name in given.section or SECTIONS:
        measured |= figures([name])
        print("\n".join(["", *lines(name, measured[name])]), flush=True)
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
