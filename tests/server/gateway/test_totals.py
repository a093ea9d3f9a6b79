"""What an operator reads of the calls: counts by caller and entity, and nothing that was said."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from llm_guard_protecto.guard.receipt import Receipt
from llm_guard_protecto.server.gateway.totals import CALLERS, OTHERS, Totals
from tests.server.gateway.served import Served, gateway
from tests.server.gateway.test_gateway import ASKED, VALUES, openai


def counted(served: Served, token: str, calls: int = 1) -> Any:
    """What the gateway says once so many calls are counted: shadow mode counts beside the call."""
    end = time.monotonic() + 10
    headers = {"authorization": f"Bearer {token}"}
    while True:
        answer = httpx.get(f"{served.url}/gateway/calls", headers=headers)
        assert answer.status_code == 200
        assert not any(value in answer.text for value in VALUES)
        said = answer.json()
        if sum(one["calls"] for one in said["callers"]) >= calls or time.monotonic() > end:
            return said


@pytest.mark.parametrize("shadow", [False, True])
def test_values_are_counted_by_caller(shadow: bool) -> None:
    with gateway(shadow=shadow) as served:
        for namespace, owner, calls in (
            ("acme", "web", 2),
            ("acme", "batch", 1),
            ("other", "x", 1),
        ):
            token = served.service.bearers.create(namespace, owner, ["mask", "unmask"])
            with openai(served, token) as client:
                for _ in range(calls):
                    client.chat.completions.create(**ASKED)
        master = served.service.bearers.create(None, "operator")
        said = counted(served, master, 4)
        assert said["shadow"] is shadow
        first, *others = said["callers"]
        assert (first["namespace"], first["owner"], first["calls"]) == ("acme", "web", 2)
        assert first["masked"] == {"CREDIT_CARD": 2, "PERSON": 2, "PHONE_NUMBER": 2}
        assert first["upstreams"] == {"openai": 2}
        assert first["outcomes"] == {"whole": 2}
        assert [one["owner"] for one in others] == ["batch", "x"]
        of_one = counted(served, served.token("other"))
        assert [one["namespace"] for one in of_one["callers"]] == ["other"]
        assert "Sarah" in served.provider.last_body.decode() or not shadow


def test_what_shadow_mode_would_refuse_is_counted() -> None:
    with gateway(shadow=True) as served, httpx.Client(base_url=served.url) as client:
        headers = {"authorization": f"Bearer {served.token()}"}
        client.post("/v1/chat/completions", headers=headers, content=b"{", follow_redirects=False)
        [one] = counted(served, served.token())["callers"]
        assert one["outcomes"] == {"refused": 1}


def test_strangers_read_nothing() -> None:
    with gateway() as served:
        for headers in ({}, {"authorization": "Bearer somebody"}):
            answer = httpx.get(f"{served.url}/gateway/calls", headers=headers)
            assert answer.status_code == 401


def test_callers_beyond_the_limit_count_as_one() -> None:
    totals = Totals(shadow=False)
    for number in range(CALLERS + 5):
        totals.add("acme", f"user {number}", "openai", Receipt("whole", policy="default"))
    callers = totals.of("acme")["callers"]
    assert len(callers) == CALLERS + 1
    assert (callers[0]["owner"], callers[0]["calls"]) == (OTHERS, 5)
