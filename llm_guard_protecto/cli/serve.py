"""The `serve` command: the vault over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from llm_guard_protecto.cli.options import VaultOption, open_vault

__all__ = ["serve"]


def serve(
    vault: VaultOption = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: any free one.")] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Jobs at once.")] = 2,
    body_limit: Annotated[
        int, typer.Option("--body-limit", min=1, help="Bytes of one request.")
    ] = 8 * 2**20,
) -> None:
    """Serve a vault under /api/vault, as Protecto's own service does."""
    import logging
    import sys

    from llm_guard_protecto.errors import ConfigurationError

    try:
        import uvicorn

        from llm_guard_protecto.server.app import PREFIX
        from llm_guard_protecto.server.running import configured, listening
    except ImportError:
        raise ConfigurationError(
            "serve needs more packages: pip install 'llm-guard-protecto[server]'"
        ) from None
    from llm_guard_protecto.server.service import Service
    from llm_guard_protecto.server.settings import Settings

    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("llm_guard_protecto.server").setLevel(logging.INFO)
    with open_vault(vault) as opened:
        service = Service(opened, Settings(body_limit=body_limit, workers=workers))
        config = configured(service, host, port)
        listener = listening(config)
        listener.listen()  # who calls from now on waits for the start and is not turned away
        where = f"{listener.getsockname()[0]}:{listener.getsockname()[1]}"
        typer.echo(f"serving {opened.keys_status()['vault']} at http://{where}{PREFIX}")
        if not any(service.bearers.of(name) for name in service.namespaces.names()):
            typer.echo("nobody may call yet; make a token: llm-guard-protecto token create")
        uvicorn.Server(config).run(sockets=[listener])
