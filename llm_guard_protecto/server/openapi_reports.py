"""The OpenAPI document's part on deletion by age, the audit and reports."""

from __future__ import annotations

from collections.abc import Mapping

from llm_guard_protecto.server.reports_api import HITS
from llm_guard_protecto.server.schemas import MOMENT, STATES, TEXT, Schema, list_of, object_of

__all__ = ["REPORTS"]


def _rows(**columns: Schema) -> Schema:
    return object_of({"details": list_of(object_of(columns)), "next_page_token": MARK})


MARK: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
OUTCOME: Schema = {"enum": ["success", "failure"]}
PERIOD = {"start_date": True, "end_date": True}
PAGED = {"next_page_token": False}
SPAN: Mapping[str, Schema] = {"start_time": MOMENT, "end_time": MOMENT}
METERED = object_of({name: COUNT for name in (*HITS, "total")})
OLDER: Schema = object_of(
    {
        "data": {
            "oneOf": [
                object_of({"date": {"type": "string", "format": "date"}}),
                object_of({"duration": {"type": "integer", "minimum": 0}}),
            ]
        }
    }
)
DELETING = object_of({"tracking_id": TEXT, "status": STATES, "job_type": TEXT})
DELETION = object_of(
    {
        "tracking_id": TEXT,
        "requested_user": TEXT,
        "requested_timestamp": MOMENT,
        "process_end_time": MOMENT,
        "job_type": TEXT,
        "status": STATES,
        "response": {"type": ["object", "null"]},
        "error_message": {"type": ["string", "null"]},
    }
)
AUDITED = object_of(
    {
        "requested_method": TEXT,
        "requested_user": TEXT,
        "requested_time": MOMENT,
        "status": OUTCOME,
        "input_payload": {"type": "object"},
        "response": {"type": ["object", "null"]},
        "error_log": {"type": ["string", "null"]},
    }
)

REPORTS: Mapping[str, tuple[str, Schema | None, Schema, Mapping[str, bool]]] = {
    "/namespace/delete/personal-data-mapping": (
        "Forget what old tokens stand for",
        OLDER,
        DELETING,
        {},
    ),
    "/namespace/delete/audit-records": ("Delete old audit records", OLDER, DELETING, {}),
    "/namespace/job-status": ("How a deletion is", None, DELETION, {"tracking_id": True}),
    "/namespace/reports/audit-details": (
        "What was turned back and changed, and by whom",
        None,
        list_of(AUDITED),
        PERIOD | PAGED,
    ),
    "/reports/all-namespace-summary": (
        "How many calls each namespace made",
        None,
        _rows(namespace=TEXT, **SPAN, count=COUNT),
        PERIOD | PAGED,
    ),
    "/reports/namespace-summary": (
        "How often each call was made on each day",
        None,
        _rows(date=TEXT, api_type=TEXT, status=OUTCOME, count=COUNT),
        {"namespace": False} | PERIOD | PAGED,
    ),
    "/reports/namespace-users-summary": (
        "Which calls each user made on each day",
        None,
        _rows(date=TEXT, api_type=TEXT, status=OUTCOME, user=TEXT, logged_in_time=MOMENT),
        {"namespace": False} | PERIOD | PAGED,
    ),
    "/reports/usage-summary": (
        "How often what is metered was called",
        None,
        _rows(namespace=TEXT, **SPAN, no_of_hits=METERED),
        {"namespace": False, "start_date": False, "end_date": False} | PAGED,
    ),
}
"""Path -> (summary, schema of the body, schema of `data`, parameters of the query)."""
