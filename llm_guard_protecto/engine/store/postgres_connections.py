"""The connections of a PostgreSQL vault: a pool for each process, and calls that outlive one.

A call takes a connection and gives it back. When the server has gone away meanwhile, the call is
done once more on a new connection, unless it may have been done already and must not be twice.
A process that was copied has connections of its own; it never touches those of its parent.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import psycopg

from llm_guard_protecto.engine.store.at_hand import needs_time
from llm_guard_protecto.engine.store.postgres_address import Address
from llm_guard_protecto.engine.store.postgres_errors import (
    explained,
    is_lost,
    is_starting,
    is_upset,
    unreachable,
)
from llm_guard_protecto.engine.store.postgres_pool import (
    PatientConnection,
    Pool,
    open_connection,
)
from llm_guard_protecto.engine.store.sql.postgres import queries
from llm_guard_protecto.errors import VaultUnavailable

__all__ = ["PostgresConnections", "PostgresWork"]

T = TypeVar("T")
PostgresWork = Callable[[psycopg.Connection[Any]], T]
"""Something to do on a connection. May run again when its first transaction was rolled back."""

_UPSETS = 20
_GRACE_SECONDS = 0.5


class PostgresConnections:
    """Reads and writes of a vault, from any thread and from children after a fork."""

    def __init__(self, address: Address) -> None:
        """Nothing is opened before the first call."""
        self._address = address
        self._pools: dict[int, Pool] = {}
        self._closed = False

    @property
    def address(self) -> Address:
        """Where the vault is, for those who need connections of their own."""
        return self._address

    @property
    def location(self) -> str:
        """The URL without its password."""
        return self._address.location

    def read(self, work: PostgresWork[T]) -> T:
        """Do `work`, which changes nothing, each statement seeing what is committed by then.

        Raises `VaultUnavailable` when the server gives no answer, and what `work` raises.
        """
        return self._run(work, again=True)

    def write(self, work: PostgresWork[T], *, again: bool = False, patience: float = 0) -> T:
        """Do `work` in a transaction; its result, once that is durable.

        `again`: doing it twice is the same as doing it once, so it is repeated even when the
        connection is lost while it commits. `patience` in seconds replaces that of the vault for
        work that takes long. Raises what `read` raises; nothing is changed then, unless the
        message says that it is unknown.
        """
        return self._run(_Transaction(work, patience), again=again)

    def write_at_once(
        self, send: PostgresWork[Sequence[psycopg.Cursor[Any]]]
    ) -> list[list[tuple[Any, ...]]]:
        """Send statements in one trip to the server, which does them in one transaction.

        `send` executes them and fetches nothing; the rows of the cursors that it returns come back
        once all is durable. It must be something that may be done twice. Raises what `read` does.
        """

        def do(connection: psycopg.Connection[Any]) -> list[list[tuple[Any, ...]]]:
            with connection.pipeline():  # ends the transaction, with its one sync
                cursors = send(connection)
            return [cursor.fetchall() for cursor in cursors]

        return self._run(do, again=True)

    def alone(self, work: PostgresWork[T], patience: float) -> T:
        """Do `work` outside of any transaction, on a connection that is closed afterwards.

        For what PostgreSQL refuses to do in a transaction. `patience` in seconds for each
        statement. Raises what `read` raises.
        """

        def do(connection: psycopg.Connection[Any]) -> T:
            with _patient(connection, patience):
                try:
                    given = {"ms": str(int(1000 * patience))}
                    connection.execute(queries()["be_patient_always"], given)
                    return work(connection)
                finally:
                    connection.close()

        return self._run(do, again=True)

    def close(self, wait: float | None = None) -> None:
        """Let calls finish, up to `wait` seconds, then close everything for good."""
        self._closed = True
        pool = self._pools.get(os.getpid())
        if pool is not None:
            pool.close(wait)

    def _run(self, work: PostgresWork[T], *, again: bool) -> T:
        needs_time()
        lost = upset = 0
        while True:
            with self._taken(fresh=lost > 0) as connection:
                try:
                    return work(connection)
                except psycopg.Error as error:
                    if is_lost(error):
                        lost += 1
                        connection.close()
                        self._pool().forget_idle()
                        unknown = isinstance(work, _Transaction) and work.committing and not again
                    else:
                        upset += 1
                        unknown = False
                    may_go_on = lost < 2 if is_lost(error) else is_upset(error) and upset < _UPSETS
                    refusal = None if may_go_on else explained(error, self.location)
            # Raised here, where no error that may quote what was asked hangs on.
            if unknown:
                raise VaultUnavailable(
                    f"{self.location} was lost while it committed; whether anything was changed "
                    "is unknown"
                )
            if refusal is not None:
                raise refusal
            time.sleep(random.uniform(0, 0.002 * upset))  # noqa: S311 - out of step with others

    @contextmanager
    def _taken(self, *, fresh: bool) -> Iterator[psycopg.Connection[Any]]:
        pool = self._pool()
        connection = pool.take(self._address.patience)
        if connection is None or fresh:
            if connection is not None:
                connection.close()
            try:
                connection = self._connect()
            except BaseException:
                pool.give(None)
                raise
        try:
            yield connection
        finally:
            usable = not connection.closed and _is_idle(connection)
            if not usable:
                connection.close()
            pool.give(connection if usable else None)

    def _pool(self) -> Pool:
        if self._closed:
            raise VaultUnavailable(f"the vault {self.location} is closed")
        # Of a parent's pool nothing may be touched: it shares its sockets with this process.
        number = os.getpid()
        return self._pools.get(number) or self._pools.setdefault(
            number, Pool(self.location, self._address.pool_size)
        )

    def _connect(self) -> psycopg.Connection[Any]:
        """A new connection, with a short wait for a server that is just coming back."""
        until = time.monotonic() + _GRACE_SECONDS
        while True:
            try:
                return open_connection(self._address)
            except psycopg.Error as error:
                starting = is_starting(error)
                refusal = unreachable(error, self.location)
            if not starting or time.monotonic() > until:
                raise refusal
            time.sleep(0.03)


class _Transaction(Generic[T]):
    """Work in a transaction, which knows whether its commit has begun."""

    def __init__(self, work: PostgresWork[T], patience: float) -> None:
        self._work = work
        self._patience = patience
        self.committing = False

    def __call__(self, connection: psycopg.Connection[Any]) -> T:
        self.committing = False
        with _patient(connection, self._patience), connection.transaction():
            if self._patience:
                connection.execute(queries()["be_patient"], {"ms": str(int(1000 * self._patience))})
            result = self._work(connection)
            self.committing = True
        return result


@contextmanager
def _patient(connection: psycopg.Connection[Any], patience: float) -> Iterator[None]:
    if not patience or not isinstance(connection, PatientConnection):
        yield
        return
    usual, connection.patience = connection.patience, patience
    try:
        yield
    finally:
        connection.patience = usual


def _is_idle(connection: psycopg.Connection[Any]) -> bool:
    return connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
