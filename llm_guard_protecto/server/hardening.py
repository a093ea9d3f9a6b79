"""What a process does for the clear texts and keys that pass through its memory."""

from __future__ import annotations

import contextlib
import ctypes
import sys

__all__ = ["keep_memory_private"]

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Let no crash and no other program of this user write the memory of this process to disk.

    Clear texts and keys pass through it. Does what the system can do and nothing elsewhere.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
