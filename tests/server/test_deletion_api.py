"""Deletion by age over the API: a job that forgets what is old, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.desk import Desk, opened
from tests.server.test_jobs_api import work

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
MAPPING, AUDIT = "/namespace/delete/personal-data-mapping", "/namespace/delete/audit-records"
DAY = 86_400


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path / "vault.db", KEY) as made:
        yield made


def masked(desk: Desk, text: str) -> str:
    return str(desk.put("/mask", {"mask": [{"value": text}]})[0]["token_value"])


def deleted(desk: Desk, path: str, **data: Any) -> dict[str, Any]:
    """The ended job of a deletion."""
    said = desk.put(path, {"data": data})
    assert list(said) == ["tracking_id", "status", "job_type"]
    assert (said["status"], said["job_type"]) == ("PENDING", "data-deletion")
    asked = {"tracking_id": said["tracking_id"]}
    assert desk.get("/namespace/job-status", **asked)["status"] == "PENDING"
    assert work(desk) == 1
    return dict(desk.get("/namespace/job-status", **asked))


def test_old_mappings_are_forgotten_and_young_ones_are_not(desk: Desk) -> None:
    old = masked(desk, "Ask Imogen Hartley")
    desk.clock.now += 10 * DAY
    young = masked(desk, "Ask Sarah Johnson")
    job = deleted(desk, MAPPING, duration=5)
    assert job == {
        "tracking_id": job["tracking_id"],
        "requested_user": "someone",
        "requested_timestamp": "2026-03-14 05:06:07",
        "process_end_time": "2026-03-14 05:06:07",
        "job_type": "data-deletion",
        "status": "SUCCESS",
        "response": {
            "cleared_records": 2,
            "message": "Personal data mapping deleted successfully.",
        },
        "error_message": None,
    }
    body = {"unmask": [{"token_value": old}, {"token_value": young}]}
    assert [one["value"] for one in desk.put("/unmask", body)] == [old, "Ask Sarah Johnson"]
    assert deleted(desk, MAPPING, duration=5)["response"]["cleared_records"] == 0


def test_a_date_says_it_as_well(desk: Desk) -> None:
    old = masked(desk, "Ask Imogen Hartley")
    assert deleted(desk, MAPPING, date="2026-03-04")["response"]["cleared_records"] == 0
    assert deleted(desk, MAPPING, date="2026-03-05")["response"]["cleared_records"] == 2
    body = {"unmask": [{"token_value": old.removeprefix("Ask ")}]}
    assert desk.refused("/unmask", body) == (400, "Unmasking of given token values failed.")


def test_another_namespace_forgets_nothing(desk: Desk) -> None:
    other = desk.of("other", "mask", "unmask")
    kept = masked(other, "Ask Imogen Hartley")
    masked(desk, "Ask Imogen Hartley")
    assert deleted(desk, MAPPING, date="2030-01-01")["response"]["cleared_records"] == 2
    body = {"unmask": [{"token_value": kept}]}
    assert other.put("/unmask", body)[0]["value"] == "Ask Imogen Hartley"


def test_old_audit_records_are_deleted_and_the_chain_stays_whole(desk: Desk) -> None:
    vault = desk.service.namespaces.get("acme")
    assert vault is not None
    assert vault.trail is not None
    for _ in range(5):
        desk.call("PUT", "/unmask", {"unmask": []})
    before = vault.store.audit.count(vault.keyring.namespace)
    desk.clock.now += 30 * DAY
    desk.call("PUT", "/unmask", {"unmask": []})
    job = deleted(desk, AUDIT, duration=29)
    assert job["response"] == {
        "cleared_records": before,
        "message": "Audit records deleted successfully.",
    }
    found = vault.trail.verify()
    assert (found.problems, found.base, found.entries) == ((), before, 2)
    query = {"start_date": "2026-01-01", "end_date": "2027-01-01"}
    told = desk.call("GET", "/namespace/reports/audit-details", **query).content["data"]
    assert [one["requested_method"] for one in told] == ["/unmask", AUDIT]
    assert told[-1]["requested_user"] == "someone"
    assert told[-1]["input_payload"]["removed"] == before


def test_a_deletion_of_mappings_is_in_the_audit(desk: Desk) -> None:
    masked(desk, "Ask Imogen Hartley")
    deleted(desk, MAPPING, duration=0)
    query = {"start_date": "2026-01-01", "end_date": "2027-01-01"}
    told = desk.call("GET", "/namespace/reports/audit-details", **query).content["data"]
    assert told[-1]["requested_method"] == MAPPING
    assert told[-1]["status"] == "success"


def test_where_no_audit_is_kept_there_is_nothing_to_delete() -> None:
    with opened() as desk:
        assert deleted(desk, AUDIT, duration=0)["response"]["cleared_records"] == 0


@pytest.mark.parametrize("path", [MAPPING, AUDIT])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Payload is empty"),
        ({}, "data missing"),
        ({"data": {}}, "Give either date or duration"),
        ({"data": {"date": "2023-01-01", "duration": 90}}, "Give either date or duration"),
        ({"data": {"date": "yesterday"}}, "A date is written YYYY-MM-DD"),
        ({"data": {"date": 5}}, "A date is written YYYY-MM-DD"),
        ({"data": {"duration": -1}}, "A duration is a number of days from 0 to 36500"),
        ({"data": {"duration": True}}, "A duration is a number of days from 0 to 36500"),
        ({"data": {"duration": 10**9}}, "A duration is a number of days from 0 to 36500"),
        ({"data": {"duration": "90"}}, "A duration is a number of days from 0 to 36500"),
    ],
)
def test_what_is_refused(desk: Desk, path: str, body: Any, message: str) -> None:
    assert desk.refused(path, body) == (400, message)


@pytest.mark.parametrize("date", ["0001-01-01", "1969-12-31", "1970-01-01"])
def test_dates_before_all_records_delete_nothing(desk: Desk, date: str) -> None:
    masked(desk, "Ask Imogen Hartley")
    for path in (MAPPING, AUDIT):
        assert deleted(desk, path, date=date)["response"]["cleared_records"] == 0


def test_only_who_asked_sees_the_job(desk: Desk) -> None:
    tracking_id = desk.put(MAPPING, {"data": {"duration": 90}})["tracking_id"]
    token = desk.service.bearers.create("acme", "somebody else", ["metadata_change"])
    others = [
        Desk(desk.service, desk.clock, token),
        desk.of("other", "metadata_change"),
    ]
    for one in others:
        got = one.call("GET", "/namespace/job-status", tracking_id=tracking_id)
        assert (got.status, got.content["error"]["message"]) == (400, "Invalid tracking_id")
    assert desk.get("/namespace/job-status", tracking_id=tracking_id)["status"] == "PENDING"
    for wrong in (
        "",
        "none",
        desk.put("/mask/async", {"mask": [{"value": "x"}]})[0]["tracking_id"],
    ):
        got = desk.call("GET", "/namespace/job-status", tracking_id=wrong)
        assert (got.status, got.content["error"]["message"]) == (400, "Invalid tracking_id")
    asked = {"status": [{"tracking_id": tracking_id}]}
    assert desk.refused("/async-status", asked) == (400, "Invalid tracking_id")
