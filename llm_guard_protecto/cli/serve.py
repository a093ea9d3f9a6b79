"""The `serve` command: the vault over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from llm_guard_protecto.cli.options import VaultOption, open_vault

__all__ = ["serve"]


def serve(
    vault: VaultOption = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: any free one.")] = 8000,
    reuse_port: Annotated[
        bool, typer.Option("--reuse-port", help="Other processes may serve the same port.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="Speak TLS: a PEM file.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The key of the certificate.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Let others call without TLS: behind a proxy that has.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Jobs at once.")] = 2,
    body_limit: Annotated[
        int, typer.Option("--body-limit", min=1, help="Bytes of one request.")
    ] = 8 * 2**20,
    request_seconds: Annotated[
        float, typer.Option("--request-seconds", min=0.1, help="Longest wait for an answer.")
    ] = 30.0,
    vault_seconds: Annotated[
        float, typer.Option("--vault-seconds", min=0.1, help="Longest wait for the vault's store.")
    ] = 0.6,
    concurrent: Annotated[
        int, typer.Option("--concurrent", min=1, help="Requests that may be there at once.")
    ] = 256,
    rate_limit: Annotated[
        int | None, typer.Option("--rate-limit", min=1, help="Requests a minute of one token.")
    ] = None,
    grace: Annotated[
        int, typer.Option("--grace", min=0, help="Seconds for running requests at the end.")
    ] = 30,
    drain: Annotated[
        float, typer.Option("--drain", min=0, help="Seconds to serve on, not ready, at the end.")
    ] = 0.0,
    metrics: Annotated[bool, typer.Option(help="Answer /metrics.")] = True,
    gateway: Annotated[
        Path | None,
        typer.Option("--gateway", metavar="FILE", help="Also a gateway to the providers it names."),
    ] = None,
    console: Annotated[
        bool, typer.Option("--console", help="Also a page for people, under /console.")
    ] = False,
    log_format: Annotated[
        Literal["text", "json"], typer.Option("--log-format", help="How the log is written.")
    ] = "text",
) -> None:
    """Serve a vault under /api/vault, as Protecto's own service does, and a gateway under /v1."""
    import os

    from llm_guard_protecto.errors import ConfigurationError

    try:
        from llm_guard_protecto.server.app import PREFIX
        from llm_guard_protecto.server.running import (
            Server,
            configured,
            listening,
            loopback,
        )
    except ImportError:
        raise ConfigurationError(
            "serve needs more packages: pip install 'llm-guard-protecto[server]'"
        ) from None
    from llm_guard_protecto.server import logs
    from llm_guard_protecto.server.console.ear import Overhearing
    from llm_guard_protecto.server.gateway.configuration import load
    from llm_guard_protecto.server.gateway.upstreams import Upstreams
    from llm_guard_protecto.server.hardening import keep_memory_private
    from llm_guard_protecto.server.heaps import share_heaps
    from llm_guard_protecto.server.service import Service
    from llm_guard_protecto.server.settings import Settings

    if (certificate is None) != (key is None):
        raise ConfigurationError("TLS needs both --certificate and --key")
    if not (loopback(host) or certificate or plain):
        raise ConfigurationError(
            f"{host} can be called from other machines, and texts would travel in clear: give "
            "--certificate and --key, or --plain if a proxy in front of it speaks TLS"
        )
    settings = Settings(
        body_limit=body_limit,
        workers=workers,
        request_seconds=request_seconds,
        concurrent=concurrent,
        rate_limit=rate_limit,
        metrics=metrics,
        console=console,
    )
    file = load(gateway) if gateway else None
    if file and console and "console" in file.upstreams:
        raise ConfigurationError("with --console no upstream can be called console")
    around = Overhearing if console else None
    providers = (file, Upstreams(file, os.environ, around)) if file else None
    logs.start(log_format)
    keep_memory_private()
    share_heaps()
    with open_vault(vault, vault_seconds) as opened:
        service = Service(opened, settings)
        try:
            config = configured(
                service,
                host,
                port,
                grace=grace,
                certificate=certificate,
                key=key,
                providers=providers,
            )
            config.load()
        except OSError as error:
            raise ConfigurationError(f"the certificate or its key: {error.strerror}") from None
        listener = listening(config, reuse_port=reuse_port)
        listener.listen()  # who calls from now on waits for the start and is not turned away
        where = f"{listener.getsockname()[0]}:{listener.getsockname()[1]}"
        scheme = "https" if certificate else "http"
        typer.echo(f"serving {opened.keys_status()['vault']} at {scheme}://{where}{PREFIX}")
        if file:
            mode = ", in shadow mode: nothing is masked" if file.shadow else ""
            typer.echo(f"gateway to {', '.join(file.upstreams)} at {scheme}://{where}/v1{mode}")
        if console:
            typer.echo(f"console at {scheme}://{where}/console/")
        if not any(service.bearers.of(name) for name in service.namespaces.names()):
            typer.echo("nobody may call yet; make a token: llm-guard-protecto token create")
        Server(config, service, drain).run(sockets=[listener])
