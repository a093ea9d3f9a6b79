"""`serve --console`, as a fresh user runs it, and its routes under any body."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_guard_protecto.server.console.calls import CONSOLE
from llm_guard_protecto.testing import FakeProvider
from tests.server.desk import opened
from tests.server.test_fuzz import VALUES, WORDS
from tests.test_cli_server import serving, token_of

GATEWAY = """
[upstreams.{name}]
url = "{url}"
"""
SOURCES = st.sampled_from(
    [
        'name = "x"',
        'name = "x"\nallow = ["\\u0000"]',
        'name = ""\nextends = 7',
        'name = "x"\n[custom.A]\npatterns = ["a{0,9000}"]',
        'name = "x"\n[restore]\ntools = 3',
        "[[entities]]",
        "\ud800",
    ]
)


def test_the_page_is_served_and_both_sides_of_a_chat_seen(outside: Any) -> None:
    provider = FakeProvider()
    with provider.serve() as url:
        file = outside.home / "gateway.toml"
        file.write_text(GATEWAY.format(name="openai", url=url))
        token = token_of(outside)
        with serving(outside, "--console", "--gateway", str(file)) as (_, process):
            assert process.stdout is not None
            said = process.stdout.readline() + process.stdout.readline()
            address = re.search(r"console at (http://\S+/console/)", said)
            assert address, said
            assert "Try a text" in httpx.get(address[1], timeout=60).text
            headers = {"authorization": f"Bearer {token}"}
            body = {"model": "m", "messages": [{"role": "user", "content": "I am Sarah Johnson"}]}
            got = httpx.post(
                f"{address[1]}chat/v1/chat/completions", json=body, headers=headers, timeout=60
            )
            first = json.loads(got.text.splitlines()[0])
            assert first["sent"].encode() == provider.last_body
            assert "Sarah" not in first["sent"]
            process.terminate()
            rest, log = process.communicate(timeout=60)
    assert "Sarah" not in rest + log
    assert token not in rest + log


def test_a_provider_cannot_stand_where_the_page_is(outside: Any, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(GATEWAY.format(name="console", url="http://127.0.0.1:1/v1"))
    ran = outside.cli("serve", "--console", "--gateway", str(file), "--vault", "memory:")
    assert ran.returncode == 1
    assert b"no upstream can be called console" in ran.stderr


@pytest.mark.parametrize("path", sorted(CONSOLE))
def test_no_body_breaks_a_route(path: str) -> None:
    said = st.fixed_dictionaries(
        {},
        optional={
            "text": WORDS | VALUES,
            "source": SOURCES | VALUES,
            "policy_name": WORDS | VALUES,
            "replaces": WORDS | VALUES,
        },
    )
    with opened(console=True) as desk:

        @settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
        @given(body=said | VALUES, query=st.dictionaries(st.sampled_from(["policy_name"]), WORDS))
        def fuzz(body: Any, query: dict[str, str]) -> None:
            for verb in CONSOLE[path]:
                got = desk.call(verb, path, json.dumps(body).encode(), **query)
                assert got.status < 500, got.content
                assert got.content["success"] == (got.status == 200)

        fuzz()
