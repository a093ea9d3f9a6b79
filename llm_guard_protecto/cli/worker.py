"""The `worker` command: do the jobs that servers have queued."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from llm_guard_protecto.cli.options import VaultOption, open_vault

__all__ = ["worker"]


class LogForm(StrEnum):
    """How lines of the log are written."""

    TEXT = "text"
    JSON = "json"


def worker(
    vault: VaultOption = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=256, help="Jobs at once.")
    ] = 4,
    lease: Annotated[
        int,
        typer.Option(
            "--lease",
            min=2,
            metavar="SECONDS",
            help="After how long a worker that says nothing has lost its jobs; the same for all.",
        ),
    ] = 20,
    log_format: Annotated[
        LogForm, typer.Option("--log-format", help="How the log is written.")
    ] = LogForm.TEXT,
) -> None:
    """Do the queued jobs of a vault until told to stop.

    SIGTERM or SIGINT: take no more, finish those at work. A second one: leave them to others.
    """
    import logging
    import signal
    import threading
    from types import FrameType

    from llm_guard_protecto.errors import ConfigurationError
    from llm_guard_protecto.server import logs
    from llm_guard_protecto.server.hardening import keep_memory_private
    from llm_guard_protecto.server.heaps import share_heaps
    from llm_guard_protecto.server.service import Service
    from llm_guard_protecto.server.settings import Settings

    told = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop(_: int, __: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        told.set()

    logs.start(log_format.value)
    keep_memory_private()
    share_heaps()
    logging.getLogger("llm_guard_protecto.jobs").setLevel(logging.INFO)
    with open_vault(vault) as opened:
        if not opened.store.lasting:
            raise ConfigurationError("a vault in memory is not shared; a worker would find no job")
        service = Service(opened, Settings(workers=concurrency, lease=lease))
        for number in signals:
            signal.signal(number, stop)
        service.start()
        typer.echo(f"working for {opened.store.location}, {concurrency} jobs at once")
        told.wait()
        typer.echo("stopping when the jobs at work are done")
        service.workers.stop(wait=None)
