"""The audit and the reports over the API: in Protecto's shapes, without a clear value."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto.engine.store.at_hand import NotAtHand, only
from llm_guard_protecto.server.dispatch import answer
from llm_guard_protecto.server.messages import Request
from tests.clients.leaks import leaked
from tests.server.desk import Clock, Desk, opened
from tests.server.test_jobs_api import submit, work
from tests.sweep import CANARIES

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
DAY = {"start_date": "2026-03-04 00:00:00", "end_date": "2026-03-04 23:59:59"}
AUDITED = [
    *("requested_method", "requested_user", "requested_time", "status"),
    *("input_payload", "response", "error_log"),
]
TEXT = "Write to Sarah Johnson at sarah.johnson@example.com"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A service that keeps an audit, because its vault lasts."""
    with opened(tmp_path / "vault.db", KEY) as made:
        yield made


def masked(desk: Desk) -> str:
    return str(desk.put("/mask", {"mask": [{"value": TEXT}]})[0]["token_value"])


def unmask(desk: Desk, *tokens: str) -> Any:
    return desk.put("/unmask", {"unmask": [{"token_value": one} for one in tokens]})


def audit(desk: Desk, **query: str) -> list[dict[str, Any]]:
    """Every record of the day, all pages."""
    found: list[dict[str, Any]] = []
    while True:
        got = desk.call("GET", "/namespace/reports/audit-details", **DAY | query)
        assert got.status == 200, got.content
        assert list(got.content) == ["data", "next_page_token", "success", "error"]
        found += got.content["data"]
        mark = got.content["next_page_token"]
        if mark is None:
            return found
        query["next_page_token"] = mark


# The audit


def test_an_unmask_is_told_as_protecto_tells_it_but_without_values(desk: Desk) -> None:
    unmask(desk, masked(desk))
    one = audit(desk)[-1]
    assert list(one) == AUDITED
    assert one == {
        "requested_method": "/unmask",
        "requested_user": "someone",
        "requested_time": "2026-03-04 05:06:07",
        "status": "success",
        "input_payload": {"action": "unmask", "policy_name": "default", "items": 1},
        "response": {"restored": 2, "unknown": 0, "entities": {"EMAIL_ADDRESS": 1, "PERSON": 1}},
        "error_log": None,
    }
    assert leaked(json.dumps(audit(desk)).encode(), CANARIES) == []


def test_many_items_are_one_record_whatever_path_they_came_by(desk: Desk) -> None:
    token = masked(desk)
    run = re.findall(r"<PER>(\w+)", token)[0]
    before = len(audit(desk))
    desk.put("/mask", {"unmask": [{"token_value": one} for one in (token, run, "zz3kk", token)]})
    [one] = audit(desk)[before:]
    assert one["requested_method"] == "/unmask"
    assert one["input_payload"]["items"] == 4
    assert one["response"]["restored"] == 5
    assert one["response"]["unknown"] == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"unmask": []}, "Payload is empty"),
        (b"", "Payload is empty"),
        ({"unmask": [{"token_value": "zz3kk zz4kk"}]}, "Unmasking of given token values failed."),
        ({"unmask": [{"token_value": "x"}], "policy_name": "none"}, "Policy doesn't exist."),
        ({"unmask": [{"token_value": "x"}] * 10_001}, "refused 413"),
    ],
)
def test_an_unmask_that_fails_is_told_too(desk: Desk, body: Any, said: str) -> None:
    before = len(audit(desk))
    assert desk.call("PUT", "/unmask", body).status >= 400
    [one] = audit(desk)[before:]
    assert (one["status"], one["error_log"]) == ("failure", said)


def test_who_may_not_unmask_is_told(desk: Desk) -> None:
    before = len(audit(desk))
    body = {"unmask": [{"token_value": "zz3kk"}]}
    assert desk.of("acme", "mask").refused("/unmask", body) == (403, "Permission denied")
    assert desk.of("acme", "mask").refused("/mask", body) == (403, "Permission denied")
    told = [one for one in audit(desk)[before:] if one["requested_method"] == "/unmask"]
    assert [(one["status"], one["error_log"]) for one in told] == [
        ("failure", "Permission denied")
    ] * 2


def test_jobs_that_unmask_and_reading_their_results_are_told(desk: Desk) -> None:
    body = {"unmask": [{"token_value": masked(desk)}]}
    tracking_id = submit(desk, "/unmask/async", body)
    asked = {"status": [{"tracking_id": tracking_id}]}
    before = len(audit(desk))
    desk.put("/async-status", asked)
    assert work(desk) == 1
    [done] = desk.put("/async-status", asked)
    assert done["result"][0]["value"] == TEXT
    told = [(one["requested_method"], one["input_payload"]["action"]) for one in audit(desk)]
    assert told[before:] == [
        ("/unmask/async", "unmask"),
        ("/async-status", "unmask result read"),
    ]
    assert audit(desk)[before]["requested_user"] == "someone"


def test_a_job_that_fails_is_told(desk: Desk) -> None:
    submit(desk, "/unmask/async", {"unmask": [{"token_value": "zz3kk zz4kk"}]})
    before = len(audit(desk))
    assert work(desk) == 1
    [one] = audit(desk)[before:]
    assert (one["status"], one["error_log"]) == (
        "failure",
        "Unmasking of given token values failed.",
    )


def test_what_administrators_change_is_told(desk: Desk) -> None:
    before = len(audit(desk))
    desk.put("/metadata/policy/create", {"data": {"policy_name": "mine"}})
    desk.put("/metadata/policy/delete", {"data": {"policy_name": "mine"}})
    told = audit(desk)[before:]
    assert [one["requested_method"] for one in told] == [
        "/metadata/policy/create",
        "/metadata/policy/delete",
    ]
    assert [one["input_payload"]["policy_name"] for one in told] == ["mine", "mine"]


def test_what_is_done_with_a_master_key_is_told_to_one(desk: Desk) -> None:
    master = desk.of(None)
    before = len(audit(master))
    made = master.put(
        "/super-admin/namespace/auth-token/generate",
        {"data": {"namespace_name": "new", "_id": "bo", "permissions": ["metadata_change"]}},
    )
    master.put(
        "/super-admin/namespace/auth-token/deactivate", {"data": {"auth_token": made["auth_key"]}}
    )
    master.put("/super-admin/namespace/delete", {"namespace_to_be_deleted": "new"})
    told = audit(master)[before:]
    assert [one["input_payload"]["action"] for one in told] == [
        "namespace made",
        "namespace deleted",
    ]
    assert told[1]["input_payload"]["entries"] == 4
    assert made["auth_key"] not in json.dumps(told)


def test_a_namespace_sees_its_own_audit_only(desk: Desk) -> None:
    unmask(desk, masked(desk))
    other = desk.of("other", "metadata_change")
    assert [one["input_payload"]["action"] for one in audit(other)] == ["token made"]
    assert any(one["requested_method"] == "/unmask" for one in audit(desk))


def test_the_audit_comes_in_pages_and_from_a_time_on(desk: Desk) -> None:
    before = len(audit(desk))
    for second in range(230):
        desk.clock.now = Clock.now + second
        desk.call("PUT", "/unmask", {"unmask": []})
    assert len(audit(desk)) == before + 230
    got = desk.call("GET", "/namespace/reports/audit-details", **DAY)
    assert len(got.content["data"]) == 100
    mark = json.loads(base64.urlsafe_b64decode(got.content["next_page_token"]))
    assert (mark["page_size"], mark["page_number"]) == (100, 2)
    late = audit(desk, start_date="2026-03-04 05:06:10", end_date="2026-03-04 05:06:19")
    assert [one["requested_time"][-2:] for one in late] == [str(n) for n in range(10, 20)]
    assert audit(desk, start_date="2026-03-05 00:00:00", end_date="2026-03-06 00:00:00") == []


@pytest.mark.parametrize(
    "path",
    [
        "/namespace/reports/audit-details",
        "/reports/namespace-summary",
        "/reports/namespace-users-summary",
    ],
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_date": ""}, "Missing start_date"),
        ({"end_date": ""}, "Missing end_date"),
        ({"start_date": "4 March"}, "A time is written YYYY-MM-DD HH:MM:SS"),
        ({"end_date": "2026-03-04T00:00:00"}, "A time is written YYYY-MM-DD HH:MM:SS"),
        ({"start_date": "2027-01-01 00:00:00"}, "start_date is after end_date"),
        ({"next_page_token": "xyz"}, "Invalid next_page_token"),
        ({"next_page_token": "\ud800"}, "Invalid next_page_token"),
        ({"next_page_token": "W10="}, "Invalid next_page_token"),
        ({"next_page_token": base64.b64encode(b"[" * 10_000).decode()}, "Invalid next_page_token"),
        (
            {"next_page_token": base64.b64encode(b'{"page_number": 1, "after": -1}').decode()},
            "Invalid next_page_token",
        ),
    ],
)
def test_questions_that_cannot_be_answered(
    desk: Desk, path: str, change: dict[str, str], message: str
) -> None:
    got = desk.call("GET", path, **DAY | change)
    assert (got.status, got.content["error"]) == (400, {"message": message})


# Nothing is answered that is not on record


def test_nothing_is_turned_back_when_it_cannot_be_recorded(tmp_path: Path) -> None:
    full = {**KEY, "LLM_GUARD_AUDIT_CHECKPOINTS": str(tmp_path / "not" / "a" / "folder")}
    with opened(tmp_path / "vault.db", KEY) as desk:
        token = masked(desk)
    (tmp_path / "not").write_text("")
    with opened(tmp_path / "vault.db", full) as desk:
        body = {"unmask": [{"token_value": token}]}
        answers = [desk.call("PUT", "/unmask", body) for _ in range(200)]
        refused = [got for got in answers if got.status == 503]
        assert 100 < len(refused) < 110  # from the hundredth entry on, which wants a checkpoint
        for got in refused:
            assert got.content["error"]["message"] == "The vault gave no answer, try again"
            assert leaked(json.dumps(got.content).encode(), CANARIES) == []
        assert desk.call("PUT", "/mask", {"mask": [{"value": TEXT}]}).status == 503


# Guessing and quotas


def test_who_guesses_tokens_raises_an_alarm(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    guess = {"unmask": [{"token_value": f"<PER>zz{n}kk aaa{n}b</PER>"} for n in range(50)]}
    watch = desk.service.recording.watch
    desk.call("PUT", "/unmask", guess)
    assert watch.counts["alarms"] == 0
    desk.clock.now += 61
    desk.call("PUT", "/unmask", guess)
    assert watch.counts["alarms"] == 0
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            desk.call("PUT", "/unmask", guess)
    assert watch.counts["alarms"] == 1
    assert watch.counts["unknown"] == 300
    [said] = [one.getMessage() for one in caplog.records if "unknown tokens" in one.getMessage()]
    assert re.fullmatch(r"token [0-9a-f]{12} asked for 100 unknown tokens within a minute", said)
    desk.clock.now += 61
    for _ in range(2):
        desk.call("PUT", "/unmask", guess)
    assert watch.counts["alarms"] == 2


def test_a_caller_has_a_quota_of_tokens_a_minute() -> None:
    with opened(unmask_quota=4) as desk:
        token = masked(desk)
        body = {"unmask": [{"token_value": token}]}
        unmask(desk, token)
        unmask(desk, token)
        for path in ("/unmask", "/mask"):
            got = desk.call("PUT", path, body)
            assert (got.status, got.content["error"]["message"]) == (
                429,
                "API usage limit exceeded",
            )
            assert 1 <= int(got.headers["Retry-After"]) <= 61
        assert desk.put("/mask", {"mask": [{"value": TEXT}]})
        unmask(desk.of("acme", "unmask"), token)  # another caller has a quota of its own
        desk.clock.now += 61
        unmask(desk, token)
        assert desk.service.recording.watch.counts["refused"] == 2


# Counts


def calls(desk: Desk) -> None:
    """Two days of calls by two users of one namespace, and one of another."""
    token = masked(desk)
    unmask(desk, token)
    desk.call("PUT", "/unmask", {"unmask": []})
    desk.clock.now += 86_400
    bo = desk.of("acme", "mask")
    masked(bo)
    masked(bo)
    submit(desk, "/mask/async", {"mask": [{"value": "x"}]})
    submit(desk, "/unmask/async", {"unmask": [{"token_value": "x"}]})
    masked(desk.of("other", "mask"))


BOTH = {"start_date": "2026-03-04 00:00:00", "end_date": "2026-03-05 23:59:59"}


def test_calls_are_counted_by_day_and_path(desk: Desk) -> None:
    calls(desk)
    data = desk.get("/reports/namespace-summary", **BOTH)
    assert list(data) == ["details", "next_page_token"]
    assert data["next_page_token"] is None
    rows = [tuple(one.values()) for one in data["details"]]
    assert [list(one) for one in data["details"]] == [["date", "api_type", "status", "count"]] * 6
    assert rows == [
        ("2026-03-04", "/mask", "success", 1),
        ("2026-03-04", "/unmask", "failure", 1),
        ("2026-03-04", "/unmask", "success", 1),
        ("2026-03-05", "/mask", "success", 2),
        ("2026-03-05", "/mask/async", "success", 1),
        ("2026-03-05", "/unmask/async", "success", 1),
    ]
    alone = desk.get("/reports/namespace-summary", **DAY, namespace="acme")
    assert {one["date"] for one in alone["details"]} == {"2026-03-04"}


def test_calls_are_counted_by_user(desk: Desk) -> None:
    calls(desk)
    data = desk.get("/reports/namespace-users-summary", **DAY)
    assert data["details"][0] == {
        "date": "2026-03-04",
        "api_type": "/mask",
        "status": "success",
        "user": "someone",
        "logged_in_time": "2026-03-04 05:06:07",
    }


def test_usage_is_metered_of_one_namespace_or_of_all(desk: Desk) -> None:
    calls(desk)
    hits = {"mask": 3, "unmask": 2, "mask/async": 1, "unmask/async": 1, "status-tracking": 0}
    [own] = desk.get("/reports/usage-summary")["details"]
    assert list(own) == ["namespace", "start_time", "end_time", "no_of_hits"]
    assert own["no_of_hits"] == hits | {"total": 7}
    assert (own["start_time"], own["end_time"]) == ("2026-03-04 00:00:00", "2026-03-05 05:06:07")
    master = desk.of(None)
    every = {
        one["namespace"]: one for one in master.get("/reports/usage-summary", **BOTH)["details"]
    }
    assert every.keys() == {"default", "acme", "other"}
    assert every["acme"]["no_of_hits"]["total"] == 7
    assert every["other"]["no_of_hits"]["mask"] == 1
    assert every["other"]["start_time"] == BOTH["start_date"]
    [one] = master.get("/reports/usage-summary", namespace="other")["details"]
    assert one["no_of_hits"]["total"] == 1


def test_every_namespace_in_one_list_is_for_a_master_key(desk: Desk) -> None:
    calls(desk)
    master = desk.of(None)
    data = master.get("/reports/all-namespace-summary", **BOTH)
    rows = {one["namespace"]: one for one in data["details"]}
    assert list(rows["other"]) == ["namespace", "start_time", "end_time", "count"]
    assert rows["other"]["count"] == 1
    assert rows["acme"]["count"] == 7
    assert rows["other"]["end_time"] == "2026-03-05 23:59:59"


def test_only_a_master_key_asks_about_another_namespace(desk: Desk) -> None:
    calls(desk)
    for path in ("namespace-summary", "namespace-users-summary", "usage-summary"):
        got = desk.call("GET", f"/reports/{path}", **BOTH, namespace="other")
        assert (got.status, got.content["error"]["message"]) == (403, "Permission denied")
        master = desk.of(None)
        assert master.get(f"/reports/{path}", **BOTH, namespace="other")["details"]
        got = master.call("GET", f"/reports/{path}", **BOTH, namespace="nowhere")
        assert (got.status, got.content["error"]["message"]) == (400, "Namespace doesn't exist.")
    got = desk.of(None).call("GET", "/reports/namespace-summary", **BOTH)
    assert (got.status, got.content["error"]["message"]) == (400, "Missing namespace")


def test_a_long_report_comes_in_pages(desk: Desk) -> None:
    for user in range(120):
        desk.service.recording.usage.hit("acme", "/mask", "success", f"user {user:03}")
    first = desk.get("/reports/namespace-users-summary", **DAY)
    assert len(first["details"]) == 100
    rest = desk.get(
        "/reports/namespace-users-summary", **DAY, next_page_token=first["next_page_token"]
    )
    users = [one["user"] for one in (*first["details"], *rest["details"]) if "user" in one["user"]]
    assert users == [f"user {n:03}" for n in range(120)]
    assert rest["next_page_token"] is None


def test_counts_are_kept_when_the_server_stops(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path / "vault.db", KEY) as desk:
            desk.service.start()
            masked(desk)
            desk.service.stop()
    with opened(tmp_path / "vault.db", KEY) as desk:
        assert desk.get("/reports/usage-summary")["details"][0]["no_of_hits"]["mask"] == 2


def test_counts_hold_no_value(desk: Desk) -> None:
    calls(desk)
    desk.service.recording.usage.flush()
    vault = desk.service.namespaces.get("acme")
    assert vault is not None
    hits = vault.store.audit.hits(vault.keyring.namespace)
    assert hits
    assert leaked(repr([(h.api, h.user, h.status) for h in hits]).encode(), CANARIES) == []


def test_a_call_that_begins_again_in_another_thread_counts_once(desk: Desk) -> None:
    """What cannot be answered at once is given up and asked again by a thread that may wait."""
    token = masked(desk)
    body = json.dumps({"unmask": [{"token_value": token}]}).encode()
    asked = Request("PUT", "/mask", f"Bearer {desk.token}", body=body)
    before = len(audit(desk))
    with pytest.raises(NotAtHand), only():
        answer(desk.service, asked)
    assert len(audit(desk)) == before
    assert answer(desk.service, asked).status == 200
    assert len(audit(desk)) == before + 1
    assert desk.get("/reports/usage-summary")["details"][0]["no_of_hits"]["unmask"] == 1
    assert desk.service.recording.watch.counts == {"restored": 2, "unknown": 0}
