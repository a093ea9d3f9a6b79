"""What is written down of every call: the audit of what it reveals, counts of use, a watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

from llm_guard_protecto.engine.acting import Act, acting, current
from llm_guard_protecto.engine.bearers import Caller
from llm_guard_protecto.engine.jobs import Claimed, Failure
from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.usage import Usage
from llm_guard_protecto.server.deletion_api import PATHS
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.watch import Watch

__all__ = ["Recording", "read_result"]

UNMASK, UNMASK_PATH = "unmask", "/unmask"

SAID = frozenset(
    {
        "API usage limit exceeded",
        "Missing token value",
        "Missing token value field",
        "Payload is empty",
        "Payload is not valid JSON",
        "Permission denied",
        "Policy doesn't exist.",
        "Unmasking of given token values failed.",
        "unmask data missing",
    }
)
"""Refusals that are written down as they are; another one may quote what was sent."""


class Recording:
    """Opens and closes the record of each call. Thread-safe."""

    def __init__(
        self, namespaces: Namespaces, unmask_quota: int | None, clock: Callable[[], float]
    ) -> None:
        """`clock` gives seconds since 1970; `unmask_quota` is that of `Watch`."""
        self._namespaces = namespaces
        self.usage = Usage(namespaces.vault.store, clock)
        self.watch = Watch(unmask_quota, clock)

    def call(self, caller: Caller, path: str) -> AbstractContextManager[None]:
        """Record one call of somebody known. What it reveals is on record when the block ends.

        Raises `VaultUnavailable` when that cannot be written; then nothing may be answered.
        """
        return _Recorded(self, caller, path)

    def ended(self, caller: Caller, act: Act, *, success: bool) -> None:
        """Count a call that has an answer, whatever answer."""
        if success:
            self.watch.saw(caller.token, act.total.restored, act.total.unknown)
        else:
            self.watch.saw(caller.token, 0, act.total.unknown)
        name = caller.namespace or self._namespaces.vault.keyring.name
        self.usage.hit(name, act.via, "success" if success else "failure", caller.owner)

    def tried(self, caller: Caller) -> None:
        """Somebody asks to have something turned back: recorded even when it comes to nothing.

        Raises `Refusal` (429) for a caller whose quota is used up.
        """
        act = current()
        if act is not None:
            act.via = UNMASK_PATH  # whatever path it came by
        _begun(self._namespaces.get(caller.namespace or ""))
        self.watch.check(caller.token)

    @contextmanager
    def job(self, job: Claimed) -> Iterator[Act]:
        """Record one job of a queue, done for whoever asked for it."""
        path = PATHS.get(job.row.call, f"/{job.row.call}/async")
        with acting(job.row.owner, via=path) as act:
            if job.row.call == UNMASK:
                _begun(job.vault)
            try:
                yield act
            except Failure as failure:
                act.reason = _said(str(failure), 400)
                raise

    def start(self) -> None:
        """Count from now on."""
        self.usage.start()

    def stop(self) -> None:
        """Write down what has been counted."""
        self.usage.stop()


class _Recorded(AbstractContextManager[None]):
    """See `Recording.call`. No generator: every call comes through here."""

    __slots__ = ("_act", "_acting", "_caller", "_path", "_recording")

    def __init__(self, recording: Recording, caller: Caller, path: str) -> None:
        self._recording, self._caller, self._path = recording, caller, path
        self._acting = acting(caller.owner, caller.token, path)

    def __enter__(self) -> None:
        self._act = self._acting.__enter__()
        if self._path == UNMASK_PATH:
            try:
                self._recording.tried(self._caller)
            except BaseException as error:
                self.__exit__(type(error), error, None)
                raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Refusal):
            self._act.reason = _said(str(error), error.status)
        try:
            self._acting.__exit__(kind, error, trace)
        except Exception:
            self._recording.ended(self._caller, self._act, success=False)
            raise
        # What is given up to be begun again in another thread is no call yet.
        if error is None or isinstance(error, Exception):
            self._recording.ended(self._caller, self._act, success=error is None)


def read_result(vault: LocalVault, jobs: Sequence[Mapping[str, Any]]) -> None:
    """Record that the results of jobs which turned tokens back are about to be read."""
    read = sum(job["call_type"] == UNMASK and job["result"] is not None for job in jobs)
    if read and vault.trail is not None:
        vault.trail.record("unmask result read", {"jobs": read})


def _begun(vault: LocalVault | None) -> None:
    act = current()
    if act is not None and vault is not None:
        act.begin(vault.trail, UNMASK)


def _said(message: str, status: int) -> str:
    return message if message in SAID else f"refused {status}"
