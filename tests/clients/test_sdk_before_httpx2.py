"""The same forms with openai 2.x, which speaks `httpx`, in an environment of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.sdk_matrix import CASES


def test_it_is_the_older_sdk(openai2_report: dict[str, Any]) -> None:
    assert openai2_report["openai"].startswith("2.")
    assert openai2_report["family"] == "httpx"
    assert set(openai2_report["results"]) == {f"{name}-{kind}" for name, kind in CASES}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_form(name: str, kind: str, openai2_report: dict[str, Any]) -> None:
    failure = openai2_report["results"][f"{name}-{kind}"]
    assert failure is None, failure
