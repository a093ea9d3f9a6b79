"""The connections of one process to a PostgreSQL vault, and how a new one is opened.

No `psycopg_pool`: it connects in threads of its own, which a fork does not copy, and whoever asks
learns of a refused password or a stopped server only that the time is over, never why.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from typing import Any, TypeVar

import psycopg

from llm_guard_protecto.engine.store.postgres_address import Address
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.errors import VaultUnavailable

__all__ = ["PatientConnection", "Pool", "open_connection"]

T = TypeVar("T")


class Pool:
    """The connections of one process."""

    def __init__(self, location: str, size: int) -> None:
        """At most `size` connections; none is opened here."""
        self._location = location
        self._free = size
        self._taken = 0
        self._turn = threading.Condition()
        self._idle: deque[psycopg.Connection[Any]] = deque()
        self._closed = False

    def take(self, patience: float) -> psycopg.Connection[Any] | None:
        """An idle connection, or None: the right to open one. To be given back, open or not.

        Raises `VaultUnavailable` after `patience` seconds without one, and when closed.
        """
        with self._turn:
            if not self._turn.wait_for(lambda: self._free or self._closed, patience):
                raise VaultUnavailable(
                    f"every connection to {self._location} is in use; nothing was changed"
                )
            if self._closed:
                raise VaultUnavailable(f"the vault {self._location} is closed")
            self._free -= 1
            self._taken += 1
            return self._idle.pop() if self._idle else None

    def give(self, connection: psycopg.Connection[Any] | None) -> None:
        """Give back what was taken; None when it is closed."""
        with self._turn:
            self._free += 1
            self._taken -= 1
            if connection is not None:
                self._idle.append(connection)
            if self._closed:
                self._turn.notify_all()
            else:
                self._turn.notify()

    def forget_idle(self) -> None:
        """Close what nobody uses: when one connection is lost, the others mostly are as well."""
        with self._turn:
            while self._idle:
                self._idle.pop().close()

    def close(self, wait: float | None) -> None:
        """Refuse calls, let those that run finish, close what is open."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._taken, wait)
        self.forget_idle()


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server that does not answer at all."""

    patience = 5.0

    def wait(self, gen: Any, *args: Any, **named: Any) -> Any:
        """Run one step of the protocol, for at most `patience` seconds."""
        try:
            return super().wait(_until(gen, time.monotonic() + self.patience), *args, **named)
        except psycopg.errors.ConnectionTimeout:
            self.close()  # or whoever tidies up would wait as long again
            raise


def _until(gen: Generator[Any, Any, T], deadline: float) -> Generator[Any, Any, T]:
    try:
        wanted = next(gen)
        while True:
            wanted = gen.send((yield wanted))
            if time.monotonic() > deadline:
                raise psycopg.errors.ConnectionTimeout("no answer in time")
    except StopIteration as end:
        value: T = end.value
        return value


def open_connection(address: Address) -> psycopg.Connection[Any]:
    """A new connection to the primary, set up as every session of a vault is.

    Raises what psycopg raises.
    """
    parameters: dict[str, Any] = dict(address.parameters)
    connection = PatientConnection.connect(**parameters, autocommit=True)
    # The server gives up first, with a reason; the longer wait here is for one that is stuck.
    connection.patience = address.patience + 0.5
    try:
        connection.execute(queries()["set_up"], {"patience": str(round(1000 * address.patience))})
    except BaseException:
        with suppress(psycopg.Error):
            connection.close()
        raise
    return connection
