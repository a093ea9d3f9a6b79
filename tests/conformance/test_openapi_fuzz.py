"""Schemathesis over the OpenAPI document: whatever is sent, no error of the server's.

For each operation: bodies that fit its schema, bodies that do not, and either of them with a value
in it that breaks programs. Each answer is of a described status, type and shape. Run the long
version with `pytest -m slow tests/conformance/test_openapi_fuzz.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from llm_guard_protecto.server.app import PREFIX
from llm_guard_protecto.server.openapi import document
from tests.conformance.served import ALL, Served, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BREAKERS: tuple[Any, ...] = (
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    10**400,
    -(10**40),
    2**63,
    1e308,
    "9" * 5000,
    "\U0010ffff\u202e\ufeff",
    {"__proto__": [[]]},
    "' OR 1=1 --",
    "x" * 20_000,
)
SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(document(PREFIX))))
FOUND: list[Any] = [one.ok() for one in cast(Any, SCHEMA).get_all_operations()]
OPERATIONS = {one.label: one for one in FOUND}


@pytest.fixture(scope="module")
def target() -> Iterator[Served]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


def broken(body: Any, breaker: Any, at: int) -> Any:
    """The body with one of its values, counted in order of appearance, exchanged."""
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in pairs:
            places.append((value, key))
            if isinstance(child, (dict, list)):
                walk(child)

    body = json.loads(json.dumps(body))
    if not isinstance(body, (dict, list)):
        return breaker
    walk(body)
    if places:
        holder, key = places[at % len(places)]
        holder[key] = breaker
    return body


def cases(label: str) -> st.SearchStrategy[Any]:
    """Requests to one operation: right ones, wrong ones, and both with a breaker in them."""
    operation = OPERATIONS[label]
    plain = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    def spoilt(case: Any, breaker: Any, at: int) -> Any:
        if not isinstance(case.body, (NotSet, bytes)):
            # As bytes, for the generator cannot look at half a character.
            case.body = json.dumps(broken(case.body, breaker, at)).encode()
        return case

    return plain | st.builds(spoilt, plain, st.sampled_from(BREAKERS), st.integers(0, 50))


def fuzz(label: str, target: Served, session: requests.Session, examples: int) -> None:
    bearers = target.service.bearers
    whose: tuple[str | None, tuple[str, ...]] = ("fuzzed", ALL)
    if "/super-admin" in label:
        whose = (None, ())
    token = [bearers.create(whose[0], "someone", whose[1])]

    @settings(
        deadline=None,
        max_examples=examples,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(label), allowed=st.integers(0, 9))
    def ask(case: Any, allowed: int) -> None:
        if bearers.caller(token[0]) is None:  # a request of before may have had it revoked
            token[0] = bearers.create(whose[0], "someone", whose[1])
        case.headers = {} if allowed == 0 else {"Authorization": f"Bearer {token[0]}"}
        response = case.call(
            base_url=target.url, session=session, allow_redirects=False, timeout=60
        )
        case.validate_response(response, checks=CHECKS)

    ask()


def test_an_error_of_the_server_would_be_seen() -> None:
    """Guards the tests below: an answer of 500, and one in another shape, are failures."""
    operation = OPERATIONS["PUT /mask"]
    case = operation.Case(body={"mask": [{"value": "x"}]}, media_type="application/json")
    for status, content in ((500, {"data": None, "success": False}), (200, {"data": "x"})):
        response = requests.Response()
        response.status_code = status
        response._content = json.dumps(content).encode()
        response.headers["Content-Type"] = "application/json"
        response.request = requests.Request("PUT", "http://127.0.0.1/mask").prepare()
        with pytest.raises(FailureGroup):
            case.validate_response(response, checks=CHECKS)


ROUTES = """
PUT /mask
PUT /unmask
PUT /mask/async
PUT /unmask/async
PUT /umask/async
PUT /async-status
PUT /metadata/policy/create
GET /metadata/policy/list
PUT /metadata/policy/delete
GET /metadata/personal-data-entities/list
PUT /metadata/update-entity-category
PUT /metadata/update-auto-detect
PUT /metadata/add-or-update/custom-tag/identification-endpoint
PUT /metadata/add-or-update/custom-tag/pi-list-endpoint
PUT /metadata/custom-tag/details
PUT /metadata/delete/custom-tag
PUT /namespace/delete/personal-data-mapping
PUT /namespace/delete/audit-records
GET /namespace/job-status
GET /namespace/reports/audit-details
GET /reports/all-namespace-summary
GET /reports/namespace-summary
GET /reports/namespace-users-summary
GET /reports/usage-summary
PUT /super-admin/namespace/auth-token/generate
PUT /super-admin/namespace/auth-token/fetch
GET /super-admin/namespace/auth-token/list
GET /super-admin/namespace/auth-token/details
PUT /super-admin/namespace/auth-token/deactivate
PUT /super-admin/namespace/delete
GET /super-admin/namespace/job-status
"""
"""The thirty routes of Protecto's table that are no data scan, and the misspelt one."""


def test_every_route_of_the_table_is_described() -> None:
    assert {label.replace(PREFIX, "") for label in OPERATIONS} == set(ROUTES.split("\n")) - {""}


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_breaks_the_server(
    label: str, target: Served, session: requests.Session
) -> None:
    fuzz(label, target, session, 15)


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_breaks_the_server_at_length(
    label: str, target: Served, session: requests.Session
) -> None:
    fuzz(label, target, session, 400)
