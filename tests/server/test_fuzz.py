"""Any body at any route: an answer in the frame, and never an error of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.server.routes import ROUTES
from tests.server.desk import ALL, Desk, opened

WORDS = st.sampled_from(
    [
        *("mask", "unmask", "value", "token_value", "token_name", "format", "attributes", "status"),
        *("policy_name", "tracking_id", "data", "metadata", "entity_name", "format_prefix"),
        *("suffix", "excluded_entities", "anonymizable_entities", "namespace_name", "_id"),
        *("permissions", "start_date", "end_date", "auth_token", "namespace_to_be_deleted"),
        *("PERSON", "ORGANIZATION", "Text Token", "URL", "default", "own", "acme", "2026-01-01"),
        *("Ask Sarah Johnson", "\ud800", "a\0b", "", " ", "{", "<PER>Kq7Vn</PER>", "9" * 40),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
EVERY = [(verb, path) for path, verbs in ROUTES.items() for verb in verbs]


def shaped(path: str) -> st.SearchStrategy[Any]:
    """Bodies that look more or less like what a route wants."""
    entries = st.lists(st.dictionaries(WORDS, VALUES, max_size=4) | VALUES, max_size=3)
    key = "status" if "status" in path else "unmask" if "umask" in path else "mask"
    named = st.fixed_dictionaries({}, optional={"policy_name": WORDS | LEAVES, "unmask": entries})
    calls = st.builds(lambda items, more: {key: items} | more, entries, named)
    return calls | st.fixed_dictionaries({"data": st.dictionaries(WORDS, VALUES)}) | VALUES


@pytest.mark.parametrize(("verb", "path"), EVERY)
def test_no_body_breaks_a_route(verb: str, path: str) -> None:
    with opened() as desk:
        master = desk.of(None)

        @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
        @given(body=shaped(path), query=st.dictionaries(st.sampled_from(["policy_name"]), WORDS))
        def fuzz(body: Any, query: dict[str, str]) -> None:
            caller = master if path.startswith("/super-admin") else here(desk)
            raw = json.dumps(body).encode()
            got = caller.call(verb, path, raw, **query)
            assert got.status < 500, got.content
            assert set(got.content) >= {"data", "success", "error"}
            assert got.content["success"] == (got.status == 200)

        fuzz()


def here(desk: Desk) -> Desk:
    """The desk again, should a call of before have revoked its token or deleted its namespace."""
    return desk if desk.service.bearers.caller(desk.token) else desk.of("acme", *ALL)
