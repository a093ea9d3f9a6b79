"""Writing a vault file anew, whole: as a copy elsewhere, or in place so that no trace is left."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from llm_guard_protecto.engine.private_files import sync_directory
from llm_guard_protecto.engine.store.sql import queries
from llm_guard_protecto.engine.store.sqlite_file import connect
from llm_guard_protecto.errors import ConfigurationError, VaultUnavailable

__all__ = ["copy", "new_file", "shred"]

_STEP = 1024
"""Pages that are copied in one go."""

_BESIDE = ("-wal", "-shm", "-journal")


def shred(path: Path, patience: float) -> None:
    """Write the file at `path` anew and empty its log, waiting up to `patience` seconds for others.

    SQLite overwrites what it deletes, but where a page was divided an older copy of a cell can be
    left between the new ones; only a file that is written anew surely has none. Raises
    `VaultUnavailable` when somebody reads all the time.
    """
    db = connect(path, patience, writer=True)
    try:
        db.execute(queries()["vacuum"])
        deadline = time.monotonic() + patience
        while db.execute(queries()["checkpoint"]).fetchall()[0][0]:
            if time.monotonic() > deadline:
                raise VaultUnavailable(
                    f"somebody reads {path} all the time, so its log still holds what was "
                    "removed; run the same again"
                )
            time.sleep(0.01)
    finally:
        db.close()


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """An empty file of mode 0600 beside `path`, which gets that name when the block is done.

    Raises `ConfigurationError` for a path that is taken, `VaultUnavailable` for one that cannot be.
    """
    beside = path.with_name(path.name + ".part")
    taken = f"{path} is there already; name a new file"
    if path.exists():
        raise ConfigurationError(taken)
    try:
        beside.unlink(missing_ok=True)
        os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise VaultUnavailable(f"cannot create {beside}: {error.strerror}") from None
    try:
        yield beside
        os.link(beside, path)
        sync_directory(path.parent)
    except FileExistsError:
        raise ConfigurationError(taken) from None
    except OSError as error:
        raise VaultUnavailable(f"cannot write {path}: {error.strerror}") from None
    finally:
        for name in (beside, *(beside.with_name(beside.name + end) for end in _BESIDE)):
            name.unlink(missing_ok=True)


def copy(source: apsw.Connection, path: Path, patience: float) -> None:
    """Copy a database into an empty file, in one state of it, whatever others write meanwhile."""
    target = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    target.set_busy_timeout(int(patience * 1000))
    try:
        target.pragma("synchronous", "full")
        with source:
            source.execute(queries()["swept"], {"namespace": 0}).fetchall()  # from here on
            with target.backup("main", source, "main") as copying:
                while not copying.done:
                    copying.step(_STEP)
        target.pragma("journal_mode", "delete")  # the copy has no log beside it
    finally:
        target.close()
