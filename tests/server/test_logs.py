"""The log: one line an event, nothing of the texts."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from llm_guard_protecto.server.logs import JsonLines, TextLines, request_id

UUID = b"0b2f4a6e-9d31-4c55-8f6a-1e2d3c4b5a69"


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("ours", logging.INFO, "f.py", 1, "%s %s", ("PUT", "/mask"), None)
    made.created = 1_772_600_767.25
    vars(made).update(extra)
    return made


def failed() -> logging.LogRecord:
    try:
        raise ValueError("Sarah Johnson")
    except ValueError:
        return record(exc_info=sys.exc_info())


def test_a_line_of_json() -> None:
    line = JsonLines().format(record(request="ab12", route="/mask", status=200, ms=1.5))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-03-04T05:06:07.250+00:00",
        "level": "INFO",
        "logger": "ours",
        "message": "PUT /mask",
        "request": "ab12",
        "route": "/mask",
        "status": 200,
        "ms": 1.5,
    }


def test_a_line_of_text() -> None:
    assert TextLines().format(record()).endswith(" INFO PUT /mask")
    assert TextLines().format(record(request="ab12")).endswith(" INFO PUT /mask ab12")


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
def test_an_exception_shows_its_type_and_place_and_not_its_words(form: logging.Formatter) -> None:
    line = form.format(failed())
    assert "ValueError at failed:" in line
    assert "Sarah" not in line


@pytest.mark.parametrize("asked", [UUID, UUID.upper(), b"0123456789abcdef0123456789ABCDEF"])
def test_a_plain_number_of_the_caller_is_kept(asked: bytes) -> None:
    assert request_id(asked) == asked.decode()


@pytest.mark.parametrize(
    "asked",
    [None, b"", b"sarah.johnson@example.com", b"4111111111111111", UUID + b"\n", b"\xff" * 32],
)
def test_any_other_text_is_replaced(asked: bytes | None) -> None:
    made = request_id(asked)
    assert len(made) == 32
    assert int(made, 16) >= 0
    assert made != request_id(asked)
