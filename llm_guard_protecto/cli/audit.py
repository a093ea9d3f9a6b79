"""The `audit` commands: who had what turned back or changed, and whether the record is whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm_guard_protecto.cli.options import JsonOption, VaultOption, open_vault
from llm_guard_protecto.cli.streams import on_a_terminal, write, write_json

if TYPE_CHECKING:
    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.engine.audit_read import AuditEntry

__all__ = ["app"]

app = typer.Typer(help="Who had what turned back or changed.")

TimeOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="YYYY-MM-DD or 'YYYY-MM-DD HH:MM:SS', UTC.")
]

COLUMNS = ("number", "time", "who", "what", "policy", "outcome", "details")


@app.command("list")
def list_entries(
    namespace: Annotated[str, typer.Option(help="Whose audit.")] = "default",
    since: TimeOption = None,
    until: TimeOption = None,
    who: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    token: Annotated[
        str | None, typer.Option(help="Only where this token of the vault was turned back.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="At most so many, the latest.")] = 1000,
    vault: VaultOption = None,
    json: JsonOption = False,
) -> None:
    """List what was turned back and changed; there is no clear value in it."""
    from llm_guard_protecto.engine.audit_read import entries

    first, final = _moment(since, 0), _moment(until, 999)
    with open_vault(vault) as opened:
        found = _namespace(opened, namespace)
        audit, number = found.store.audit, found.keyring.namespace
        wanted = _hashes(found, token)
        kept = deque(
            (
                one
                for one in entries(audit, number, 0, first, final)
                if who in {None, one.who} and wanted <= set(one.hashes)
            ),
            maxlen=last,
        )
    if json:
        write_json([_shown(one) for one in kept])
    elif on_a_terminal():
        _show([_row(one) for one in kept])
    else:
        write("".join("\t".join(_row(one)) + "\n" for one in kept))


@app.command()
def verify(
    checkpoints: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            envvar="LLM_GUARD_AUDIT_CHECKPOINTS",
            help="Compare with these; without them a cut at the end cannot be seen.",
        ),
    ] = None,
    vault: VaultOption = None,
    json: JsonOption = False,
) -> None:
    """Check that no entry was changed, left out, added or moved, in any namespace."""
    from dataclasses import asdict

    from llm_guard_protecto.engine.checkpoints import read_checkpoints
    from llm_guard_protecto.engine.namespaces import Namespaces

    marks = [] if checkpoints is None else read_checkpoints(checkpoints)
    with open_vault(vault) as opened:
        namespaces = Namespaces(opened)
        trails = [_namespace(opened, name).trail for name in namespaces.names()]
        found = [trail.verify(marks) for trail in trails if trail is not None]
    if json:
        write_json([asdict(one) | {"good": one.good} for one in found])
    else:
        for one in found:
            state = "whole" if one.good else f"{len(one.problems)} problems"
            compared = f"{one.checkpoints} checkpoints" if checkpoints else "no checkpoints given"
            write(f"{one.namespace}\t{one.entries} entries\t{compared}\t{state}\n")
            write("".join(f"  {problem}\n" for problem in one.problems))
    if not all(one.good for one in found):
        raise typer.Exit(1)


def _show(rows: Sequence[Sequence[str]]) -> None:
    """A table for a person."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    from llm_guard_protecto.cli.show import console

    table = Table(box=SIMPLE, header_style="dim", show_edge=False, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console().print(table)


def _namespace(vault: LocalVault, name: str) -> LocalVault:
    from llm_guard_protecto.engine.namespaces import Namespaces
    from llm_guard_protecto.errors import ConfigurationError

    found = Namespaces(vault).get(name)
    if found is None:
        raise ConfigurationError(f"the vault has no namespace {name!r}")
    return found


def _hashes(vault: LocalVault, token: str | None) -> set[bytes]:
    """The hashes that every run of a token has in this audit."""
    from llm_guard_protecto.engine.reveal import core_of

    if token is None or vault.trail is None:
        return set()
    runs = core_of(token, vault.policy())
    if not runs:
        raise typer.BadParameter("a token has letters or digits")
    return {vault.trail.key.hashed(run) for run in runs}


def _shown(one: AuditEntry) -> dict[str, Any]:
    return {
        "number": one.number,
        "time": _time(one),
        "who": one.who,
        "token": one.token,
        "via": one.via,
        "what": one.what,
        "policy": one.policy,
        "outcome": one.outcome,
        "error": one.error,
        "facts": dict(one.facts),
        "hashes": [value.hex() for value in one.hashes],
    }


def _row(one: AuditEntry) -> tuple[str, ...]:
    facts = {key: fact for key, fact in one.facts.items() if fact not in (0, {}, "")}
    details = ", ".join(f"{key} {_fact(fact)}" for key, fact in facts.items())
    said = [details, one.error or ""]
    words = (one.who or "-", one.what, one.policy or "-", one.outcome)
    return (str(one.number), _time(one), *words, "; ".join(filter(None, said)) or "-")


def _fact(fact: object) -> str:
    if isinstance(fact, dict):
        return " ".join(f"{key}={count}" for key, count in fact.items())
    return " ".join(map(str, fact)) if isinstance(fact, list) else str(fact)


def _time(one: AuditEntry) -> str:
    return f"{datetime.fromtimestamp(one.moment / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _moment(text: str | None, rest: int) -> int | None:
    """Milliseconds since 1970; `rest` 999 for the end of what is written."""
    if text is None:
        return None
    for form, more in (("%Y-%m-%d %H:%M:%S", 0), ("%Y-%m-%d", 86_399_000)):
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(moment.timestamp()) * 1000 + (more + rest if rest else 0)
    raise typer.BadParameter("a time is written YYYY-MM-DD or YYYY-MM-DD HH:MM:SS")
