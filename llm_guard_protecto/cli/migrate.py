"""The command `migrate`: a vault moves to another store."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from llm_guard_protecto.cli.options import JsonOption
from llm_guard_protecto.cli.streams import write, write_json

__all__ = ["migrate"]

_URL = "sqlite:///PATH, a path, or postgresql://USER@HOST/DATABASE."


def migrate(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"The vault as it is: {_URL}")],
    target: Annotated[str, typer.Argument(metavar="TO", help=f"An empty place: {_URL}")],
    json: JsonOption = False,
) -> None:
    """Copy a whole vault to another store, from SQLite to PostgreSQL or back, and compare the two.

    Nothing is unsealed and no key is needed. Stop what uses the vault first; a run that was killed
    goes on when the same command is given again. The old vault stays as it is.
    """
    from rich.console import Console
    from rich.progress import Progress

    from llm_guard_protecto.engine.migrate import migrate as move

    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty()) as progress:
        tasks = {name: progress.add_task(name, total=None) for name in ("copy", "check")}
        moved = move(
            source,
            target,
            lambda name, done, total: progress.update(tasks[name], completed=done, total=total),
        )
    if json:
        write_json({"rows": moved.rows, "total": moved.total})
        return
    for name, rows in moved.rows.items():
        write(f"{name:12} {rows:>10,}\n")
    write(f"{'in all':12} {moved.total:>10,} rows copied and compared; they are the same\n")
