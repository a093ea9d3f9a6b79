"""The `keys` commands: the vault's keys, and never the key material itself."""

from __future__ import annotations

from datetime import date, timedelta

import typer

from llm_guard_protecto.cli.options import JsonOption, VaultOption, open_vault
from llm_guard_protecto.cli.streams import write, write_json

__all__ = ["app"]

app = typer.Typer(help="The keys of a vault.")


@app.callback()
def start() -> None:
    """The keys of a vault."""


@app.command()
def status(vault: VaultOption = None, json: JsonOption = False) -> None:
    """Show which keys the vault uses; nothing secret, and only if its root key fits."""
    with open_vault(vault) as opened:
        facts = dict(opened.keys_status())
    if json:
        write_json(facts)
        return
    for name, fact in facts.items():
        for one in fact if isinstance(fact, list) else [fact]:
            write(f"{name.replace('_', ' '):10} {_line(one)}\n")


def _line(fact: object) -> str:
    if not isinstance(fact, dict):
        return str(fact)
    if "day" in fact:
        fact = fact | {"day": date(1970, 1, 1) + timedelta(days=fact["day"])}
    return "  ".join(f"{name} {value}" for name, value in fact.items() if value is not None)
