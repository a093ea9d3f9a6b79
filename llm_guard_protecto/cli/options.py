"""The options that commands share, and what they open."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.protecto import ProtectoVault
    from llm_guard_protecto.vault import PolicyChoice

__all__ = [
    "ExplainOption",
    "HtmlOption",
    "JsonOption",
    "LinesOption",
    "PolicyOption",
    "TextArguments",
    "VaultOption",
    "choose_policy",
    "open_any_vault",
    "open_vault",
]

VaultOption = Annotated[
    str | None,
    typer.Option(
        "--vault",
        metavar="URL",
        envvar="LLM_GUARD_VAULT",
        help="sqlite:///PATH, a path, postgresql://... or memory: (default: the vault in your data "
        "directory). To mask and unmask also https://HOST of a server; LLM_GUARD_VAULT_TOKEN has "
        "its token.",
    ),
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy", metavar="NAME", help="A policy's name, or a policy file (.toml or .json)."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LinesOption = Annotated[bool, typer.Option("--lines", help="Each line is a text of its own.")]
ExplainOption = Annotated[
    bool,
    typer.Option("--explain", help="Everything found: why, and what the policy does with it."),
]
HtmlOption = Annotated[
    str | None,
    typer.Option(
        "--html", metavar="FILE", help="Write the same as a coloured page to FILE; - for stdout."
    ),
]
TextArguments = Annotated[
    list[str] | None, typer.Argument(metavar="TEXT", help="Default: the whole of stdin.")
]


def open_any_vault(url: str | None) -> LocalVault | ProtectoVault:
    """The vault at `url`, the user's own, or the service that answers there."""
    from llm_guard_protecto.vault import is_service

    if not is_service(url):
        return open_vault(url)
    from llm_guard_protecto.protecto import ProtectoVault

    return ProtectoVault(url, environ=os.environ)


def open_vault(url: str | None, patience: float = 5.0) -> LocalVault:
    """The vault at `url`, or the user's own. A person is told when that makes a new key.

    Its store gets `patience` seconds a call.

    Raises `ConfigurationError` for the address of a service.
    """
    import logging

    from llm_guard_protecto.engine import LocalVault
    from llm_guard_protecto.vault import is_service

    if is_service(url):
        from llm_guard_protecto.errors import ConfigurationError

        raise ConfigurationError(
            "this command needs the vault itself, and --vault is the address of a service; "
            "only mask and unmask can ask one"
        )
    if sys.stderr.isatty():
        notices = logging.getLogger("llm_guard_protecto")
        notices.setLevel(logging.INFO)
        notices.addHandler(logging.StreamHandler())
    return LocalVault(url, environ=os.environ, patience=patience)


def choose_policy(text: str | None) -> PolicyChoice:
    """A policy file if `text` looks like a path (a slash, `.toml`, `.json`), else a name."""
    if text is None or not (text.endswith((".toml", ".json")) or "/" in text or os.sep in text):
        return text
    from llm_guard_protecto.policy import Policy

    return Policy.load(text)
