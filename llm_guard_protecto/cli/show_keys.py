"""What a person sees of keys on a terminal: tables, and a bar while something takes its time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from llm_guard_protecto.cli.show import console
from llm_guard_protecto.engine.verify import Verified

__all__ = ["progress", "show_keys", "show_verified"]

_STYLES = {"primary": "bold green", "active": "cyan", "retired": "dim", "destroyed": "dim red"}


def show_keys(facts: Mapping[str, object]) -> None:
    """Print what `LocalVault.keys_status` answers."""
    out = console()
    out.print(
        Text(f"{facts['vault']}, namespace {facts['namespace']}, root key {facts['root_key']}")
    )
    table = Table(box=SIMPLE, header_style="dim", show_edge=False, pad_edge=False)
    for name in ("key", "version", "state", "id", "made", "rows", "uses"):
        table.add_column(name)
    keys = facts["keys"]
    for key in keys if isinstance(keys, list) else []:
        made = date(1970, 1, 1) + timedelta(days=key["day"])
        rows, uses = ("" if key[n] is None else f"{key[n]:,}" for n in ("uses", "sealed"))
        state = Text(key["state"], _STYLES[key["state"]])
        table.add_row(key["role"], str(key["version"]), state, key["id"], str(made), rows, uses)
    out.print(table)


def show_verified(found: Verified) -> None:
    """Print what was opened."""
    out = console()
    good = Text("everything opens", "bold green")
    out.print(good if found.good else Text("something does not open", "bold red"))
    out.print(
        f"{found.location}: {found.tokens:,} values, {found.texts:,} kept texts, {found.jobs:,} jobs "
        f"in {found.namespaces} namespaces"
    )


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for a person; for a program nothing. Gives what to call with each advance."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)
