"""Opening a SQLite vault: who may read the file, is it one of ours, is it up to date.

An existing file is only ever opened through SQLite: closing any other handle on it would drop the
locks that SQLite holds in this process.
"""

from __future__ import annotations

import os
import random
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import apsw

from llm_guard_protecto.engine.private_files import make_directory, sync_directory
from llm_guard_protecto.engine.store.at_hand import strict
from llm_guard_protecto.engine.store.sql import migrations, queries
from llm_guard_protecto.errors import (
    ConfigurationError,
    GuardError,
    VaultError,
    VaultRefused,
    VaultUnavailable,
)

__all__ = ["APPLICATION_ID", "OPENING", "connect", "explained", "fit_for_many", "prepare"]

APPLICATION_ID = 0x6C677031
"""`lgp1` in the header of the file: this database is a vault."""

OPENING = threading.Lock()
"""Held while a file is created or brought up to date, and over a fork."""


def fit_for_many(version: str) -> bool:
    """Whether a SQLite version may share a file between processes.

    3.7.0 to 3.51.2 can lose commits when a reset of the write-ahead log meets a checkpoint;
    repaired in 3.44.6, 3.50.7 and 3.51.3. 3.52.0 was withdrawn.
    """
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    number = (major, minor, patch)
    if number[:2] in {(3, 44), (3, 50)}:
        return patch >= {44: 6, 50: 7}[minor]
    return number >= (3, 51, 3) and number != (3, 52, 0)


def prepare(path: Path, patience: float) -> None:
    """Create the vault file at `path`, or check the one that is there and bring it up to date.

    Raises `VaultRefused` for a file that others may read, `ConfigurationError` for one that is no
    vault or a newer one (untouched), `VaultUnavailable` when the place cannot be used within
    `patience` seconds.
    """
    with OPENING:
        try:
            _claim(path)
        except OSError as error:
            raise VaultUnavailable(f"cannot create {path}: {error.strerror}") from None
        try:
            _look(path)
            _update(path, patience)
        except apsw.NotADBError:
            raise ConfigurationError(f"{path} is not a vault; it was left as it is") from None
        except apsw.Error as error:
            raise explained(error, path) from error


def connect(path: Path, patience: float, *, writer: bool) -> apsw.Connection:
    """A connection to a prepared file: the one that writes, or one that can only read.

    A statement waits up to `patience` seconds for another process.
    """
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    db.set_busy_handler(_waiting(patience))
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    db.pragma("temp_store", "memory")  # nothing of a vault in a temporary file
    if not writer:
        db.pragma("query_only", True)
        db.wal_autocheckpoint(0)
        return db
    if db.readonly("main"):
        db.close()
        raise apsw.ReadOnlyError
    db.pragma("synchronous", "full")  # a commit survives a power cut
    db.pragma("secure_delete", True)  # the default differs between builds
    db.pragma("foreign_keys", True)
    db.pragma("cell_size_check", True)
    db.pragma("journal_size_limit", 16 * 2**20)
    return db


def _waiting(patience: float) -> Callable[[int], bool]:
    """Ask for a lock again about every millisecond, for `patience` seconds.

    SQLite's own way soon asks ten times a second only, and so may never meet the short moment
    between two transactions of a busy neighbour.
    """
    since = 0.0

    def again(asked: int) -> bool:
        nonlocal since
        if strict():
            return False
        now = time.monotonic()
        if asked == 0:
            since = now
        time.sleep(random.uniform(0.0002, 0.002))  # noqa: S311 - so that two do not keep step
        return now - since < patience

    return again


def explained(error: apsw.Error, path: Path) -> GuardError:
    """What an error of SQLite means for whoever uses the vault at `path`.

    Never holds SQLite's own words, which may quote what was asked.
    """
    number = getattr(error, "extendedresult", 0) or getattr(error, "result", 0)
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return VaultUnavailable(
                f"{path} is locked by another process; nothing was changed, try again"
            )
        case apsw.FullError():
            return VaultUnavailable(f"the disk of {path} is full; nothing was changed")
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.AuthError():
            return VaultUnavailable(f"{path} is read-only; nothing was changed")
        case apsw.CantOpenError():
            return VaultUnavailable(
                f"{path} cannot be opened: it or its directory is gone, read-only or closed to "
                "this user"
            )
        case apsw.IOError():
            return VaultUnavailable(
                f"the disk of {path} does not take or give data (SQLite error {number}); "
                "nothing was changed"
            )
        case apsw.NotADBError() | apsw.CorruptError():
            return VaultError(f"{path} is damaged (SQLite error {number}); restore a backup")
        case apsw.NoMemError() | apsw.InterruptError() | apsw.ConnectionClosedError():
            return VaultUnavailable(f"{path} did not answer (SQLite error {number})")
        case _:
            return VaultError(f"{path} did not accept a statement (SQLite error {number})")


def _claim(path: Path) -> None:
    """Make the file, closed to others from its first moment, or check the one that is there."""
    make_directory(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ConfigurationError(f"{path} is not a file") from None
        if os.name != "nt" and mode & 0o077:
            raise VaultRefused(f"others may use the vault {path}; run: chmod 600 {path}") from None
        return
    os.close(handle)
    sync_directory(path.parent)


def _look(path: Path) -> None:
    """Refuse a file that is not ours, reading its header and touching nothing.

    The header is ours from the first byte the file has (see `_update`). A rollback journal means
    that somebody is just creating it, or died doing so: SQLite sorts that out.
    """
    if path.stat().st_size == 0 or path.with_name(path.name + "-journal").exists():
        return
    try:
        found = _application_id(path, "immutable=1", apsw.SQLITE_OPEN_READONLY)
    except apsw.CorruptError:
        # Killed in the middle of a checkpoint: the file is whole only together with its log.
        if not path.with_name(path.name + "-wal").exists():
            raise
        found = _application_id(path, "mode=rw", apsw.SQLITE_OPEN_READWRITE)
    if found != APPLICATION_ID:
        raise apsw.NotADBError


def _application_id(path: Path, how: str, flags: int) -> object:
    db = apsw.Connection(f"file:{quote(str(path))}?{how}", flags=flags | apsw.SQLITE_OPEN_URI)
    try:
        return db.pragma("application_id")
    finally:
        db.close()


def _update(path: Path, patience: float) -> None:
    """Run the migrations that the file has not seen, then switch it to the write-ahead log.

    A new file gets its application id and its tables in one rollback-journal transaction, so its
    header never lacks the id while it waits in a log.
    """
    db = connect(path, patience, writer=True)
    try:
        if _version(path, db) < len(migrations()):
            db.execute(queries()["begin_alone"])
            try:
                for script in migrations()[_version(path, db) :]:
                    db.execute(script)
                db.pragma("application_id", APPLICATION_ID)
                db.pragma("user_version", len(migrations()))
                db.execute(queries()["commit"])
            finally:
                if not db.get_autocommit():
                    db.execute(queries()["rollback"])
        deadline = time.monotonic() + patience
        while _journal(db) != "wal":
            if time.monotonic() > deadline:
                raise apsw.BusyError
            time.sleep(0.005)
    finally:
        db.close()


def _version(path: Path, db: apsw.Connection) -> int:
    """The schema version of the file. Refuses one that is newer than this program, or not ours."""
    version, owner = db.pragma("user_version"), db.pragma("application_id")
    if owner not in {0, APPLICATION_ID} or (owner == 0 and db.pragma("schema_version") != 0):
        raise apsw.NotADBError
    if version > len(migrations()):
        raise ConfigurationError(
            f"{path} was made by a newer version of this program (schema {version}); upgrade it"
        )
    return int(version)


def _journal(db: apsw.Connection) -> str:
    try:
        return str(db.pragma("journal_mode", "wal"))
    except apsw.BusyError:
        return "busy"
