"""What a server is made of: the namespaces of a vault, who may call, and the queue of jobs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.bearers import Bearers
from llm_guard_protecto.engine.jobs import Claimed, Failure, Queue
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.workers import workers_for
from llm_guard_protecto.server import deletion_api, jobs_api
from llm_guard_protecto.server.health import Health
from llm_guard_protecto.server.recording import Recording
from llm_guard_protecto.server.settings import Settings
from llm_guard_protecto.server.tracing import span

if TYPE_CHECKING:
    from llm_guard_protecto.server.gateway.calls import Recent
    from llm_guard_protecto.server.gateway.configuration import Gateway
    from llm_guard_protecto.server.meters import Meters

__all__ = ["HANDLERS", "Service"]

HANDLERS: Mapping[str, jobs_api.Handler] = {
    **jobs_api.CALLS,
    **deletion_api.HANDLERS,
}
"""Every kind of job that a worker can do; another one is a line here."""


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
        self.recording = Recording(self.namespaces, self.settings.unmask_quota, clock)
        self.queue = Queue(self.namespaces, self.settings.purge_after, clock, self.settings.lease)
        self.workers = workers_for(self.queue, self._perform, self.settings.workers)
        self.meters: Meters | None = None  # a server has them, a worker has nobody to tell
        self.gateway_file: Gateway | None = None  # set where the server is one, with `recent`
        self.recent: Recent | None = None
        checks = {"masking": self._masks, "store": self._keeps, "audit": self._records}
        self.health = Health(checks, self.settings.ready_seconds)

    def start(self) -> None:
        """Start to work on queued jobs, also those of before a crash.

        Masks a text first: what is built at first use takes seconds on a fresh machine, and the
        first caller should not wait for it.
        """
        self.ready()
        self.workers.start()
        self.recording.start()

    def stop(self) -> None:
        """Take no more jobs and let those at work finish."""
        self.workers.stop()
        self.recording.stop()

    def ready(self) -> bool:
        """Whether a text is masked and the store can be read and written, now or lately."""
        return not self.health.failed()

    def _masks(self) -> bool:
        """A new text each time, or it would be known and nothing would be searched."""
        canary = f"Write to Sarah Johnson at sarah.johnson@example.com, {secrets.token_hex(4)}"
        [masked] = self.namespaces.vault.mask([canary], "anonymize")
        return "Johnson" not in masked.token_value and "example" not in masked.token_value

    def _records(self) -> bool:
        """Raises `VaultUnavailable` when the last entry could not be written, nor one now can."""
        trail = self.namespaces.vault.trail
        if trail is not None:
            trail.ensure()
        return True

    def _keeps(self) -> bool:
        """Read, and open a transaction that could write: nobody has a token of that digest."""
        return bool(self.namespaces.names()) and not self.bearers.revoke(secrets.token_bytes(32))

    def _perform(self, job: Claimed) -> Any:
        call = job.row.call
        with span(f"job {call}" if call in HANDLERS else "job") as told:
            try:
                with self.recording.job(job):
                    result = jobs_api.perform(job, self.settings, HANDLERS)
            except Exception as error:
                self._worked(call, "failed" if isinstance(error, Failure) else "stopped")
                raise
            told.tell(result)
        self._worked(call, "done")
        return result

    def _worked(self, call: str, outcome: str) -> None:
        if self.meters is not None:
            self.meters.worked(call, outcome)
