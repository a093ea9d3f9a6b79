"""What Prometheus reads: right numbers, labels from closed sets, nothing of the texts."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.server.jobs_api import CALLS
from llm_guard_protecto.server.meters import METHODS, OUTCOMES, STATUSES, Meters
from llm_guard_protecto.server.routes import ROUTES
from tests.clients.leaks import leaked
from tests.server.desk import opened
from tests.server.test_app import served
from tests.sweep import CANARIES

PREFIX = "llm_guard_protecto_"
CLOSED = {
    "route": set(ROUTES),
    "method": set(METHODS),
    "status": set(STATUSES),
    "entity": set(ENTITIES),
    "call": set(CALLS),
    "outcome": set(OUTCOMES),
}


def read(said: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample, as somebody else's parser reads it."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(said)
        for sample in family.samples
    }


def test_a_label_outside_its_set_is_other() -> None:
    meters = Meters(["/mask"], ["mask"])
    for route in ("/mask", "/mask", 'Sarah "Johnson"\n', "x"):
        meters.answered(route, "PUT", 200, 0.01)
    meters.answered("/mask", "SARAH", 418, 0.01)
    meters.masked([{"individual_tokens": [{"pii_type": "Sarah"}]}])
    meters.worked("Sarah", "Sarah")
    found = read(meters.text().decode())
    assert {
        dict(k)["route"]: v
        for (name, k), v in found.items()
        if name == f"{PREFIX}request_seconds_count"
    } == {"/mask": 3, "other": 2}
    for name, labels in (
        ("requests", {"route": "/mask", "method": "other", "status": "4xx"}),
        ("masked_values", {"entity": "other"}),
        ("jobs", {"call": "other", "outcome": "other"}),
    ):
        assert found[f"{PREFIX}{name}_total", frozenset(labels.items())] == 1
    assert b"Sarah" not in meters.text()


def test_two_servers_of_one_process_count_apart() -> None:
    one, other = Meters(["/mask"], []), Meters(["/mask"], [])
    one.answered("/mask", "PUT", 200, 0.01)
    assert b'route="/mask"' not in other.text()


def test_times_add_up() -> None:
    meters = Meters(["/mask"], [])
    for seconds in (0.001, 0.0011, 0.3, 11.0):
        meters.answered("/mask", "PUT", 200, seconds)
    found = read(meters.text().decode())
    buckets = {
        dict(labels)["le"]: value for (name, labels), value in found.items() if "bucket" in name
    }
    assert (buckets["0.001"], buckets["0.0025"], buckets["0.5"], buckets["+Inf"]) == (1, 2, 3, 4)
    assert list(buckets.values()) == sorted(buckets.values())
    labels = frozenset({("route", "/mask")})
    assert found[f"{PREFIX}request_seconds_count", labels] == 4


def test_a_process_tells_of_itself() -> None:
    found = {name: value for (name, _), value in read(Meters([], []).text().decode()).items()}
    assert found["process_resident_memory_bytes"] > 10_000_000
    assert found["process_open_fds"] > 2
    assert found["process_threads"] >= 1
    assert found["process_cpu_seconds_total"] > 0


def exercised() -> str:
    """What a server tells that was asked for all kinds of things, with values in every place."""
    with opened() as desk, served(desk) as client:
        value = " and ".join(CANARIES)
        items: list[Any] = [{"value": value}, {"value": value, "token_name": "Text Token"}]
        [masked, _] = client.put("/api/vault/mask", json={"mask": items}).json()["data"]
        for path, body in [
            ("mask", {"mask": items[:1]}),
            ("mask", {"mask": items, "policy_name": value}),
            ("unmask", {"unmask": [{"token_value": masked["token_value"]}]}),
            ("Nobody/Special", {}),
            ("super-admin/namespace/auth-token/generate", {}),
        ]:
            client.put(f"/api/vault/{path}", json=body)
        client.request("PURGE", "/api/vault/mask", params={"q": "Nobody Special"})
        client.put("/api/vault/mask", headers={"Authorization": "Bearer nobody"})
        desk.service.queue.submit(desk.service.namespaces.vault, "mask", value, {"mask": items[:1]})
        desk.service.workers.notice()
        while 'outcome="done"' not in (said := client.get("/metrics").text):
            client.get("/readyz")
        return said


def test_a_server_counts_what_it_did_and_names_nobody() -> None:
    said = exercised()
    found = read(said)

    def requests(route: str, status: str, method: str = "PUT") -> float:
        labels = {("route", route), ("method", method), ("status", status)}
        return found[f"{PREFIX}requests_total", frozenset(labels)]

    assert requests("/mask", "2xx") == 2
    assert requests("/mask", "4xx") == 1
    assert requests("/mask", "401") == 1
    assert requests("/mask", "4xx", "other") == 1
    assert requests("/unmask", "2xx") == 1
    assert requests("other", "4xx") == 1
    assert requests("/super-admin/namespace/auth-token/generate", "403") == 1
    people = found[f"{PREFIX}masked_values_total", frozenset({("entity", "PERSON")})]
    assert people >= 4  # two in each of two answers
    assert found[f"{PREFIX}masked_values_total", frozenset({("entity", "other")})] == 1
    assert found[f"{PREFIX}jobs_total", frozenset({("call", "mask"), ("outcome", "done")})] == 1
    assert found[f"{PREFIX}ready", frozenset()] == 1
    for _, labels in found:
        for name, value in labels:
            assert name == "le" or value in CLOSED[name] | {"other"}, (name, value)
    assert leaked(said.encode(), CANARIES) == []
    for word in ("acme", "someone", "lgp_user", "Special"):
        assert word not in said


def test_metrics_can_be_left_out() -> None:
    with opened(metrics=False) as desk, served(desk) as client:
        assert client.get("/metrics").status_code == 404
