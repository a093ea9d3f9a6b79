"""Time limits, blocking and awaited."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from llm_guard_protecto import DetectionFailed, UnknownFormat
from llm_guard_protecto.clients.limits import awithin, check_size, within

WHO = contextvars.ContextVar[str]("WHO")


@pytest.mark.parametrize("seconds", [None, 30])
def test_work_that_ends_gives_its_result(seconds: float | None) -> None:
    WHO.set("me")
    assert within(seconds, lambda: WHO.get()) == "me"


@pytest.mark.parametrize("seconds", [None, 30])
@pytest.mark.parametrize("error", [TimeoutError("own"), ValueError("own"), KeyboardInterrupt()])
def test_an_error_of_the_work_is_its_own(seconds: float | None, error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        within(seconds, fail)
    assert raised.value is error


def test_work_that_does_not_end_is_given_up() -> None:
    never = threading.Event()
    with pytest.raises(DetectionFailed, match=r"within 0\.05 s"):
        within(0.05, never.wait)
    never.set()


def test_awaited_work_that_does_not_end_is_given_up() -> None:
    async def wait() -> None:
        with pytest.raises(DetectionFailed, match=r"within 0\.05 s"):
            await awithin(0.05, asyncio.Event().wait())

    asyncio.run(wait())


@pytest.mark.parametrize("seconds", [None, 30])
def test_an_error_of_awaited_work_is_its_own(seconds: float | None) -> None:
    async def fail() -> None:
        raise TimeoutError("own")

    with pytest.raises(TimeoutError, match="own"):
        asyncio.run(awithin(seconds, fail()))


def test_the_limit_itself_is_allowed() -> None:
    check_size("request", 10, 10)
    with pytest.raises(UnknownFormat, match="the request is larger than the limit of 10 bytes"):
        check_size("request", 11, 10)
