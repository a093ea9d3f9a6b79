"""Asynchronous calls: submit, and ask how they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.bearers import Caller
from llm_guard_protecto.engine.jobs import Claimed, Failure, Job, Queue
from llm_guard_protecto.server import vault_api
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.settings import Settings

__all__ = ["CALLS", "Handler", "admin_job", "perform", "status", "submit", "written"]

Handler = Callable[[Claimed, Settings], Any]
"""Does a job in its vault and gives its result, a JSON value. Raises `Refusal` with the message
of what is wrong with the payload. May run again after a crash, so it must bear being repeated."""

CALLS: Mapping[str, Handler] = {
    "mask": lambda job, settings: vault_api.mask(job.vault, job.payload, settings),
    "unmask": lambda job, settings: vault_api.unmask(job.vault, job.payload, settings),
}
"""What can be asked for asynchronously; each name is also the permission it needs."""


def submit(
    queue: Queue, vault: LocalVault, caller: Caller, call: str, body: Any, settings: Settings
) -> list[dict[str, str]]:
    """Queue a call. What is wrong inside its items shows when the job fails."""
    vault_api.listed(body, call, settings)
    tracking_id = queue.submit(vault, call, caller.owner, body)
    return [{"tracking_id": tracking_id, "status": "PENDING"}]


def perform(job: Claimed, settings: Settings, handlers: Mapping[str, Handler]) -> Any:
    """Do a queued call. Raises `Failure` with the message of a refusal."""
    handler = handlers.get(job.row.call)
    if handler is None:
        raise Failure("no worker of this version knows this kind of job")
    try:
        return handler(job, settings)
    except Refusal as refusal:
        message = str(refusal)
    raise Failure(message)


def status(
    queue: Queue, vault: LocalVault, caller: Caller, body: Any, settings: Settings
) -> list[dict[str, Any]]:
    """How jobs are, in the order of their ids.

    One of another namespace, or of a call that the caller may not make itself, is unknown.
    """
    tracking_ids = []
    for entry in vault_api.listed(body, "status", settings):
        tracking_id = entry.get("tracking_id") if isinstance(entry, dict) else None
        if not isinstance(tracking_id, str) or not tracking_id:
            raise Refusal("Missing tracking_id")
        tracking_ids.append(tracking_id)
    answers = []
    for job in queue.look(vault, tracking_ids):
        if job is None or job.call not in CALLS or job.call not in caller.permissions:
            raise Refusal("Invalid tracking_id")
        answers.append(_shown(job))
    return answers


def written(moment: int | None) -> str | None:
    """A time in seconds since 1970 as Protecto writes it, in UTC."""
    return None if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"


def _shown(job: Job) -> dict[str, Any]:
    return {
        "tracking_id": job.tracking_id,
        "call_type": job.call,
        "input_payload": job.payload,
        "result": job.result,
        "error_msg": job.error,
        "submitted_time": written(job.submitted),
        "process_start_time": written(job.started),
        "completed_time": written(job.ended),
        "status": job.status,
    }


def admin_job(job: Job) -> dict[str, Any]:
    """A job of an administrator."""
    return {
        "tracking_id": job.tracking_id,
        "requested_user": job.owner,
        "requested_timestamp": written(job.submitted),
        "process_start_time": written(job.started),
        "process_end_time": written(job.ended),
        "job_type": job.call,
        "response": {"message": job.result} if job.status == "SUCCESS" else None,
        "error_message": job.error,
        "status": job.status,
    }
