"""Alive and ready, or why not."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from llm_guard_protecto.models import Span
from llm_guard_protecto.server.health import Health
from tests.server.desk import opened


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_stands_for_a_while() -> None:
    clock, done = Clock(), []

    def check() -> bool:
        done.append(clock.now)
        return True

    health = Health({"it": check}, 2.0, clock)
    for clock.now in (0.0, 1.0, 1.9, 2.0, 3.9, 4.0):
        assert health.failed() == ()
    assert done == [0.0, 2.0, 4.0]


def test_what_fails_is_named_and_its_words_are_not(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> bool:
        raise RuntimeError("Sarah Johnson")

    health = Health({"good": lambda: True, "bad": lambda: False, "broken": broken}, 0)
    assert health.failed() == ("bad", "broken")
    assert "RuntimeError" in caplog.text
    assert "Sarah" not in caplog.text


def test_who_stops_is_not_ready() -> None:
    health = Health({}, 0)
    assert health.failed() == ()
    health.stopping = True
    assert health.failed() == ("stopping",)


def test_a_check_that_hangs_holds_up_no_second_one() -> None:
    release = threading.Event()
    health = Health({"slow": release.wait}, 60)
    thread = threading.Thread(target=health.failed)
    thread.start()
    assert health.failed() == ("late",)
    release.set()
    thread.join()
    assert health.failed() == ()


def test_the_self_test_searches_each_time() -> None:
    """A text that was masked before would be known, and a detector that stopped not noticed."""
    seen: list[str] = []

    def detect(texts: Sequence[str]) -> list[list[Span]]:
        seen.extend(texts)
        return [[] for _ in texts]

    with opened(ready_seconds=0, detectors=[detect]) as desk:
        assert desk.service.health.failed() == ()
        assert desk.service.health.failed() == ()
    assert len(set(seen)) == len(seen) == 2


def test_a_vault_that_cannot_be_written_is_not_ready() -> None:
    with opened(ready_seconds=0) as desk:
        assert desk.service.health.failed() == ()
        desk.service.namespaces.vault.close()
        assert "store" in desk.service.health.failed()
