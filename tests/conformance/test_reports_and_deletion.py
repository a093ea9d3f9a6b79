"""Deletion by age, audit and reports: the printed requests, and the keys of the printed answers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.conformance.served import Caller, Served, serving

DAY = {"start_date": "2020-01-01 00:00:00", "end_date": "2999-01-01 00:00:00"}
ADMIN_JOB = {
    *("tracking_id", "requested_user", "requested_timestamp", "process_end_time", "job_type"),
    *("status", "response", "error_message"),
}


@pytest.mark.parametrize("path", ["personal-data-mapping", "audit-records"])
@pytest.mark.parametrize("body", [{"date": "2023-01-01"}, {"duration": 90}], ids=["date", "days"])
def test_a_deletion_is_a_job(caller: Caller, path: str, body: dict[str, Any]) -> None:
    job = caller.put(f"/namespace/delete/{path}/", {"data": body})["data"]
    assert set(job) == {"tracking_id", "status", "job_type"}
    assert (job["status"], job["job_type"]) == ("PENDING", "data-deletion")
    while True:
        shown = caller.get("/namespace/job-status", tracking_id=job["tracking_id"])["data"]
        assert set(shown) >= ADMIN_JOB
        if shown["status"] not in ("PENDING", "IN-PROGRESS"):
            break
        time.sleep(0.02)
    assert (shown["status"], shown["error_message"]) == ("SUCCESS", None)
    assert set(shown["response"]) == {"cleared_records", "message"}
    assert shown["response"]["cleared_records"] == 0
    assert caller.vault().admin.erasure(job["tracking_id"]).cleared_records == 0


def test_either_a_date_or_a_duration(caller: Caller) -> None:
    both = {"date": "2023-01-01", "duration": 90}
    for body in (both, {}, {"date": "01.01.2023"}, {"duration": "90"}, {"duration": -1}):
        status, _ = caller.refused("/namespace/delete/personal-data-mapping", {"data": body})
        assert status == 400


def test_usage_of_one_namespace_and_of_all() -> None:
    with serving() as served:
        usage_is_told(served, served.caller())


def usage_is_told(served: Served, caller: Caller) -> None:
    for _ in range(3):
        caller.put("/mask", {"mask": [{"value": "x"}]})
    hits = {"mask", "unmask", "mask/async", "unmask/async", "status-tracking", "total"}
    [own] = caller.vault().admin.usage()
    assert set(own) == {"namespace", "start_time", "end_time", "no_of_hits"}
    told: Any = own["no_of_hits"]
    assert set(told) == hits
    assert (told["mask"], told["total"]) == (3, 3)
    master = served.caller(None)
    rows = master.get("/reports/all-namespace-summary", **DAY)["data"]["details"]
    assert all(set(row) == {"namespace", "start_time", "end_time", "count"} for row in rows)
    [mine] = [row for row in rows if row["namespace"] == own["namespace"]]
    assert mine["count"] == 4  # the question of before counts, too
    name = own["namespace"]
    days = master.get("/reports/namespace-summary", namespace=name, **DAY)["data"]["details"]
    assert {(row["api_type"], row["status"], row["count"]) for row in days} >= {
        ("/mask", "success", 3)
    }
    users = master.get("/reports/namespace-users-summary", namespace=name, **DAY)["data"]["details"]
    keys = {"date", "api_type", "status", "user", "logged_in_time"}
    assert users
    assert all(set(row) >= keys for row in users)
