"""The `erase` command: forget for good what a person or a law wants forgotten."""

from __future__ import annotations

import sys
from datetime import date
from typing import Annotated

import typer

from llm_guard_protecto.cli.options import JsonOption, VaultOption, open_vault
from llm_guard_protecto.cli.streams import write, write_json

__all__ = ["erase"]


def erase(
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="-", help="A value, read from stdin: give -."),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="NAME", help="All that was masked for this subject."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", metavar="NAME", help="A whole namespace.")
    ] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="YYYY-MM-DD", help="What was last used before this day."),
    ] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="What is older than the retention.")
    ] = False,
    inside: Annotated[
        str, typer.Option("--in", metavar="NAME", help="The namespace in which to look.")
    ] = "default",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count, change nothing.")] = False,
    vault: VaultOption = None,
    json: JsonOption = False,
) -> None:
    """Erase values from a vault: rows, kept texts, jobs, and every trace in its files."""
    from dataclasses import asdict

    from llm_guard_protecto.cli.keys import namespace_of
    from llm_guard_protecto.engine.erasure import expire

    if [value, subject, namespace, before].count(None) != (4 if expired else 3):
        raise typer.BadParameter(
            "say one thing to erase: --value -, --subject, --namespace, --before or --expired"
        )
    if value is not None:
        if value != "-":
            raise typer.BadParameter("a value on the command line stays in its history: give -")
        value = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").rstrip("\r\n")
    day = None if before is None else _day(before)
    with open_vault(vault) as opened:
        there = namespace_of(opened, inside)
        done = (
            expire(there, dry_run=dry_run)
            if expired
            else there.erase(
                value=value, subject=subject, namespace=namespace, before=day, dry_run=dry_run
            )
        )
    if json:
        write_json(asdict(done))
        return
    said = "would be erased" if dry_run else "erased"
    write(f"{said}: {done.tokens} tokens, {done.texts} kept texts, {done.jobs} jobs")
    write(f", {done.namespaces} namespace\n" if done.namespaces else "\n")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("--before is a day: YYYY-MM-DD") from None
