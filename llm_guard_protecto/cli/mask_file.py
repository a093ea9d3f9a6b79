"""The commands `mask-file` and `unmask-file`: whole files, resumed after a kill."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm_guard_protecto.cli.options import (
    JsonOption,
    PolicyOption,
    VaultOption,
    choose_policy,
    open_vault,
)
from llm_guard_protecto.cli.streams import on_a_terminal, write, write_json

if TYPE_CHECKING:
    from llm_guard_protecto.bulk import FileOptions, FileReport, Step

__all__ = ["mask_file", "unmask_file"]


class Form(StrEnum):
    """The kinds of files."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    TEXT = "text"


Source = Annotated[
    Path, typer.Argument(metavar="IN", help="CSV, TSV, JSON Lines, Parquet or plain text.")
]
Target = Annotated[Path, typer.Argument(metavar="OUT", help="The new file.")]
Columns = Annotated[
    str | None,
    typer.Option("--columns", metavar="A,B", help="Columns with text. Default: all of them."),
]
Tokens = Annotated[
    list[str] | None,
    typer.Option(
        "--token",
        metavar="COLUMN=TYPE",
        help="A column that is one value from end to end, and its token type: 'name=Person Token', "
        "or with a format 'name=Text Token:Person Name'. It is not searched.",
    ),
]
FormOption = Annotated[
    Form | None, typer.Option("--format", help="Default: as the name of IN ends.")
]
Encoding = Annotated[str, typer.Option("--encoding", help="Of a text file, such as cp1252.")]
Separator = Annotated[
    str | None, typer.Option("--separator", metavar="SIGN", help="Of a CSV file; default: a comma.")
]
Processes = Annotated[
    int, typer.Option("--processes", min=1, max=256, help="Work with so many at once.")
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Begin anew where an earlier run was stopped.")
]


def mask_file(
    source: Source,
    target: Target,
    columns: Columns = None,
    token: Tokens = None,
    vault: VaultOption = None,
    policy: PolicyOption = None,
    form: FormOption = None,
    encoding: Encoding = "utf-8",
    separator: Separator = None,
    processes: Processes = 1,
    restart: Restart = False,
    json: JsonOption = False,
) -> None:
    """Mask a file into a new one; every row by itself, so equal values stay equal.

    After a kill the same command goes on where it was. What is done is in the folder OUT.part; OUT
    is there when all of it is done.
    """
    from llm_guard_protecto.bulk import mask_file as mask

    options = _options(columns, token, policy, form, encoding, separator, processes, restart)
    report = _done(mask, source, target, vault, options)
    _tell(report, target, "masked", json=json)


def unmask_file(
    source: Source,
    target: Target,
    columns: Columns = None,
    token: Tokens = None,
    vault: VaultOption = None,
    policy: PolicyOption = None,
    form: FormOption = None,
    encoding: Encoding = "utf-8",
    separator: Separator = None,
    processes: Processes = 1,
    restart: Restart = False,
    json: JsonOption = False,
) -> None:
    """Turn the tokens of a masked file back, into a new file that only you can read.

    Give the options that mask-file was given. After a kill the same command goes on where it was.
    """
    from llm_guard_protecto.bulk import unmask_file as unmask

    options = _options(columns, token, policy, form, encoding, separator, processes, restart)
    report = _done(unmask, source, target, vault, options)
    _tell(report, target, "turned back", json=json)


def _done(
    work: Callable[..., FileReport],
    source: Path,
    target: Path,
    vault: str | None,
    options: FileOptions,
) -> FileReport:
    """What the library tells of it. The vault is opened here, and so made where there is none."""
    with open_vault(vault) as opened, _bar(source) as each:
        options["vault"] = opened if options["processes"] == 1 else vault
        options["each"] = each
        return work(source, target, **options)


def _options(
    columns: str | None,
    tokens: list[str] | None,
    policy: str | None,
    form: Form | None,
    encoding: str,
    separator: str | None,
    processes: int,
    restart: bool,
) -> FileOptions:
    """What the library is asked for. Raises `BadParameter` for wrong words."""
    types = {}
    for word in tokens or ():
        column, equals, kind = word.partition("=")
        if not equals:
            raise typer.BadParameter(f"--token {word}: write COLUMN=TYPE")
        types[column] = kind
    names = None if columns is None else [name.strip() for name in columns.split(",")]
    if names is not None and not all(names):
        raise typer.BadParameter("--columns: names with commas between them")
    return {
        "columns": names,
        "tokens": types,
        "policy": choose_policy(policy),
        "form": None if form is None else form.value,
        "encoding": encoding,
        "separator": "\t" if separator == "\\t" else separator,
        "processes": processes,
        "restart": restart,
    }


@contextmanager
def _bar(source: Path) -> Iterator[Callable[[Step], None] | None]:
    """What to call after each chunk: moves a bar on the terminal of a person, else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(source.name, total=None, rows=0)

        def each(step: Step) -> None:
            progress.update(task, completed=step.done, total=step.total, rows=step.rows)

        yield each


def _tell(report: FileReport, target: Path, verb: str, *, json: bool) -> None:
    if json:
        write_json({"target": str(target), **asdict(report)})
        return
    lines = [
        ("rows", f"{report.rows:,}"),
        (f"cells {verb}", f"{report.changed:,} of {report.cells:,}"),
        *((entity, f"{count:,}") for entity, count in report.entities.items()),
        ("seconds", f"{report.seconds:.1f}"),
        ("rows a second", f"{report.rows_per_second:,.0f}"),
    ]
    if report.resumed:
        lines.insert(1, ("done by an earlier run", f"{report.resumed:,}"))
    if on_a_terminal():
        from rich.box import SIMPLE
        from rich.table import Table

        from llm_guard_protecto.cli.show import console

        table = Table(str(target), "", box=SIMPLE, header_style="dim", show_edge=False)
        table.columns[1].justify = "right"
        for line in lines:
            table.add_row(*line)
        console().print(table)
    else:
        write("".join("\t".join(line) + "\n" for line in lines))
