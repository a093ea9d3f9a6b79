"""Compiled expressions kept between processes, in a directory of the user's own (mode 0700).

A file is named by a digest of what was compiled, of the engine and of the processor it was compiled
for. One that is damaged, not ours alone or not there is passed over; a directory that cannot be
written costs only time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import hyperscan

__all__ = ["cache_home", "fetch", "fingerprint", "keep"]

_MAGIC = b"lgp-scan-1\n"
_NAME_LENGTH = 32
_FILES_KEPT = 4
_HEAD = len(_MAGIC) + hashlib.sha256().digest_size


def cache_home() -> Path:
    """The user's cache directory for compiled expressions (not created here)."""
    from platformdirs import user_cache_path

    return user_cache_path("llm_guard_protecto", appauthor=False) / "scan"


def fingerprint(*sources: bytes) -> str:
    """Name of the compiled form of `sources` by this engine on this processor."""
    probe = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    probe.compile(expressions=[b"a"], ids=[0], elements=1, flags=[0])
    digest = hashlib.sha256(_MAGIC)
    for part in (str(probe.info()).encode(), *sources):
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()[:_NAME_LENGTH]


def fetch(cache: Path | None, name: str, count: int) -> list[hyperscan.Database] | None:
    """The `count` databases kept under `name`, or None when they have to be compiled."""
    if cache is None:
        return None
    try:
        with (cache / name).open("rb") as file:
            status = os.fstat(file.fileno())
            if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
                return None
            content = file.read()
        if content[:_HEAD] != _MAGIC + hashlib.sha256(content[_HEAD:]).digest():
            return None
        databases = []
        at = _HEAD
        while at < len(content):
            size = int.from_bytes(content[at : at + 8], "big")
            body = content[at + 8 : at + 8 + size]
            databases.append(hyperscan.loadb(body, hyperscan.HS_MODE_BLOCK))
            at += 8 + size
    except (OSError, ValueError, TypeError, hyperscan.error):
        return None
    return databases if len(databases) == count else None


def keep(cache: Path | None, name: str, databases: Sequence[hyperscan.Database]) -> None:
    """Keep `databases` under `name`; in one step, so that nobody ever reads half a file."""
    if cache is None:
        return
    bodies = [bytes(hyperscan.dumpb(database)) for database in databases]
    content = b"".join(len(body).to_bytes(8, "big") + body for body in bodies)
    with contextlib.suppress(OSError):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=cache, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(content).digest() + content)
            Path(part).replace(cache / name)
            _forget_older(cache)
        finally:
            Path(part).unlink(missing_ok=True)


def _forget_older(cache: Path) -> None:
    """Remove what earlier rules or engines left here, but for the newest few."""
    kept = [path for path in cache.iterdir() if len(path.name) == _NAME_LENGTH and not path.suffix]
    kept.sort(key=lambda path: path.stat().st_mtime_ns)
    for path in kept[:-_FILES_KEPT]:
        path.unlink(missing_ok=True)
