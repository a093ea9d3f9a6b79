"""Namespaces and user tokens over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.desk import Desk

TOKEN = "/super-admin/namespace/auth-token"
ASKED = {
    "namespace_name": "customer_ns_1",
    "_id": "alice@example.com",
    "permissions": ["mask", "unmask"],
    "start_date": "2026-03-01",
    "end_date": "2026-03-31",
}
VALUE = {"mask": [{"value": "Sarah Johnson"}]}


@pytest.fixture
def master(desk: Desk) -> Desk:
    return desk.of(None)


def generate(master: Desk, **changes: Any) -> tuple[Desk, dict[str, Any]]:
    """The desk of a new user, and the answer that made it."""
    made = master.put(f"{TOKEN}/generate", {"data": ASKED | changes})
    return Desk(master.service, master.clock, made["auth_key"]), made


def status_of(master: Desk, tracking_id: str) -> Any:
    return master.get("/super-admin/namespace/job-status", tracking_id=tracking_id)


def test_the_first_token_of_a_namespace_makes_it(master: Desk) -> None:
    user, made = generate(master)
    job = made["namespace_creation"]
    assert (job["status"], job["job_type"]) == ("PENDING", "namespace-creation")
    [done] = status_of(master, job["tracking_id"])
    assert done == {
        "tracking_id": job["tracking_id"],
        "requested_user": "super-admin",
        "requested_timestamp": "2026-03-04 05:06:07",
        "process_start_time": "2026-03-04 05:06:07",
        "process_end_time": "2026-03-04 05:06:07",
        "job_type": "namespace-creation",
        "response": {"message": "Namespace customer_ns_1 created successfully."},
        "error_message": None,
        "status": "SUCCESS",
    }
    assert user.put("/mask", VALUE)
    _, again = generate(master)
    assert set(again) == {"auth_key"}


def test_a_token_is_good_on_its_days_only(master: Desk) -> None:
    user, _ = generate(master, start_date="2026-03-04", end_date="2026-03-05")
    day = 86_400
    midnight = master.clock.now // day * day
    for moment, good in [(-1, 0), (0, 1), (2 * day - 1, 1), (2 * day, 0)]:
        master.clock.now = midnight + moment
        assert (user.call("PUT", "/mask", VALUE).status == 200) == bool(good)


def test_a_token_without_days_is_always_good(master: Desk) -> None:
    user, _ = generate(master, start_date=None, end_date=None)
    master.clock.now += 86_400 * 36_500
    assert user.put("/mask", VALUE)


def test_a_revoked_token_is_refused_at_once(master: Desk) -> None:
    user, made = generate(master)
    other, _ = generate(master)
    assert user.put("/mask", VALUE)
    body = {"data": {"auth_token": made["auth_key"]}}
    said = master.put(f"{TOKEN}/deactivate", body)
    assert said == {"message": "Given Auth token deactivated successfully."}
    assert user.refused("/mask", VALUE) == (401, "Authentication failed")
    assert other.put("/mask", VALUE)
    assert master.refused(f"{TOKEN}/deactivate", body) == (400, "Auth token not found.")


def test_a_master_key_cannot_be_revoked_by_another(master: Desk) -> None:
    other = master.of(None)
    body = {"data": {"auth_token": other.token}}
    assert master.refused(f"{TOKEN}/deactivate", body) == (400, "Auth token not found.")
    assert other.get(f"{TOKEN}/list")


def test_what_is_told_of_a_token_is_never_its_text(master: Desk) -> None:
    _, made = generate(master)
    known = {
        "_id": "alice@example.com",
        "permissions": ["mask", "unmask"],
        "start_date": "2026-03-01",
        "end_date": "2026-03-31",
    }
    asked = {"data": {"_id": "alice@example.com", "namespace_name": "customer_ns_1"}}
    fetched = master.put(f"{TOKEN}/fetch", asked)
    assert fetched == {"auth_token": None, "namespace": "customer_ns_1", **known}
    detailed = master.get(f"{TOKEN}/details", auth_token=made["auth_key"])
    assert detailed == {
        "auth_token": made["auth_key"],
        "namespace_name": "customer_ns_1",
        **known,
    }
    listed = master.get(f"{TOKEN}/list")["auth_tokens"]
    assert {"namespace_name": "customer_ns_1", **known, "active": True} in listed
    assert made["auth_key"] not in str(listed)
    for unknown in ("", "lgp_user_" + "0" * 49, master.token):
        got = master.call("GET", f"{TOKEN}/details", auth_token=unknown)
        assert got.content["error"] == {"message": "Auth token not found."}


def test_equal_values_of_two_namespaces_have_nothing_in_common(master: Desk, desk: Desk) -> None:
    text = "Sarah Johnson of 456 Elm Avenue, (555) 987-6543, sarah@example.com"
    other, _ = generate(master, namespace_name="other")
    masked = [one.put("/mask", {"mask": [{"value": text}]})[0] for one in (desk, other)]
    runs = [
        {word for token in one["individual_tokens"] for word in token["token"].split()}
        for one in masked
    ]
    assert not runs[0] & runs[1]
    for here, there in ((desk, masked[1]), (other, masked[0])):
        for token in there["individual_tokens"]:
            wrapped = f"{token['prefix']}{token['token']}{token['suffix']}"
            body = {"unmask": [{"token_value": wrapped}, {"token_value": f"so {wrapped} said"}]}
            got = here.call("PUT", "/unmask", body)
            assert "Sarah" not in str(got.content["data"])
            assert [one["value"] for one in got.content["data"]] == [wrapped, f"so {wrapped} said"]


def test_a_deleted_namespace_is_gone_and_its_name_is_free(master: Desk) -> None:
    user, _ = generate(master)
    [masked] = user.put("/mask", VALUE)
    user.of("customer_ns_1", "metadata_change").put(
        "/metadata/policy/create", {"data": {"policy_name": "own"}}
    )
    job = master.put("/super-admin/namespace/delete", {"namespace_to_be_deleted": "customer_ns_1"})
    assert (job["status"], job["job_type"]) == ("PENDING", "namespace-deletion")
    done = status_of(master, job["tracking_id"])
    assert done["response"] == {"message": "Namespace customer_ns_1 deleted successfully."}
    assert user.refused("/mask", VALUE)[0] == 401
    again, made = generate(master, permissions=["mask", "unmask", "metadata_change"])
    assert "namespace_creation" in made
    body = {"unmask": [{"token_value": masked["token_value"]}]}
    assert again.refused("/unmask", body)[0] == 400
    assert "own" not in again.get("/metadata/policy/list")["policies"]
    assert again.put("/mask", VALUE)[0]["token_value"] != masked["token_value"]
    wrapped = {"data": {"namespace_to_be_deleted": "customer_ns_1"}}  # as the old page has it
    assert master.put("/super-admin/namespace/delete", wrapped)["status"] == "PENDING"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"namespace_name": ""}, "Missing namespace_name"),
        ({"namespace_name": None}, "Missing namespace_name"),
        ({"_id": 7}, "Missing _id"),
        ({"permissions": "mask"}, "Missing permissions"),
        ({"permissions": []}, "a token needs a permission: mask, unmask, metadata_change"),
        (
            {"permissions": ["read"]},
            "unknown permission 'read'; known: mask, unmask, metadata_change",
        ),
        ({"start_date": "soon"}, "A date is written YYYY-MM-DD"),
        ({"end_date": 20260301}, "A date is written YYYY-MM-DD"),
        ({"end_date": "2026-02-01"}, "a token cannot end before it starts"),
        (
            {"namespace_name": "a\nb"},
            "the name of a namespace has 1 to 200 printable characters",
        ),
    ],
)
def test_what_generate_refuses(master: Desk, change: dict[str, Any], message: str) -> None:
    before = master.service.namespaces.names()
    body = {"data": ASKED | {"namespace_name": "new"} | change}
    assert master.refused(f"{TOKEN}/generate", body) == (400, message)
    assert master.service.namespaces.names() == before


def test_what_else_is_refused(master: Desk) -> None:
    delete = "/super-admin/namespace/delete"
    assert master.refused(f"{TOKEN}/generate", {}) == (400, "data missing")
    assert master.refused(f"{TOKEN}/generate", b"") == (400, "Payload is empty")
    assert master.refused(delete, {"namespace_to_be_deleted": "x"})[1] == "Namespace doesn't exist."
    assert master.refused(delete, {"namespace_to_be_deleted": "default"})[0] == 400
    got = master.call("GET", "/super-admin/namespace/job-status", tracking_id="x")
    assert (got.status, got.content["error"]["message"]) == (400, "Invalid tracking_id")
