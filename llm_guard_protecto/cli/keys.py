"""The `keys` commands: the vault's keys, and never the key material itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm_guard_protecto.cli.options import JsonOption, VaultOption, open_vault
from llm_guard_protecto.cli.streams import on_a_terminal, write, write_json

if TYPE_CHECKING:
    from llm_guard_protecto.engine.local import LocalVault
    from llm_guard_protecto.engine.rotation import Role, Rotated
    from llm_guard_protecto.engine.verify import Verified

__all__ = ["app", "namespace_of"]

app = typer.Typer(help="The keys of a vault: look, rotate, back up, verify.")

OneNamespace = Annotated[
    str | None, typer.Option("--namespace", metavar="NAME", help="Only this one (default: all).")
]


@app.callback()
def start() -> None:
    """The keys of a vault: look, rotate, back up, verify."""


@app.command()
def status(
    vault: VaultOption = None,
    namespace: Annotated[
        str, typer.Option("--namespace", metavar="NAME", help="The namespace whose keys to show.")
    ] = "default",
    json: JsonOption = False,
) -> None:
    """Show which keys the vault uses; nothing secret, and only if its root key fits."""
    with open_vault(vault) as opened:
        facts = dict(namespace_of(opened, namespace).keys_status())
    if json:
        write_json(facts)
        return
    if on_a_terminal():
        from llm_guard_protecto.cli.show_keys import show_keys

        show_keys(facts)
        return
    for name, fact in facts.items():
        for one in fact if isinstance(fact, list) else [fact]:
            write(f"{name.replace('_', ' '):10} {_line(one)}\n")


@app.command()
def rotate(
    root: Annotated[bool, typer.Option("--root", help="The key that wraps all others.")] = False,
    data: Annotated[bool, typer.Option("--data", help="The key that seals values.")] = False,
    index: Annotated[bool, typer.Option("--index", help="The key that finds values.")] = False,
    token: Annotated[bool, typer.Option("--token", help="The key that makes tokens.")] = False,
    rewrap: Annotated[
        bool, typer.Option("--rewrap", help="With --data: seal old values anew now.")
    ] = False,
    vault: VaultOption = None,
    namespace: OneNamespace = None,
    json: JsonOption = False,
) -> None:
    """Replace a key, while the vault is used. May be stopped at any time and run again.

    No token changes and no value is lost. --index always writes old rows anew. What a run that was
    stopped has left is finished first, with the same options.
    """
    if [root, data, index, token].count(True) != 1:
        raise typer.BadParameter("say one key to rotate: --root, --data, --index or --token")
    if rewrap and not data:
        raise typer.BadParameter("--rewrap goes with --data")
    if root and namespace is not None:
        raise typer.BadParameter("the root key is one for all namespaces")
    with open_vault(vault) as opened:
        if root:
            _rotate_root(opened, json)
            return
        role: Role = "data" if data else "index" if index else "token"
        names = [namespace] if namespace else list(opened.store.tenants.names())
        done = _rotate(opened, names, role, again=index or rewrap)
    if json:
        write_json([asdict(one) for one in done])
        return
    for one in done:
        line = f"{one.namespace}: {one.role} key {one.version} is in use"
        if one.open:
            line += ", values sealed before open by older ones"
        elif role != "token":
            line += f", {one.rewritten} written anew"
        write(f"{line}\n")
        if one.damaged:
            write(f"{one.namespace}: {one.damaged} do not open; run: keys verify\n")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    vault: VaultOption = None,
    json: JsonOption = False,
) -> None:
    """Copy the vault to FILE while it is used, and check that everything in the copy opens.

    The root key is not in it: back that up elsewhere.
    """
    from llm_guard_protecto.engine.backup import backup as copy

    with open_vault(vault) as opened, _progress("checking the copy") as advance:
        found = copy(opened.store, opened.root, file, advance)
    if json:
        write_json(_facts(found) | {"file": str(file), "holds_root_key": False})
    else:
        write(
            f"{file}: {found.tokens} values in {found.namespaces} namespaces\n"
            f"to open it one needs root key {found.root_key}, which is not in it: back it up, too\n"
        )
    if not found.good:
        _bad(found, json)


@app.command()
def verify(vault: VaultOption = None, json: JsonOption = False) -> None:
    """Open everything in the vault, and name what does not open. Exit code 1 if anything."""
    from llm_guard_protecto.engine.verify import verify as look

    with open_vault(vault) as opened, _progress("opening everything") as advance:
        found = look(opened.store, opened.root, advance)
    if json:
        write_json(_facts(found))
    elif on_a_terminal():
        from llm_guard_protecto.cli.show_keys import show_verified

        show_verified(found)
    else:
        write(
            f"vault      {found.location}\nroot key   {found.root_key}\n"
            f"namespaces {found.namespaces}\ntokens     {found.tokens}\n"
            f"texts      {found.texts}\njobs       {found.jobs}\n"
            f"damaged    {len(found.damaged) + len(found.integrity)}\n"
        )
    if not found.good:
        _bad(found, json)


def _rotate(opened: LocalVault, names: list[str], role: Role, *, again: bool) -> list[Rotated]:
    from llm_guard_protecto.engine.rotation import Rotated, begin, finish, unfinished
    from llm_guard_protecto.engine.trails import changing

    done = []
    for name in names:
        one = namespace_of(opened, name)
        store, day = one.store, one.today()
        if not (again and unfinished(store, name, role)):
            with changing(one.trail, "key rotated", role=role):
                begin(store, name, one.root, role, day)
        one.refresh()
        if again:
            total = sum(store.usage(one.keyring.namespace).values())
            with _progress(f"{name}: writing anew", total) as advance:
                done.append(finish(one, role, advance))
        else:
            version = max(k.version for k in one.keyring.status({}) if k.role == role)
            done.append(Rotated(name, role, version, open=role == "data"))
    return done


def _rotate_root(opened: LocalVault, json: bool) -> None:
    from llm_guard_protecto.engine.root_rotation import rotate_root

    done = rotate_root(opened)
    if json:
        write_json(asdict(done))
        return
    state = "the change was finished" if done.resumed else f"{done.rewrapped} keys wrapped anew"
    write(f"root key {done.old} was replaced by {done.new} in {done.where}: {state}\n")
    if done.kept:
        write(f"the old key is kept in {done.kept}\n")
    write(f"next: {done.next_step}\n")


def namespace_of(opened: LocalVault, name: str) -> LocalVault:
    """The vault in a namespace that is there. Raises `ConfigurationError` when it is not."""
    from llm_guard_protecto.errors import ConfigurationError

    if name == opened.keyring.name:
        return opened
    if opened.store.tenants.number_of(name) is None:
        raise ConfigurationError(f"the vault has no namespace {name!r}")
    return opened.in_namespace(name)


def _facts(found: Verified) -> dict[str, object]:
    return asdict(found) | {"success": found.good}


def _bad(found: Verified, json: bool) -> None:
    if not json:
        for line in found.integrity:
            write(f"the file is damaged: {line}\n")
        for one in found.damaged[:1000]:
            write(f"{one.namespace}: {one.what} {one.name} {one.reason}\n")
        write("restore a backup, or go on without these: all others open\n")
    raise typer.Exit(1)


def _line(fact: object) -> str:
    if not isinstance(fact, dict):
        return str(fact)
    if "day" in fact:
        fact = fact | {"day": date(1970, 1, 1) + timedelta(days=fact["day"])}
    return "  ".join(f"{name} {value}" for name, value in fact.items() if value is not None)


def _progress(
    title: str, total: int | None = None
) -> AbstractContextManager[Callable[[int], None]]:
    from llm_guard_protecto.cli.show_keys import progress

    return progress(title, total)
