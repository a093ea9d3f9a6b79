"""Calls that share a transaction: each gets its own answer, whoever does the work."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from llm_guard_protecto.engine.store.gathering import Gathering
from llm_guard_protecto.errors import VaultError, VaultUnavailable


class Slow:
    """Doubles numbers, a batch at a time, while a test holds the first batch back."""

    def __init__(self, *, holding: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.go_on = threading.Event()
        self.begun = threading.Event()
        if not holding:
            self.go_on.set()

    def settle(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.begun.set()
        self.go_on.wait(30)
        if 13 in items:
            raise VaultError("unlucky")
        if 99 in items:
            raise VaultUnavailable("gone")
        return [2 * item for item in items]


def start(gathering: Gathering[int, int], *items: int) -> list[threading.Thread]:
    answers: dict[int, int | BaseException] = {}

    def call(item: int) -> None:
        try:
            answers[item] = gathering.do(item)
        except VaultError as error:
            answers[item] = error

    threads = [threading.Thread(target=call, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
        thread.answers = answers  # type: ignore[attr-defined]
    return threads


def join(threads: list[threading.Thread]) -> dict[int, int | BaseException]:
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return dict(threads[0].answers)  # type: ignore[attr-defined]


def gathered(slow: Slow, lanes: int, *items: int) -> dict[int, int | BaseException]:
    """Let calls gather behind a first one (item 0), then let all go on."""
    gathering = Gathering(slow.settle, lanes)
    first = start(gathering, 0)
    slow.begun.wait(30)
    rest = start(gathering, *items)
    room = next(iter(gathering._rooms.values()))
    while len(room._waiting) < len(items) and lanes == 1:
        threading.Event().wait(0.001)
    slow.go_on.set()
    assert join(first) == {0: 0}
    return join(rest)


def test_a_call_alone_is_done_at_once() -> None:
    slow = Slow(holding=False)
    assert Gathering(slow.settle).do(4) == 8
    assert slow.batches == [[4]]


def test_calls_that_wait_share_a_batch_and_get_their_own_answers() -> None:
    slow = Slow()
    assert gathered(slow, 1, *range(1, 9)) == {n: 2 * n for n in range(1, 9)}
    assert [sorted(batch) for batch in slow.batches] == [[0], list(range(1, 9))]


def test_one_callers_mistake_is_its_own() -> None:
    slow = Slow()
    answers = gathered(slow, 1, 1, 13, 2)
    assert isinstance(answers.pop(13), VaultError)
    assert answers == {1: 2, 2: 4}


def test_when_the_vault_is_gone_everybody_is_told_once() -> None:
    slow = Slow()
    answers = gathered(slow, 1, 1, 99, 2)
    assert all(type(error) is VaultUnavailable for error in answers.values())
    assert len({id(error) for error in answers.values()}) == 3
    assert len(slow.batches) == 2, "nobody is asked again one by one"


def test_more_lanes_do_not_wait_for_each_other() -> None:
    slow = Slow()
    gathering = Gathering(slow.settle, lanes=2)
    threads = start(gathering, 1)
    slow.begun.wait(30)
    threads += start(gathering, 2)
    while len(slow.batches) < 2:
        threading.Event().wait(0.001)
    slow.go_on.set()
    join(threads)
    assert sorted(slow.batches) == [[1], [2]]


def test_a_batch_has_a_most() -> None:
    slow = Slow()
    gathering = Gathering(slow.settle, most=3)
    first = start(gathering, 0)
    slow.begun.wait(30)
    rest = start(gathering, *range(1, 8))
    while len(next(iter(gathering._rooms.values()))._waiting) < 7:
        threading.Event().wait(0.001)
    slow.go_on.set()
    join(first)
    assert join(rest) == {n: 2 * n for n in range(1, 8)}
    assert max(map(len, slow.batches)) == 3


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_many_threads_for_a_long_time_all_get_their_answers(lanes: int) -> None:
    slow = Slow(holding=False)
    gathering = Gathering(slow.settle, lanes, most=5)

    def call(first: int) -> bool:
        items = range(first * 1000 + 200, first * 1000 + 500)
        return [gathering.do(item) for item in items] == [2 * item for item in items]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(call, range(16)))
    room = next(iter(gathering._rooms.values()))
    assert room._free == lanes
    assert not room._waiting


def test_an_interrupted_leader_leaves_nobody_waiting() -> None:
    slow = Slow()
    interrupted = threading.Event()

    def settle(items: Sequence[int]) -> list[int]:
        answer = slow.settle(items)
        if not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt
        return answer

    gathering = Gathering(settle)
    said: list[str] = []

    def lead() -> None:
        try:
            gathering.do(0)
        except KeyboardInterrupt:
            said.append("interrupted")

    first = threading.Thread(target=lead)
    first.start()
    slow.begun.wait(30)
    rest = start(gathering, 1, 2)
    slow.go_on.set()
    first.join(30)
    assert said == ["interrupted"]
    assert join(rest) == {1: 2, 2: 4}
