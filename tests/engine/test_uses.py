"""Uses of a data key: none is taken that was not counted, and those who wait share one answer."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from llm_guard_protecto.engine.store.at_hand import NotAtHand, only
from llm_guard_protecto.engine.uses import Uses
from llm_guard_protecto.errors import VaultRefused, VaultUnavailable


def test_threads_take_no_more_than_was_counted_and_no_more_than_there_are() -> None:
    counted = 0

    def reserve(count: int) -> int:
        nonlocal counted
        time.sleep(0.001)
        counted += count
        return counted

    uses = Uses("the key", reserve, limit=6400)
    taken: list[int] = []

    def take() -> None:
        while True:
            uses.take()
            taken.append(counted)
            assert len(taken) <= counted

    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(take) for _ in range(8)]:
            with pytest.raises(VaultRefused, match=r"the key may seal nothing more; run: "):
                one.result()
    assert 6300 < len(taken) <= 6400
    assert uses.full


def test_all_that_wait_are_refused_together_and_the_next_may_ask_again() -> None:
    asked: list[int] = []
    there, go = threading.Event(), threading.Event()

    def reserve(count: int) -> int:
        asked.append(count)
        if len(asked) > 1:
            return count
        there.set()
        go.wait(30)
        raise VaultUnavailable("it is locked")

    uses = Uses("the key", reserve, limit=6400)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(uses.take)
        assert there.wait(30)
        others = [pool.submit(uses.take) for _ in range(7)]
        time.sleep(0.05)
        go.set()
        refused = [one.exception() for one in [first, *others]]
    assert isinstance(refused[0], VaultUnavailable)
    # One that came too late to wait may have asked again.
    assert len(asked) == 1 or None in refused
    uses.take()


def test_a_thread_that_may_not_wait_asks_nobody_and_waits_for_nobody() -> None:
    asked: list[int] = []

    def reserve(count: int) -> int:
        asked.append(count)
        return count

    uses = Uses("the key", reserve, limit=6400)
    with pytest.raises(NotAtHand), only():
        uses.take()
    assert asked == []
    uses.take()
    with only():
        uses.take()
    assert len(asked) == 1
