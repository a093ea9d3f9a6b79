"""The `token` commands: who may call the server."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm_guard_protecto.cli.options import JsonOption, VaultOption, open_vault
from llm_guard_protecto.cli.streams import write, write_json

if TYPE_CHECKING:
    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.engine.bearers import Bearers
    from llm_guard_protecto.engine.store.tenants import Bearer

__all__ = ["app"]

app = typer.Typer(help="The bearer tokens of the server.")

_ID = 12
_EPOCH = date(1970, 1, 1)

StartOption = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="The first day on which it is good.")
]
EndOption = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day on which it is good.")
]


@app.command()
def create(
    namespace: Annotated[str, typer.Option(help="Made if it is not there.")] = "default",
    permissions: Annotated[str, typer.Option(help="Of mask, unmask, metadata_change.")] = "mask",
    owner: Annotated[str, typer.Option(help="Whose token it is, for lists.")] = "",
    start: StartOption = None,
    end: EndOption = None,
    master: Annotated[
        bool, typer.Option("--master", help="A key that makes tokens and namespaces instead.")
    ] = False,
    vault: VaultOption = None,
    json: JsonOption = False,
) -> None:
    """Make a token and print it, once: the vault keeps a digest of it only."""
    first, last = _day(start), _day(end)
    asked = [] if master else [one.strip() for one in permissions.split(",") if one.strip()]
    with open_vault(vault) as opened:
        token = _bearers(opened).create(None if master else namespace, owner, asked, first, last)
    if json:
        write_json({"token": token})
    else:
        write(f"{token}\n")


@app.command("list")
def list_tokens(vault: VaultOption = None, json: JsonOption = False) -> None:
    """List the tokens by their ids; nothing here lets anybody in."""
    with open_vault(vault) as opened:
        tokens = [_shown(name, one) for name, one in _all(opened)]
    if json:
        write_json(tokens)
        return
    for one in tokens:
        words = [one["id"], one["namespace"] or "(master)", ",".join(one["permissions"]) or "-"]
        dates = f"{one['start_date'] or ''}..{one['end_date'] or ''}"
        state = "active" if one["active"] else "revoked"
        write("\t".join([*words, one["owner"] or "-", dates, state]) + "\n")


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="An id of `token list`, or a token.")],
    vault: VaultOption = None,
    json: JsonOption = False,
) -> None:
    """Refuse a token from the next request on."""
    from llm_guard_protecto.errors import ConfigurationError

    with open_vault(vault) as opened:
        bearers = _bearers(opened)
        held = bearers.held(token)
        found = [held] if held else [one for _, one in _all(opened) if _id(one) == token]
        if len(found) != 1 or not bearers.revoke(found[0].digest):
            raise ConfigurationError("no token has this id, or it was revoked before")
    if json:
        write_json({"id": _id(found[0]), "state": "revoked"})
    else:
        write(f"token {_id(found[0])}: revoked\n")


def _bearers(vault: LocalVault) -> Bearers:
    from llm_guard_protecto.engine.bearers import Bearers
    from llm_guard_protecto.engine.namespaces import Namespaces

    return Bearers(Namespaces(vault))


def _all(vault: LocalVault) -> list[tuple[str | None, Bearer]]:
    bearers = _bearers(vault)
    names: list[str | None] = [None, *vault.store.tenants.names()]
    return [(name, one) for name in names for one in bearers.of(name)]


def _id(bearer: Bearer) -> str:
    return bearer.digest.hex()[:_ID]


def _shown(namespace: str | None, bearer: Bearer) -> dict[str, Any]:
    return {
        "id": _id(bearer),
        "namespace": namespace,
        "owner": bearer.owner,
        "permissions": list(bearer.permissions),
        "start_date": _date(bearer.first_day),
        "end_date": _date(bearer.last_day),
        "active": bearer.revoked is None,
    }


def _date(day: int | None) -> str | None:
    return None if day is None else (_EPOCH + timedelta(days=day)).isoformat()


def _day(text: str | None) -> int | None:
    try:
        return None if text is None else (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise typer.BadParameter("a date is written YYYY-MM-DD") from None
