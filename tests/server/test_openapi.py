"""The OpenAPI document describes what the server does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto.server.app import PREFIX
from llm_guard_protecto.server.openapi import OPERATIONS, document
from llm_guard_protecto.server.routes import ROUTES
from tests.server.desk import Desk

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}


def check(value: Any, schema: Any, where: str = "") -> None:
    """Assert that a value is as a schema says, and that the schema names each of its keys."""
    if "anyOf" in schema:
        fitting = [one for one in schema["anyOf"] if set(one["required"]) <= set(value)]
        assert fitting, where
        return check(value, fitting[0], where)
    if "enum" in schema:
        assert value in schema["enum"], where
    if "const" in schema:
        assert value is schema["const"], where
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds:
        assert isinstance(value, tuple(t for kind in kinds for t in TYPES[kind])), where
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema["required"]) <= set(value), where
        assert set(value) <= set(schema["properties"]), where
        for key, child in value.items():
            check(child, schema["properties"][key], f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        assert len(value) >= schema.get("minItems", 0)
        for child in value:
            check(child, schema["items"], f"{where}[]")
    return None


def test_every_route_is_described_and_nothing_else() -> None:
    described = document(PREFIX)
    json.dumps(described)
    assert OPERATIONS.keys() == ROUTES.keys()
    for path, verbs in ROUTES.items():
        assert described["paths"][path].keys() == {verb.lower() for verb in verbs}
    names = [one["operationId"] for verbs in described["paths"].values() for one in verbs.values()]
    assert len(set(names)) == len(names)


CALLS: list[tuple[str, str, Any, dict[str, str]]] = [
    ("PUT", "/mask", {"mask": [{"value": "Ask Sarah Johnson", "attribute": 1}]}, {}),
    ("PUT", "/mask", {"mask": [{"value": 7, "token_name": "Text Token", "format": "URL"}]}, {}),
    ("PUT", "/unmask", {"unmask": [{"token_value": "nothing here"}]}, {}),
    ("PUT", "/mask/async", {"mask": [{"value": "x"}]}, {}),
    ("PUT", "/unmask/async", {"unmask": [{"token_value": "x"}]}, {}),
    ("PUT", "/metadata/policy/create", {"data": {"policy_name": "own"}}, {}),
    ("GET", "/metadata/policy/list", None, {}),
    ("GET", "/metadata/personal-data-entities/list", None, {"policy_name": "default"}),
    (
        "PUT",
        "/metadata/update-auto-detect",
        {
            "data": {
                "policy_name": "own",
                "metadata": [{"entity_name": "PERSON", "format_prefix": "[", "format_suffix": "]"}],
            }
        },
        {},
    ),
    (
        "PUT",
        "/metadata/update-entity-category",
        {"data": {"policy_name": "own", "metadata": {"excluded_entities": ["URL"]}}},
        {},
    ),
    ("PUT", "/metadata/policy/delete", {"data": {"policy_name": "own"}}, {}),
]


@pytest.mark.parametrize("times", [1, 2])
def test_requests_and_answers_are_as_described(desk: Desk, times: int) -> None:
    """The second time a policy is there already: refusals are described too."""
    paths = document(PREFIX)["paths"]
    refusal = document(PREFIX)["components"]["schemas"]["Refusal"]
    for _ in range(times):
        for verb, path, body, query in CALLS[: -1 if times == 2 else None]:
            operation = paths[path][verb.lower()]
            if body is not None:
                check(body, operation["requestBody"]["content"]["application/json"]["schema"], path)
            got = desk.call(verb, path, body, **query)
            said = operation["responses"][str(got.status)]["content"]["application/json"]["schema"]
            check(got.content, refusal if "$ref" in said else said, path)


def test_jobs_and_tokens_are_as_described(desk: Desk) -> None:
    paths = document(PREFIX)["paths"]
    master = desk.of(None)
    [job] = desk.put("/mask/async", {"mask": [{"value": "x"}]})
    claimed = desk.service.queue.claim()
    assert claimed is not None
    desk.service.workers.settle(claimed)
    status = {"status": [{"tracking_id": job["tracking_id"]}]}
    token = "/super-admin/namespace/auth-token"
    user: dict[str, Any] = {"_id": "alice", "namespace_name": "new"}
    for caller, path, body in [
        (desk, "/async-status", status),
        (master, f"{token}/generate", {"data": user | {"permissions": ["mask"]}}),
        (master, f"{token}/fetch", {"data": user}),
        (master, "/super-admin/namespace/delete", {"namespace_to_be_deleted": "new"}),
    ]:
        operation = paths[path]["put"]
        check(body, operation["requestBody"]["content"]["application/json"]["schema"], path)
        said = operation["responses"]["200"]["content"]["application/json"]["schema"]
        check(caller.call("PUT", path, body).content, said, path)
