"""Jobs, policies, tokens and namespaces: what the pages print of them, asked of our server."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.conformance.served import Caller, Served, serving

JOB = [
    *("tracking_id", "call_type", "input_payload", "result", "error_msg", "submitted_time"),
    *("process_start_time", "completed_time", "status"),
]
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
BODY = {"mask": [{"value": "Mark lives in the U.S.A"}]}


def ended(caller: Caller, *ids: str) -> list[dict[str, Any]]:
    """The jobs once none of them is under way; their states on the way are the documented ones."""
    while True:
        body = {"status": [{"tracking_id": one} for one in ids]}
        jobs: list[dict[str, Any]] = caller.put("/async-status/", body)["data"]
        assert [job["tracking_id"] for job in jobs] == list(ids)
        waiting = [job for job in jobs if job["status"] in ("PENDING", "IN-PROGRESS")]
        for job in waiting:
            assert (job["result"], job["error_msg"], job["completed_time"]) == (None, None, None)
        if not waiting:
            return jobs
        time.sleep(0.02)


def submitted(caller: Caller, body: Any, path: str = "/mask/async") -> str:
    [job] = caller.put(path, body)["data"]
    return str(job["tracking_id"])


def test_a_job_that_succeeds_and_one_that_fails(caller: Caller) -> None:
    """A wrong value is told at the end; a body that is none is told at once."""
    wrong = {"mask": [{"value": "x"}, {"value": ""}]}
    good, bad = ended(caller, submitted(caller, BODY), submitted(caller, wrong))
    assert list(good) == list(bad) == JOB
    assert (good["status"], good["call_type"], good["error_msg"]) == ("SUCCESS", "mask", None)
    assert good["input_payload"] == BODY
    [direct] = caller.put("/mask", BODY)["data"]
    assert good["result"] == [direct]
    for key in ("submitted_time", "process_start_time", "completed_time"):
        assert re.fullmatch(MOMENT, good[key])
    assert (bad["status"], bad["result"], bad["error_msg"]) == ("FAILED", None, "Missing value")
    bodies: tuple[Any, ...] = ({}, [], {"mask": []}, {"mask": "x"})
    for body in bodies:
        assert caller.refused("/mask/async", body)[0] == 400


def test_a_job_with_a_policy(caller: Caller) -> None:
    name = {"policy_name": "jobs"}
    caller.put("/metadata/policy/create", {"data": name})
    change = {**name, "metadata": {"excluded_entities": ["PERSON"]}}
    caller.put("/metadata/update-entity-category", {"data": change})
    [job] = ended(caller, submitted(caller, {**name, **BODY}))
    assert [one["value"] for one in job["result"][0]["excluded_entities"]] == ["Mark"]


def test_the_result_of_a_job_is_purged() -> None:
    with serving(purge_after=0.2) as served:
        caller = served.caller()
        good, bad = submitted(caller, BODY), submitted(caller, {"mask": [{"value": ""}]})
        ended(caller, good, bad)
        deadline = time.monotonic() + 30
        while ended(caller, good)[0]["status"] == "SUCCESS":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        gone, failed = ended(caller, good, bad)
    assert list(gone) == JOB
    assert (gone["status"], gone["input_payload"], gone["result"]) == ("PURGED", None, None)
    assert re.fullmatch(MOMENT, gone["completed_time"])
    assert (failed["status"], failed["error_msg"]) == ("FAILED", "Missing value")


def test_a_job_of_somebody_else_is_unknown(served: Served, caller: Caller) -> None:
    other = served.caller("somebody else's")
    body = {"status": [{"tracking_id": submitted(caller, BODY)}]}
    assert other.refused("/async-status", body) == (400, "Invalid tracking_id")


def test_policies_are_made_listed_and_deleted(caller: Caller) -> None:
    name = {"data": {"policy_name": "Testing_Default_Policy"}}
    said = caller.put("/metadata/policy/create", name)["data"]
    assert said == {"message": "Testing_Default_Policy created successfully."}
    assert caller.refused("/metadata/policy/create", name) == (400, "Policy already exists")
    assert "Testing_Default_Policy" in caller.get("/metadata/policy/list")["data"]["policies"]
    assert caller.vault().policies() == caller.get("/metadata/policy/list/")["data"]["policies"]
    said = caller.put("/metadata/policy/delete/", name)["data"]
    assert said == {"message": "Testing_Default_Policy deleted successfully."}
    assert caller.refused("/metadata/policy/delete", name) == (400, "Policy doesn't exists.")


@pytest.mark.parametrize("keys", [("format_prefix", "format_suffix"), ("prefix", "suffix")])
def test_prefix_and_suffix_of_entities(caller: Caller, keys: tuple[str, str]) -> None:
    """The page's request, and the same with the keys that every other page uses."""
    caller.put("/metadata/policy/create", {"data": {"policy_name": "custom-format-policy"}})
    wrappers = [
        {"entity_name": "PERSON", keys[0]: "{Person ", keys[1]: "}"},
        {"entity_name": "PHONE_NUMBER", keys[0]: "{Phone ", keys[1]: "}"},
    ]
    data = {"policy_name": "custom-format-policy", "metadata": wrappers}
    text = "Mark called (555) 987-6543"
    body = {"policy_name": "custom-format-policy", "mask": [{"value": text}]}
    [before] = caller.put("/mask", body)["data"]
    caller.put("/metadata/update-auto-detect", {"data": data})
    [after] = caller.put("/mask", body)["data"]
    tokens = [one["token"] for one in after["individual_tokens"]]
    assert tokens == [one["token"] for one in before["individual_tokens"]]
    assert after["token_value"] == f"{{Person {tokens[0]}}} called {{Phone {tokens[1]}}}"
    [default] = caller.put("/mask", {"mask": [{"value": text}]})["data"]
    assert default["token_value"] == f"<PER>{tokens[0]}</PER> called <PHN>{tokens[1]}</PHN>"


def test_a_token_and_its_namespace(served: Served) -> None:
    master = served.caller(None)
    path = "/super-admin/namespace/auth-token"
    user = {"namespace_name": "customer_ns_1", "_id": "alice@company.com"}
    asked = user | {
        "permissions": ["mask", "unmask", "metadata_change"],
        "start_date": "2024-07-11",
        "end_date": "2999-07-10",
    }
    made = master.put(f"{path}/generate", {"data": asked})["data"]
    job = made["namespace_creation"]
    assert set(job) == {"tracking_id", "status", "job_type"}
    assert (job["status"], job["job_type"]) == ("PENDING", "namespace-creation")
    again = master.put(f"{path}/generate", {"data": user | {"permissions": ["mask"]}})["data"]
    assert set(again) == {"auth_key"}  # the second time the namespace is there
    status = "/super-admin/namespace/job-status"
    [shown] = master.get(status, tracking_id=job["tracking_id"])["data"]
    assert shown["response"] == {"message": "Namespace customer_ns_1 created successfully."}
    assert set(shown) == {
        *("tracking_id", "requested_user", "requested_timestamp", "process_start_time"),
        *("process_end_time", "job_type", "response", "error_message", "status"),
    }
    told = master.get(f"{path}/details", auth_token=made["auth_key"])["data"]
    assert told == {"auth_token": made["auth_key"], **asked}
    fetched = master.put(f"{path}/fetch", {"data": user})["data"]
    assert set(fetched) == {
        *("auth_token", "namespace", "_id", "permissions", "start_date", "end_date"),
    }
    assert fetched["auth_token"] is None  # nobody keeps it: our own choice
    listed = master.get(f"{path}/list")["data"]["auth_tokens"]
    assert [one["_id"] for one in listed].count("alice@company.com") == 2
    holder = served.nobody(made["auth_key"])
    assert holder.put("/mask", BODY)["data"]
    said = master.put(f"{path}/deactivate", {"data": {"auth_token": made["auth_key"]}})["data"]
    assert said == {"message": "Given Auth token deactivated successfully."}
    assert holder.refused("/mask", BODY) == (401, "Authentication failed")


@pytest.mark.parametrize("wrapped", [False, True], ids=["as now", "as on the old page"])
def test_a_namespace_is_deleted(served: Served, wrapped: bool) -> None:
    master, name = served.caller(None), f"to be deleted {wrapped}"
    holder = served.caller(name)
    body: Any = {"namespace_to_be_deleted": name}
    body = {"data": body} if wrapped else body
    job = master.put("/super-admin/namespace/delete", body)["data"]
    assert job["job_type"] == "namespace-deletion"
    path = "/super-admin/namespace/job-status"
    shown = master.get(path, tracking_id=job["tracking_id"])["data"]
    assert shown["response"] == {"message": f"Namespace {name} deleted successfully."}
    assert holder.refused("/mask", BODY) == (401, "Authentication failed")
