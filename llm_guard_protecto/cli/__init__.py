"""The command line. A command parses, calls one public function, prints; nothing else lives here.

Add a command: write a function in a module of this package, name it in the list below. How texts
come in and go out is `streams.py`, the shared options are `options.py`, errors and exit codes are
`outcome.py`. Only this package reads the environment, and every heavy import sits inside the
command that needs it, so that `--help` stays instant.
"""

from __future__ import annotations

from typing import Annotated

import typer

from llm_guard_protecto import __version__
from llm_guard_protecto.cli import (
    audit,
    demo,
    erase,
    keys,
    mask_file,
    migrate,
    policies,
    serve,
    texts,
    tokens,
    train,
    worker,
)
from llm_guard_protecto.cli.outcome import CommandLine

__all__ = ["app", "main"]

app = typer.Typer(
    name="llm-guard-protecto",
    cls=CommandLine,
    help="Masks what leaves for a language model, restores what comes back.",
    epilog="Try it: llm-guard-protecto demo. Exit codes: 0 done, 2 usage, "
    "3 the vault or its key said no, 1 anything else.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a traceback with local variables would show clear values
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(demo.demo)
app.command()(texts.mask)
app.command()(texts.unmask)
app.command()(texts.find)
app.command()(mask_file.mask_file)
app.command()(mask_file.unmask_file)
app.command()(train.train)
app.command()(serve.serve)
app.command()(worker.worker)
app.command()(migrate.migrate)
app.command()(erase.erase)
app.add_typer(policies.app, name="policy")
app.add_typer(keys.app, name="keys")
app.add_typer(tokens.app, name="token")
app.add_typer(audit.app, name="audit")


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Masks what leaves for a language model, restores what comes back."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line and exit with its code."""
    app(prog_name="llm-guard-protecto")
