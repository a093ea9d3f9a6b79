"""The debug log of the SDK before 3.0, record for record; `forms_fail_closed` sees the real one."""

from __future__ import annotations

import logging

import pytest

from llm_guard_protecto import UnknownFormat
from llm_guard_protecto.clients.side_doors import NoWebSockets, redact_sdk_logs
from tests.clients.bench import PROMPT, VALUES
from tests.clients.leaks import leaked

OPTIONS = {
    "method": "post",
    "url": "/chat/completions",
    "json_data": {"messages": [{"role": "user", "content": PROMPT}]},
    "extra_json": {"note": PROMPT},
    "files": [("file", PROMPT.encode())],
    "params": {"q": PROMPT},
    "a_field_of_tomorrow": PROMPT,
    "max_retries": 2,
}


@pytest.mark.parametrize(
    ("text", "args"),
    [("Request options: %s", (OPTIONS,)), ("%s: %s", ("Request options", OPTIONS))],
)
def test_bodies_are_dropped(
    caplog: pytest.LogCaptureFixture, text: str, args: tuple[object, ...]
) -> None:
    for _ in range(2):
        redact_sdk_logs()
    with caplog.at_level(logging.DEBUG, "openai._base_client"):
        logging.getLogger("openai._base_client").debug(text, *args)
    assert leaked(caplog.text.encode(), VALUES) == []
    assert "'url': '/chat/completions'" in caplog.text
    assert "'max_retries': 2" in caplog.text
    assert OPTIONS["extra_json"] == {"note": PROMPT}  # the SDK's own object is not touched


def test_other_records_are_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    redact_sdk_logs()
    with caplog.at_level(logging.DEBUG, "openai._base_client"):
        log = logging.getLogger("openai._base_client")
        log.debug("1 retry left")
        log.debug("Retrying due to status code %i", 500)
    assert caplog.messages == ["1 retry left", "Retrying due to status code 500"]


def test_installing_it_often_adds_one_filter() -> None:
    redact_sdk_logs()
    before = len(logging.getLogger("openai._base_client").filters)
    redact_sdk_logs()
    assert len(logging.getLogger("openai._base_client").filters) == before


def test_whoever_looks_at_the_address_is_told() -> None:
    address = NoWebSockets()
    with pytest.raises(UnknownFormat, match="WebSockets"):
        isinstance(address, str)
    with pytest.raises(UnknownFormat, match="WebSockets"):
        _ = address.copy_with
    assert repr(address) == "<no WebSockets on a protected client>"
