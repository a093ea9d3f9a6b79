"""A lock between processes on an empty file of its own; it ends with the process that holds it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["hold", "let_go"]


def hold(path: Path) -> int | None:
    """Lock the file at `path`, made if missing: a handle for `let_go`, None if it is taken.

    Two calls in one process meet like two processes. Raises OSError where no file can be made.
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
