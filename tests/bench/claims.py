"""Every figure that the README claims, measured and printed: `python -m tests.bench.claims`.

Prints the table of the README's section "Measured". `--quick` leaves out Presidio and reads every
tenth text; `--part` measures one part only; `--json` prints JSON instead. What needs labelled text
says so where there is none (`LGP_DETECTION_DATA`). Nothing is asserted here: a busy machine is no
bug.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tests.bench import overhead, quality, road
from tests.bench.detection_report import Scope

__all__ = ["CLAIMS", "HEADING", "PARTS", "Claim", "Row", "main", "measured", "part", "table"]

HEADING = ("claim", "on", "measured", "goal", "Presidio")


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the README: what is claimed, measured on what, how it is written, its goal."""

    name: str
    on: str
    form: str
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A claim with our figure and Presidio's, None where there is none."""

    claim: Claim
    figure: float | None
    beside: float | None

    def cells(self) -> tuple[str, ...]:
        """The cells of the row as they are written, in the order of `HEADING`."""
        claim = self.claim
        ours = self._written(self.figure) or "not measured"
        return (claim.name, claim.on, ours, claim.goal, self._written(self.beside))

    def _written(self, figure: float | None) -> str:
        return "" if figure is None else self.claim.form.format(figure)


@dataclass(frozen=True, slots=True)
class Part:
    """Claims that are measured together: `measure` gives a figure each, and Presidio's or None."""

    claims: tuple[Claim, ...]
    measure: Callable[[Scope], Sequence[quality.Pair]]


def _alone(
    *measures: Callable[[], float | tuple[float, ...]],
) -> Callable[[Scope], list[quality.Pair]]:
    """Figures that nobody stands beside, and that are measured the same in every scope."""

    def measure(_: Scope) -> list[quality.Pair]:
        figures: list[float] = []
        for one in measures:
            found = one()
            figures += found if isinstance(found, tuple) else [found]
        return [(figure, None) for figure in figures]

    return measure


def _turns() -> float:
    first, fiftieth = road.chatting()
    return fiftieth / first


_LANGUAGES = {
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
}

PARTS: dict[str, Part] = {
    "rules": Part(
        (Claim("rules", "1 MB of mixed text", "{:.1f} MB/s", ">= 10 MB/s"),),
        _alone(road.scanning),
    ),
    "tagger": Part((Claim("tagger", "100 words", "{:.2f} ms"),), _alone(road.tagging)),
    "mask": Part(
        (
            Claim("mask, whole", "100 words, values known", "{:.2f} ms", "<= 5 ms"),
            Claim("mask, whole", "100 words, new name, durable", "{:.2f} ms"),
        ),
        _alone(road.masking),
    ),
    "restore": Part(
        (Claim("restore", "1 MB reply, some 70 tokens live", "{:.0f} MB/s", ">= 30 MB/s"),),
        _alone(road.restoring),
    ),
    "stream": Part(
        (
            Claim("stream, restoring", "4-character deltas", "{:.1f} µs", "<= 20 µs"),
            Claim("stream, whole event", "4-character deltas", "{:.1f} µs", "<= 20 µs"),
        ),
        _alone(road.streaming),
    ),
    "chat": Part(
        (Claim("turn 50 of a chat", "30 kB of history", "{:.2f} x turn 1", "<= 1.5 x"),),
        _alone(_turns),
    ),
    "overhead": Part(
        (
            Claim("added to a call, texts seen before", "turn 50, 30 kB", "{:.1f} ms", "<= 5 ms"),
            Claim("added to a call with a new turn", "the same", "{:.1f} ms", "<= 5 ms"),
            Claim("added to a call with a new turn", "as soon as the last ended", "{:.1f} ms"),
            Claim("added to a call with a new turn", "provider answers at once", "{:.1f} ms"),
            Claim("added to the first piece, way back", "streamed", "{:.2f} ms", "<= 1 ms"),
            Claim("added to the first piece, with masking", "texts seen before", "{:.2f} ms"),
        ),
        _alone(overhead.added),
    ),
    "start": Part(
        (
            Claim("import llm_guard_protecto", "new process", "{:.0f} ms", "<= 200 ms"),
            Claim("first mask", "new process, import included", "{:.0f} ms", "<= 600 ms"),
            Claim("resident memory", "after the first mask", "{:.0f} MB", "<= 150 MB"),
        ),
        _alone(road.importing, road.first_mask),
    ),
    "detection cost": Part(
        (
            Claim("detection, processor time", "100 words", "{:.2f} ms"),
            Claim("detection, first find", "new process, processor time", "{:.2f} s"),
            Claim("detection, resident memory", "after the first find", "{:.0f} MB"),
            Claim("detection, long text", "document of 1 MB", "{:.0f} KB/s"),
            Claim("detection, hostile text", "the worst of many kinds, 20 kB", "{:.0f} ms"),
        ),
        quality.cost,
    ),
    "development set": Part(
        (
            Claim("characters found, F", "presidio_v2, 1,500 prompts", "{:.3f}"),
            Claim("values that leak", "presidio_v2, 1,500 prompts", "{:.3f}"),
            Claim("characters found, F", "the same in lower case", "{:.3f}"),
            Claim("values that leak", "the same in lower case", "{:.3f}"),
        ),
        quality.development,
    ),
    "held-back tenths": Part(
        (
            Claim("characters found, F", "held-back tenths, mean of the corpora", "{:.3f}"),
            Claim("values that leak", "held-back tenths, mean of the corpora", "{:.3f}"),
        ),
        quality.held_back,
    ),
    "own prompts": Part(
        (
            Claim("characters found, F", "our own prompts, English", "{:.3f}"),
            Claim("values that leak", "our own prompts, English", "{:.3f}"),
            *(
                Claim("values that leak", f"our own prompts, {name}", "{:.3f}")
                for name in _LANGUAGES.values()
            ),
        ),
        lambda scope: quality.own_prompts(scope, tuple(_LANGUAGES)),
    ),
    "negatives": Part(
        (Claim("prompts wrongly touched", "220 hard negatives", "{:.3f}"),),
        quality.negatives,
    ),
    "code": Part(
        (Claim("false alarms", "source code, a sample", "{:.2f} a KB"),),
        quality.code,
    ),
    "evasion": Part(
        (
            Claim("disguises seen through", "19 tricks, 5 types", "{:.0f} of 95", ">= 88"),
            Claim("encodings seen through", "5 encodings, 5 types", "{:.0f} of 25", ">= 20"),
        ),
        quality.evasion,
    ),
    "toxicity": Part(
        (
            Claim("toxicity, AUC", "1,600 comments, mean of six labels", "{:.3f}", ">= 0.965"),
            Claim("toxicity, processor time", "100 words, fresh", "{:.2f} ms", "<= 0.5 ms"),
            Claim("toxicity, processor time", "100 words, seen before", "{:.2f} ms", "<= 0.5 ms"),
        ),
        lambda scope: [*quality.toxicity_auc(scope), *quality.toxicity_cost(scope)],
    ),
}

CLAIMS: tuple[Claim, ...] = tuple(claim for one in PARTS.values() for claim in one.claims)


def part(name: str, scope: Scope) -> list[Row]:
    """Measure one part: a row for each of its claims."""
    one = PARTS[name]
    return [
        Row(claim, ours, theirs)
        for claim, (ours, theirs) in zip(one.claims, one.measure(scope), strict=True)
    ]


def measured(scope: Scope, parts: Sequence[str] = tuple(PARTS)) -> Iterator[Row]:
    """Measure the named parts, one after the other."""
    for name in parts:
        yield from part(name, scope)


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as lines of Markdown."""
    lines = ["| " + " | ".join(HEADING) + " |", "|---" * len(HEADING) + "|"]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return [line.replace("|  |", "| |").replace("|  |", "| |") for line in lines]


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.claims", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every tenth text, and only ours")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one")
    given = parser.parse_args(words)
    scope = Scope(engines=("ours", "presidio"))
    if given.quick:
        scope = replace(scope, engines=("ours",), every=10)
    rows = measured(scope, given.part or tuple(PARTS))
    if given.json:
        found = [
            dict(zip(HEADING, row.cells(), strict=True))
            | {"figure": row.figure, "Presidio figure": row.beside}
            for row in rows
        ]
        print(json.dumps(found, indent=1))
        return
    print("\n".join(table([])), flush=True)
    for row in rows:
        print(table([row])[-1], flush=True)


if __name__ == "__main__":
    main()
