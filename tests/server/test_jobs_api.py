"""Asynchronous calls over the API: submitted, done by workers, read, forgotten."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.server.desk import Desk

SEED = {
    "mask": [
        {
            "value": "https://platform.openai.com/playground/chat?models=gpt-4o",
            "format": "URL",
            "token_name": "Text Token",
        },
        {"value": "(408)- 426 - 9989", "format": "Phone Number", "token_name": "Numeric Token"},
    ]
}
KEYS = [
    *("tracking_id", "call_type", "input_payload", "result", "error_msg", "submitted_time"),
    *("process_start_time", "completed_time", "status"),
]


def submit(desk: Desk, path: str, body: Any) -> str:
    [said] = desk.put(path, body)
    assert list(said) == ["tracking_id", "status"]
    assert said["status"] == "PENDING"
    return str(said["tracking_id"])


def status(desk: Desk, *tracking_ids: str) -> Any:
    return desk.put("/async-status", {"status": [{"tracking_id": one} for one in tracking_ids]})


def work(desk: Desk) -> int:
    """Do every job that waits, in this thread; how many."""
    done = 0
    while (job := desk.service.queue.claim()) is not None:
        desk.service.workers.settle(job)
        done += 1
    return done


def test_a_tracking_id_is_a_random_uuid_and_the_time(desk: Desk) -> None:
    tracking_id = submit(desk, "/mask/async", SEED)
    uuid4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(uuid4 + "04032026050607", tracking_id)


def test_a_job_goes_from_pending_to_success_to_purged(desk: Desk) -> None:
    tracking_id = submit(desk, "/mask/async", SEED)
    [waiting] = status(desk, tracking_id)
    assert list(waiting) == KEYS
    assert waiting == {
        "tracking_id": tracking_id,
        "call_type": "mask",
        "input_payload": SEED,
        "result": None,
        "error_msg": None,
        "submitted_time": "2026-03-04 05:06:07",
        "process_start_time": None,
        "completed_time": None,
        "status": "PENDING",
    }
    desk.clock.now += 5
    claimed = desk.service.queue.claim()
    assert claimed is not None
    [running] = status(desk, tracking_id)
    assert running == waiting | {
        "status": "IN-PROGRESS",
        "process_start_time": "2026-03-04 05:06:12",
    }
    desk.clock.now += 5
    desk.service.workers.settle(claimed)
    [done] = status(desk, tracking_id)
    assert done == running | {
        "status": "SUCCESS",
        "completed_time": "2026-03-04 05:06:17",
        "result": desk.put("/mask", SEED),
    }
    desk.clock.now += 3600
    assert status(desk, tracking_id) == [done]
    desk.clock.now += 1
    purged = done | {"status": "PURGED", "input_payload": None, "result": None}
    assert status(desk, tracking_id) == [purged]
    assert desk.service.queue.purge() == 1
    assert desk.service.queue.purge() == 0
    assert status(desk, tracking_id) == [purged]


@pytest.mark.parametrize("path", ["/unmask/async", "/umask/async"])
def test_unmask_too(desk: Desk, path: str) -> None:
    [item] = desk.put("/mask", {"mask": [{"value": "Ask Sarah Johnson"}]})
    body = {"unmask": [{"token_value": item["token_value"], "attribute": {"row": 1}}]}
    tracking_id = submit(desk, path, body)
    assert work(desk) == 1
    [done] = status(desk, tracking_id)
    assert done["call_type"] == "unmask"
    assert done["result"] == desk.put("/unmask", body)
    assert done["result"][0]["value"] == "Ask Sarah Johnson"


def test_what_is_wrong_with_the_items_shows_when_the_job_fails(desk: Desk) -> None:
    body = {"mask": [{"value": "fine"}, {"value": "x", "token_name": "dfdfd"}]}
    tracking_id = submit(desk, "/mask/async", body)
    work(desk)
    [failed] = status(desk, tracking_id)
    assert (failed["status"], failed["result"]) == ("FAILED", None)
    assert failed["error_msg"] == "token_name not defined: {dfdfd}"
    assert failed["input_payload"] == body
    desk.clock.now += 3601
    for _ in range(2):
        [old] = status(desk, tracking_id)
        assert old == failed | {"input_payload": None}
        desk.service.queue.purge()


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/mask/async", b"", "Payload is empty"),
        ("/mask/async", {"mask": []}, "Payload is empty"),
        ("/mask/async", {}, "mask data missing"),
        ("/unmask/async", {"mask": [{"value": "x"}]}, "unmask data missing"),
        ("/async-status", {}, "status data missing"),
        ("/async-status", {"status": []}, "Payload is empty"),
        ("/async-status", {"status": ["x"]}, "Missing tracking_id"),
        ("/async-status", {"status": [{"tracking_id": ""}]}, "Missing tracking_id"),
        ("/async-status", {"status": [{"tracking_id": "x\0\ud800"}]}, "Invalid tracking_id"),
    ],
)
def test_what_is_refused_at_once(desk: Desk, path: str, body: Any, message: str) -> None:
    assert desk.refused(path, body) == (400, message)


def test_a_job_is_seen_by_those_who_may_make_its_call(desk: Desk) -> None:
    tracking_id = submit(desk, "/mask/async", SEED)
    asked = {"status": [{"tracking_id": tracking_id}]}
    assert desk.of("acme", "mask").call("PUT", "/async-status", asked).status == 200
    for other in (desk.of("acme", "unmask"), desk.of("other", "mask", "unmask")):
        assert other.refused("/async-status", asked) == (400, "Invalid tracking_id")


def test_several_jobs_are_told_in_the_order_asked_for(desk: Desk) -> None:
    ids = [submit(desk, "/mask/async", {"mask": [{"value": f"text {n}"}]}) for n in range(5)]
    assert work(desk) == 5
    asked = [ids[3], ids[0], ids[3]]
    told = status(desk, *asked)
    assert [one["tracking_id"] for one in told] == asked
    assert [one["result"][0]["value"] for one in told] == ["text 3", "text 0", "text 3"]


def test_the_jobs_of_a_deleted_namespace_end_and_are_not_seen(desk: Desk) -> None:
    tracking_id = submit(desk, "/mask/async", SEED)
    assert desk.service.namespaces.delete("acme")
    assert work(desk) == 0
    again = desk.of("acme", "mask")
    asked = {"status": [{"tracking_id": tracking_id}]}
    assert again.refused("/async-status", asked) == (400, "Invalid tracking_id")


def test_workers_in_threads_do_every_job_once(desk: Desk) -> None:
    service = desk.service
    service.start()
    try:
        ids = [submit(desk, "/mask/async", {"mask": [{"value": f"Sarah {n}"}]}) for n in range(40)]
        deadline = time.monotonic() + 60
        while any(one["status"] != "SUCCESS" for one in status(desk, *ids)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        service.stop()
    for n, one in enumerate(status(desk, *ids)):
        assert one["result"][0]["value"] == f"Sarah {n}"


def test_a_job_of_another_version_fails_with_a_reason(desk: Desk) -> None:
    """As after a step back to an older version: nobody here knows how to do it."""
    vault = desk.service.namespaces.get("acme")
    assert vault is not None
    tracking_id = desk.service.queue.submit(vault, "juggle", "someone", {})
    assert work(desk) == 1
    [job] = desk.service.queue.look(vault, [tracking_id])
    assert job is not None
    assert (job.status, job.error) == ("FAILED", "no worker of this version knows this kind of job")
