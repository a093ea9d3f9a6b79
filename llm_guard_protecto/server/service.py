"""What a server is made of: the namespaces of a vault, who may call, and the queue of jobs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.bearers import Bearers
from llm_guard_protecto.engine.jobs import Claimed, Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.workers import Workers
from llm_guard_protecto.server import jobs_api
from llm_guard_protecto.server.settings import Settings

__all__ = ["Service"]

log = logging.getLogger("llm_guard_protecto.server")


class Service:
    """The parts of a server over one vault; `dispatch.answer` asks them. Thread-safe.

    `vault` is its own namespace's; the others are opened as they are asked for. Stopping does not
    close it.
    """

    def __init__(
        self,
        vault: LocalVault,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives seconds since 1970."""
        self.settings = settings or Settings()
        self.namespaces = Namespaces(vault)
        self.bearers = Bearers(self.namespaces, clock)
        self.queue = Queue(self.namespaces, self.settings.purge_after, clock)
        self.workers = Workers(self.queue, self._perform, self.settings.workers)

    def start(self) -> None:
        """Start to work on queued jobs, also those of before a crash.

        Masks a text first: what is built at first use takes seconds on a fresh machine, and the
        first caller should not wait for it.
        """
        self.ready()
        self.workers.start()

    def stop(self) -> None:
        """Take no more jobs and let those at work finish."""
        self.workers.stop()

    def ready(self) -> bool:
        """Whether a text is masked and the store answers, now."""
        canary = "Write to Sarah Johnson at sarah.johnson@example.com"
        try:
            [masked] = self.namespaces.vault.mask([canary], "anonymize")
            self.namespaces.names()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
            log.warning("not ready: %s", type(error).__name__)
            return False
        return "Johnson" not in masked.token_value and "example" not in masked.token_value

    def _perform(self, job: Claimed) -> Any:
        return jobs_api.perform(job, self.settings)
