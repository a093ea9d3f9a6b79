"""Directories and locks that only their owner may use, and names that are on disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["hold", "let_go", "make_directory", "sync_directory"]


def make_directory(path: Path) -> None:
    """Make a directory and those above it that are missing, mode 0700, on disk on return.

    What exists is left as it is. Raises OSError.
    """
    for missing in reversed([d for d in (path, *path.parents) if not d.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
        sync_directory(missing.parent)


def sync_directory(path: Path) -> None:
    """Put the names in a directory on disk; Windows keeps them in its journal by itself."""
    if os.name != "nt":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def hold(path: Path) -> int | None:
    """Lock the empty file at `path`, made if missing: a handle for `let_go`, None if it is taken.

    The lock ends with the process. Two calls in one process meet like two processes. Raises
    OSError where no file can be made.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    if not _try(handle):
        os.close(handle)
        return None
    return handle


def let_go(handle: int) -> None:
    """Unlock."""
    os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
