"""Threads kept for the next piece of work."""

from __future__ import annotations

import contextvars
import gc
import os
import threading
import time
import weakref

import pytest

from llm_guard_protecto.clients.workers import MOST_IDLE, begin, idle

WHO = contextvars.ContextVar[str]("WHO")


def test_the_next_work_finds_the_same_thread() -> None:
    first = begin(threading.get_ident).result(30)
    assert [begin(threading.get_ident).result(30) for _ in range(20)] == [first] * 20


def test_work_at_the_same_time_has_threads_of_its_own() -> None:
    together = threading.Barrier(MOST_IDLE + 5)
    work = [begin(lambda: together.wait(30)) for _ in range(MOST_IDLE + 5)]
    assert sorted(one.result(30) for one in work) == list(range(MOST_IDLE + 5))
    assert idle() <= MOST_IDLE


def test_work_that_hangs_keeps_no_other_waiting() -> None:
    never = threading.Event()
    hanging = begin(lambda: never.wait(30))
    assert begin(lambda: "done").result(30) == "done"
    never.set()
    assert hanging.result(30)


def test_work_runs_in_the_context_of_who_began_it() -> None:
    for name in ("Ada", "Boris"):
        WHO.set(name)
        assert begin(WHO.get).result(30) == name


def test_an_error_is_handed_over_and_the_thread_lives_on() -> None:
    error = KeyboardInterrupt()

    def fail() -> None:
        raise error

    ident = begin(threading.get_ident).result(30)
    assert begin(fail).exception(30) is error
    assert begin(threading.get_ident).result(30) == ident


def test_nothing_of_a_call_is_kept() -> None:
    class Prompt:
        pass

    prompt = Prompt()
    gone = weakref.ref(prompt)
    begin(lambda held=prompt: id(held)).result(30)  # type: ignore[misc]
    del prompt
    for _ in range(1000):  # the thread lets go just after it told
        gc.collect()
        if gone() is None:
            break
        time.sleep(0.01)
    assert gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_starts_its_own_threads() -> None:
    begin(lambda: None).result(30)
    child = os.fork()
    if child == 0:
        done = begin(lambda: 7).result(20) == 7
        os._exit(0 if done else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
