"""Workers of a PostgreSQL vault: procrastinate hands out the jobs, threads of ours do them.

One thread runs procrastinate's worker: it is told of new jobs, takes them, and says that the
process lives. A job whose worker has fallen silent is handed out again. When the database goes
away the worker ends, and a new one starts as soon as there is a database.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Literal

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from psycopg_pool import AsyncConnectionPool

from llm_guard_protecto.engine.jobs import Queue
from llm_guard_protecto.engine.procrastinate_jobs import QUEUE, TASK, Manager
from llm_guard_protecto.engine.store.jobs import JobRow
from llm_guard_protecto.engine.store.postgres_address import Address
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.engine.workers import PATIENCE, Perform, Workers

__all__ = ["Dispatched"]

log = logging.getLogger("llm_guard_protecto.jobs")

_PAUSE = 0.5
"""Seconds between two attempts to reach the database."""

_REACH = 3.0
"""Seconds for which one attempt lasts."""

_End = Literal["both", "ours", "neither"]
"""Whose job has ended: procrastinate's and ours together, or ours before, or neither."""

_Task = tuple[JobRow | None, str, Callable[[_End], None]]
"""Our row, if it could be taken; the tracking id; whom to tell of the end."""


class Dispatched(Workers):
    """Does the jobs that procrastinate hands to this process."""

    def __init__(self, queue: Queue, do: Perform, threads: int, address: Address) -> None:
        """As `Workers`; `address` is where the vault is."""
        super().__init__(queue, do, threads)
        self._address = address
        self._given: SimpleQueue[_Task | None] = SimpleQueue()
        self._tell_to_stop: Callable[[], object] = _nothing
        self._ready = threading.Event()
        self._dispatcher = threading.Thread(
            target=self._dispatch, name="job dispatcher", daemon=True
        )

    def start(self) -> None:
        """Start the threads."""
        super().start()
        if self._threads:
            self._dispatcher.start()
            self._ready.wait()

    def notice(self) -> None:
        """Nothing to do: the database tells all workers of a new job."""

    def stop(self, wait: float | None = 30.0) -> None:
        """Take no more jobs, and wait for those at work for up to `wait` seconds."""
        if self._dispatcher.is_alive():
            self._tell_to_stop()
            self._dispatcher.join(wait)
        for _ in self._threads:
            self._given.put(None)
        super().stop(wait=0.0 if self._dispatcher.is_alive() else wait)

    def _work(self) -> None:
        while (given := self._given.get()) is not None:
            row, tracking_id, tell = given
            try:
                tell(self._done(row, tracking_id))
            except RuntimeError:
                return  # nobody is there to be told: the dispatcher was not waited for

    def _done(self, row: JobRow | None, tracking_id: str) -> _End:
        """Do a job that was handed out."""
        try:
            job = None if row is None else self._queue.taken(row)
            if job is not None and self.settle(job):
                return "both"
            return "neither" if self._queue.is_open(tracking_id) else "ours"
        except Exception as error:  # noqa: BLE001 - somebody waits for an answer
            log.warning("job %s must wait: %s", tracking_id, type(error).__name__)
            return "neither"

    def _dispatch(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        """Run a worker of procrastinate again and again until told to stop."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(_complain)
        self._tell_to_stop = lambda: loop.call_soon_threadsafe(told.set)
        self._ready.set()
        stop = asyncio.create_task(told.wait())
        while not stop.done():
            try:
                await self._serve_once(stop)
            except Exception as error:  # noqa: BLE001 - mostly the database; it must outlive any
                log.warning("no jobs are handed out now: %s", type(error).__name__)
            await asyncio.wait([stop], timeout=_PAUSE)

    async def _serve_once(self, stop: asyncio.Task[Any]) -> None:
        pool = AsyncConnectionPool(
            kwargs=dict(self._address.parameters),
            configure=self._configure,
            min_size=1,
            max_size=4,
            timeout=_REACH,
            open=False,
        )
        try:
            await pool.open(wait=True, timeout=_REACH)
            app, manager = self._app()
            async with app.open_async(pool):
                sweeper = asyncio.create_task(self._sweep(manager))
                worker = asyncio.create_task(
                    app.run_worker_async(
                        queues=[QUEUE],
                        concurrency=len(self._threads),
                        fetch_job_polling_interval=PATIENCE,
                        update_heartbeat_interval=self._queue.lease / 4,
                        stalled_worker_timeout=self._queue.lease,
                        delete_jobs="always",
                        install_signal_handlers=False,
                    )
                )
                await asyncio.wait([worker, stop], return_when=asyncio.FIRST_COMPLETED)
                sweeper.cancel()
                worker.cancel()  # which lets the jobs at work end
                with suppress(asyncio.CancelledError):
                    await worker
        finally:
            await pool.close(timeout=_REACH)

    async def _configure(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)
        patience = str(round(1000 * self._address.patience))
        await connection.execute(queries()["set_up"], {"patience": patience})
        await connection.execute(queries()["dispatch_set_up"])

    def _app(self) -> tuple[App, Manager]:
        """procrastinate with the one task that there is."""
        app = App(connector=PsycopgConnector())
        manager = Manager(app.connector, self._queue.lease, self._queue.clock)
        app.job_manager = manager

        @app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_Again())
        async def run(context: JobContext, tracking_id: str) -> None:
            number = context.job.id or 0
            loop = asyncio.get_running_loop()
            ended: asyncio.Future[_End] = loop.create_future()

            def tell(end: _End) -> None:
                loop.call_soon_threadsafe(ended.set_result, end)

            self._given.put((manager.claimed.pop(number, None), tracking_id, tell))
            end = await ended
            if end == "both":
                manager.ended.add(number)
            elif end == "neither":
                raise _StillOpen

        return app, manager

    async def _sweep(self, manager: Manager) -> None:
        """Hand out again what silent workers had been given."""
        while True:
            await asyncio.sleep(self._queue.lease / 4)
            with suppress(ConnectorException):
                lease = self._queue.lease
                for job in await manager.get_stalled_jobs(
                    queue=QUEUE, seconds_since_heartbeat=lease
                ):
                    log.info("job %s is handed out again", job.task_kwargs.get("tracking_id"))
                    with suppress(ConnectorException):  # somebody else was faster
                        await manager.retry_job(job)


def _nothing() -> None:
    """Before there is a loop, nobody can be told."""


class _StillOpen(Exception):
    """Another worker has the job, or this one could not end it: look again in a second."""


class _Again(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """Whatever it was, our row decides when a job has had enough tries."""
        del exception, job
        return RetryDecision(retry_in={"seconds": round(PATIENCE)})


def _complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.warning("the dispatcher was disturbed: %s", type(error).__name__)
