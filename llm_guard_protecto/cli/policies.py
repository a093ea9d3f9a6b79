"""The `policy` commands: what a vault does with each entity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm_guard_protecto.cli.options import JsonOption, VaultOption, open_vault
from llm_guard_protecto.cli.streams import on_a_terminal, write, write_json

if TYPE_CHECKING:
    from llm_guard_protecto.policy import Policy

__all__ = ["app"]

app = typer.Typer(help="The policies of a vault: what happens to each entity.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .toml or .json file.")]


@app.command("list")
def list_policies(vault: VaultOption = None, json: JsonOption = False) -> None:
    """List the policies a vault knows, its own and the built-in ones."""
    with open_vault(vault) as opened:
        policies = [opened.policy(name) for name in opened.policies()]
    if json:
        write_json([{"name": one.name, "description": one.description} for one in policies])
    elif on_a_terminal():
        from llm_guard_protecto.cli.show import show_policies

        show_policies(policies)
    else:
        write("".join(f"{one.name}\t{one.description}\n" for one in policies))


@app.command()
def show(name: NameArgument, vault: VaultOption = None, json: JsonOption = False) -> None:
    """Show one policy: the action, wrapper and token shape of every entity."""
    with open_vault(vault) as opened:
        policy = opened.policy(name)
    if json:
        write_json(as_file(policy))
    elif on_a_terminal():
        from llm_guard_protecto.cli.show import show_policy

        show_policy(policy)
    else:
        for entity, rule in policy.entities.items():
            write(f"{entity}\t{rule.action}\t{rule.prefix}…{rule.suffix}\n")


@app.command("set")
def set_policy(file: FileArgument, vault: VaultOption = None, json: JsonOption = False) -> None:
    """Store a policy file in the vault under the policy's own name."""
    policy = _load(file)
    with open_vault(vault) as opened:
        opened.put_policy(policy)
    _say(json, policy.name, "stored")


@app.command()
def delete(name: NameArgument, vault: VaultOption = None, json: JsonOption = False) -> None:
    """Remove a policy from the vault; its tokens can still be turned back."""
    with open_vault(vault) as opened:
        opened.delete_policy(name)
    _say(json, name, "deleted")


@app.command()
def check(file: FileArgument, json: JsonOption = False) -> None:
    """Check a policy file; every mistake in it is named. Needs no vault."""
    from llm_guard_protecto.engine.custom import compiled

    policy = _load(file)
    compiled(policy)
    _say(json, policy.name, "correct")


def as_file(policy: Policy) -> dict[str, Any]:
    """A policy as the JSON policy file that says the same."""
    data = policy.model_dump(mode="json")
    data["allow"] = sorted(policy.allow)
    return data


def _load(file: Path) -> Policy:
    from llm_guard_protecto.policy import Policy

    return Policy.load(file)


def _say(json: bool, name: str, state: str) -> None:
    if json:
        write_json({"name": name, "state": state})
    else:
        write(f"policy {name}: {state}\n")
