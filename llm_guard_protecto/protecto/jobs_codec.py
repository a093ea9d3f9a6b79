"""Jobs: the answer to a submission, the question after their state, and what a state means.

Raises `VaultError` for an answer that is none to the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from llm_guard_protecto.errors import VaultError
from llm_guard_protecto.models import Item, Masked, Unmasked
from llm_guard_protecto.protecto.answers import message_of
from llm_guard_protecto.protecto.codec import MaskPlan, UnmaskPlan, as_json
from llm_guard_protecto.protecto.messages import known
from llm_guard_protecto.protecto.reading import Json, Row, masked, rows, scores_of, string, text_of

__all__ = ["Job", "JobStatus", "Submitted", "read_jobs", "read_submission", "status_body"]

JobStatus = Literal["PENDING", "IN-PROGRESS", "SUCCESS", "FAILED", "PURGED"]
"""The five states; the last three are final."""

_STATUSES: tuple[JobStatus, ...] = ("PENDING", "IN-PROGRESS", "SUCCESS", "FAILED", "PURGED")


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that the vault has taken. `plan` is what was asked, to read the result against."""

    tracking_id: str
    plan: MaskPlan | UnmaskPlan = field(repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """The state of a job. Times are UTC, None for what has not happened.

    `result` is there for SUCCESS only; read by id alone it has an entry for each item that was
    sent, so a text that was cut comes as its pieces. `error` is one of Protecto's known messages,
    or a sentence that repeats none.
    """

    tracking_id: str
    status: JobStatus
    kind: Literal["mask", "unmask"] | None = None
    result: tuple[Masked, ...] | tuple[Unmasked, ...] | None = field(default=None, repr=False)
    error: str | None = None
    submitted: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None
    rows: Json = field(default=None, repr=False, compare=False)

    @property
    def is_final(self) -> bool:
        """Whether it will stay as it is."""
        return self.status in ("SUCCESS", "FAILED", "PURGED")


def read_submission(data: Json, plan: MaskPlan | UnmaskPlan) -> Submitted:
    """The job of a submission's answer."""
    [row] = rows(data, 1)
    tracking_id = string(row, "tracking_id")
    if not tracking_id:
        raise VaultError("the vault took the job and gave it no tracking id")
    return Submitted(tracking_id, plan)


def status_body(tracking_ids: Sequence[str]) -> bytes:
    """The question after the state of jobs."""
    return as_json({"status": [{"tracking_id": one} for one in tracking_ids]})


def read_jobs(data: Json, tracking_ids: Sequence[str]) -> list[Job]:
    """The states, in the order of `tracking_ids`, whatever the order of the answer."""
    found = {string(row, "tracking_id"): row for row in rows(data, len(tracking_ids))}
    if set(found) != set(tracking_ids):
        raise VaultError("the vault answered for other jobs than it was asked for")
    return [_job(found[one]) for one in tracking_ids]


def _job(row: Row) -> Job:
    status = text_of(row.get("status")).upper().replace("_", "-").replace(" ", "-")
    if status not in _STATUSES:
        raise VaultError("the vault answered with a state of a job that is unknown here")
    kind = text_of(row.get("call_type")).strip("/").partition("/")[0]
    result = _there(row.get("result"))
    return Job(
        tracking_id=string(row, "tracking_id"),
        status=status,
        kind="mask" if kind == "mask" else "unmask" if kind == "unmask" else None,
        result=_result(result, kind) if status == "SUCCESS" else None,
        error=_error(row) if status == "FAILED" else None,
        submitted=_time(row.get("submitted_time")),
        started=_time(row.get("process_start_time")),
        completed=_time(row.get("completed_time")),
        rows=result if status == "SUCCESS" else None,
    )


def _result(result: Json, kind: str) -> tuple[Masked, ...] | tuple[Unmasked, ...]:
    """What the job made, as far as the answer alone tells."""
    if not isinstance(result, list):
        raise VaultError("the vault says that a job succeeded and gives no result")
    found = rows(result, len(result))
    if kind == "unmask":
        return tuple(
            Unmasked(string(row, "value"), text_of(row.get("token_value")), scores_of(row))
            for row in found
        )
    return tuple(masked(_asked(row), string(row, "value"), row) for row in found)


def _asked(row: Row) -> Item:
    name = text_of(row.get("token_name")) or None
    return Item(string(row, "value"), name, text_of(row.get("format")) or None)


def _error(row: Row) -> str:
    """The reason in the table's words: a vault's own may repeat what was sent."""
    candidates = (row.get("error_msg"), row.get("error_message"), message_of(dict(row)))
    message = next((text for one in candidates if (text := text_of(_there(one)))), "")
    found = known(message)
    return found.text if found else "the vault gave a reason unknown here"


def _there(value: Json) -> Json:
    """The value; older vaults print the word None for what is not there."""
    return None if value in ("None", "null", "") else value


def _time(value: Json) -> datetime | None:
    text = text_of(_there(value))
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None
