"""Work is handed to threads and back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from llm_guard_protecto.server.pool import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2)
    made.start()
    yield made
    made.stop()


def test_results_and_errors_come_back(pool: Pool) -> None:
    def fail() -> None:
        raise ValueError("no")

    async def ask() -> None:
        squares = await asyncio.gather(*(pool.run(partial(pow, n, 2)) for n in range(50)))
        assert squares == [n * n for n in range(50)]
        with pytest.raises(ValueError, match="no"):
            await pool.run(fail)
        assert await pool.run(threading.get_ident) != threading.get_ident()

    asyncio.run(ask())


def test_what_nobody_waits_for_is_not_begun(pool: Pool) -> None:
    begun: list[int] = []
    release = threading.Event()

    async def ask() -> None:
        busy = [asyncio.ensure_future(pool.run(release.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await pool.run(lambda: begun.append(1))
        release.set()
        await asyncio.gather(*busy)
        await pool.run(lambda: begun.append(2))

    asyncio.run(ask())
    assert begun == [2]


def test_a_late_result_disturbs_nobody(pool: Pool) -> None:
    """Its caller has given up, even its loop is gone; the thread goes on to the next."""

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await pool.run(lambda: time.sleep(0.1))

    async def ask() -> int:
        return await pool.run(lambda: 7)

    for _ in range(4):
        asyncio.run(give_up())
    assert asyncio.run(ask()) == 7


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    assert all(thread.daemon for thread in Pool(3)._threads)
