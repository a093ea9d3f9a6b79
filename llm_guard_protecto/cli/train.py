"""The `train` command: teaches the tagger the names of the user's own texts."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm_guard_protecto.cli.options import JsonOption
from llm_guard_protecto.cli.streams import on_a_terminal, write, write_json

if TYPE_CHECKING:
    from llm_guard_protecto.tuning.course import Outcome

__all__ = ["train"]

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Marked texts: ⟦PERSON:Ada Moss⟧, or JSONL.")
]
Plain = Annotated[
    list[Path] | None,
    typer.Option("--plain", metavar="FILE", help="More texts of yours, without marks."),
]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE.npz", help="Default: tagger.npz in your data directory."),
]
Epochs = Annotated[int, typer.Option("--epochs", min=1, max=1000, help="Passes over the texts.")]
HoldOut = Annotated[
    float,
    typer.Option("--hold-out", metavar="SHARE", help="Kept for measuring; 0 trains on all."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same weights.")]


def train(
    files: Files,
    plain: Plain = None,
    to: To = None,
    epochs: Epochs = 10,
    hold_out: HoldOut = 0.2,
    seed: Seed = 1,
    json: JsonOption = False,
) -> None:
    """Teach the tagger the names of your own texts, and show what that has changed."""
    from llm_guard_protecto.tuning.course import tune
    from llm_guard_protecto.tuning.fit import Settings
    from llm_guard_protecto.tuning.marked_text import read_marked, read_plain

    read = [read_marked(file) for file in files]
    others: Counter[str] = Counter()
    for one in read:
        others.update(one.others)
    target = to or _default_target()
    with _progress(epochs) as each:
        outcome = tune(
            [text for one in read for text in one.texts],
            target,
            plain=[text for file in plain or () for text in read_plain(file)],
            hold_out=hold_out,
            settings=Settings(epochs=epochs, seed=seed),
            each=each,
        )
    if json:
        write_json({"weights": str(target), "left_to_rules": dict(others), **asdict(outcome)})
    else:
        _show(outcome, target, others)


def _default_target() -> Path:
    import platformdirs

    return platformdirs.user_data_path("llm-guard-protecto") / "tagger.npz"


@contextmanager
def _progress(epochs: int) -> Iterator[Callable[[int, float], None] | None]:
    """What to call after each epoch: moves a bar on the terminal of a person, else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("training", total=epochs)

        def each(epoch: int, loss: float) -> None:
            bar.update(task, completed=epoch, description=f"epoch {epoch}, loss {loss:.3f}")

        yield each


_Row = tuple[str, str, str, str]


def _rows(outcome: Outcome) -> Iterator[_Row]:
    for name, pair in (("your held-out texts", outcome.own), ("general check", outcome.general)):
        if pair is None:
            continue
        before, after = map(asdict, pair)
        title = f"{name} ({before['texts']})"
        for what in ("found", "right", "leak"):
            yield title, what, _share(before[what]), _share(after[what])
        for entity, old in before["f1"].items():
            new = after["f1"][entity]
            if old is not None or new is not None:
                yield title, f"F1 {entity}", _share(old), _share(new)
    yield "general check", "texts read differently", "", str(outcome.general_changed)


def _share(value: Any) -> str:
    return "" if value is None else f"{value:.3f}"


def _show(outcome: Outcome, target: Path, others: Counter[str]) -> None:
    if on_a_terminal():
        from rich.box import SIMPLE
        from rich.table import Table

        from llm_guard_protecto.cli.show import console

        table = Table("texts", "measure", box=SIMPLE, header_style="dim", show_edge=False)
        for name in ("before", "after"):
            table.add_column(name, justify="right")
        for row in _rows(outcome):
            table.add_row(*row)
        console().print(table)
    else:
        write("".join("\t".join(row) + "\n" for row in _rows(outcome)))
    lines = [f"learnt from {outcome.taught} texts"]
    if others:
        counts = ", ".join(f"{entity} {count}" for entity, count in others.items())
        lines.append(f"left to the rules: {counts}")
    lines.append(f"weights: {target}")
    lines.append(f"to use them: export LLM_GUARD_TAGGER={shlex.quote(str(target))}")
    lines.append(f"in Python:   LocalVault(tagger={str(target)!r})")
    write("\n" + "\n".join(lines) + "\n")
