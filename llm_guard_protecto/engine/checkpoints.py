"""Checkpoints: signed marks of how far a chain had come, kept where the vault is not.

A chain that was cut off at its end is a whole chain to anybody who only sees the chain. So every so
often a line goes elsewhere: to a file on another disk, a log that only grows, another machine. One
line is one JSON object.
"""

from __future__ import annotations

import errno
import hmac
import json
import os
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from llm_guard_protecto.engine.audit_key import AuditKey
from llm_guard_protecto.engine.private_files import make_directory
from llm_guard_protecto.errors import ConfigurationError, VaultUnavailable

__all__ = ["Checkpoint", "Sink", "file_sink", "read_checkpoints"]

Sink = Callable[[str], None]
"""Takes one line without its end, and returns when it is kept. Raises OSError when it cannot."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A chain as it stood: `number` and `code` (hexadecimal) of its last entry.

    `namespace` is the name, `key` the id of the audit key, `moment` milliseconds since 1970. `end`
    says that the namespace was deleted and the chain with it.
    """

    namespace: str
    key: str
    number: int
    moment: int
    code: str
    end: bool = False
    signature: str = ""

    @classmethod
    def signed(
        cls, key: AuditKey, namespace: str, number: int, moment: int, code: bytes, end: bool = False
    ) -> Checkpoint:
        """A checkpoint with the signature of `key`."""
        bare = cls(namespace, key.id, number, moment, code.hex(), end)
        return cls(namespace, key.id, number, moment, code.hex(), end, bare._signature(key))

    def holds(self, key: AuditKey) -> bool:
        """Whether `key` has signed exactly this."""
        return hmac.compare_digest(self._signature(key).encode(), self.signature.encode())

    @property
    def line(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def _signature(self, key: AuditKey) -> str:
        parts = (self.namespace, self.number, self.moment, self.code, int(self.end))
        return key.signed(*parts).hex()


def file_sink(path: str | Path) -> Sink:
    """Append lines to a file, made if missing with mode 0600, each on disk before it returns.

    Several processes may append to one file.
    """
    where = Path(path).expanduser()

    def write(line: str) -> None:
        make_directory(where.parent)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        handle = os.open(where, flags, 0o600)
        try:
            found = os.fstat(handle)
            regular = stat.S_ISREG(found.st_mode)
            data = f"{line}\n".encode()
            if regular and _is_cut_off(handle, found.st_size):
                data = b"\n" + data
            if os.write(handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if regular:
                os.fsync(handle)
        finally:
            os.close(handle)

    return write


def _is_cut_off(handle: int, size: int) -> bool:
    """Whether the last line has no end: somebody wrote it while the disk was full."""
    if not size:
        return False
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1) != b"\n"


def read_checkpoints(path: str | Path) -> list[Checkpoint]:
    """The checkpoints of a file, in order. A line that was cut off says nothing and is skipped.

    Raises `ConfigurationError` when there is no such file, `VaultUnavailable` when it cannot be
    read.
    """
    try:
        lines = Path(path).expanduser().read_bytes().splitlines()
    except FileNotFoundError:
        raise ConfigurationError(f"there is no file of checkpoints at {path}") from None
    except OSError as error:
        raise VaultUnavailable(f"cannot read {path}: {error.strerror}") from None
    return [one for line in lines if (one := _read(line)) is not None]


def _read(line: bytes) -> Checkpoint | None:
    try:
        one = Checkpoint(**json.loads(line))
    except (ValueError, TypeError):
        return None
    kinds = {name: type(value) for name, value in asdict(_LIKE).items()}
    return one if all(type(getattr(one, n)) is kind for n, kind in kinds.items()) else None


_LIKE = Checkpoint("", "", 0, 0, "")
