"""Deletion by age: of what tokens stand for, and of audit records. Each is a job."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.bearers import Caller
from llm_guard_protecto.engine.jobs import Claimed, Job, Queue
from llm_guard_protecto.engine.usage import DAY
from llm_guard_protecto.server.admin_api import day_of
from llm_guard_protecto.server.jobs_api import Handler, written
from llm_guard_protecto.server.messages import Refusal
from llm_guard_protecto.server.metadata_api import data_of
from llm_guard_protecto.server.settings import Settings

__all__ = ["AUDIT", "HANDLERS", "MAPPINGS", "PATHS", "job_status", "submit"]

MAPPINGS, AUDIT = "mapping-deletion", "audit-deletion"
"""The kinds of job, as they are queued."""

PATHS = {
    MAPPINGS: "/namespace/delete/personal-data-mapping",
    AUDIT: "/namespace/delete/audit-records",
}
"""Where each is asked for."""

KIND = "data-deletion"
"""What both are called in answers."""

LONGEST = 36_500
"""Days that `duration` may say."""


def submit(queue: Queue, vault: LocalVault, caller: Caller, call: str, body: Any) -> dict[str, str]:
    """Queue the deletion of what is older than the day or the number of days that a body says."""
    before = _day(body, int(queue.clock() // DAY))
    tracking_id = queue.submit(vault, call, caller.owner, {"before": before})
    return {"tracking_id": tracking_id, "status": "PENDING", "job_type": KIND}


def job_status(queue: Queue, vault: LocalVault, caller: Caller, tracking_id: str) -> dict[str, Any]:
    """How a deletion is. Who asked for it may look, and nobody else."""
    [job] = queue.look(vault, [tracking_id])
    if job is None or job.call not in HANDLERS or job.owner != caller.owner:
        raise Refusal("Invalid tracking_id")
    return _shown(job)


def _mappings(job: Claimed, _: Settings) -> dict[str, Any]:
    before = date(1970, 1, 1) + timedelta(days=job.payload["before"])
    removed = job.vault.erase(before=before).tokens
    return {"cleared_records": removed, "message": "Personal data mapping deleted successfully."}


def _audit(job: Claimed, _: Settings) -> dict[str, Any]:
    trail = job.vault.trail
    removed = 0 if trail is None else trail.cut(1000 * DAY * job.payload["before"])
    return {"cleared_records": removed, "message": "Audit records deleted successfully."}


HANDLERS: dict[str, Handler] = {MAPPINGS: _mappings, AUDIT: _audit}
"""Does each kind of deletion; to do one again deletes nothing more."""


def _day(body: Any, today: int) -> int:
    """The day before which all is deleted, in days since 1970-01-01."""
    data = data_of(body)
    said, days = data.get("date"), data.get("duration")
    if (said is None) == (days is None):
        raise Refusal("Give either date or duration")
    if days is None:
        return day_of(said) or 0  # a day that is said is one, or a refusal
    if type(days) is not int or not 0 <= days <= LONGEST:
        raise Refusal(f"A duration is a number of days from 0 to {LONGEST}")
    return today - days


def _shown(job: Job) -> dict[str, Any]:
    return {
        "tracking_id": job.tracking_id,
        "requested_user": job.owner,
        "requested_timestamp": written(job.submitted),
        "process_end_time": written(job.ended),
        "job_type": KIND,
        "status": job.status,
        "response": job.result,
        "error_message": job.error,
    }
