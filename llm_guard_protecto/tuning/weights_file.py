"""A weights file of the tagger as plain arrays: read, changed, and written in one step."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.network import DILATIONS, load
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["Arrays", "dilations", "read", "write"]

Arrays = dict[str, npt.NDArray[Any]]


def read(path: Path) -> Arrays:
    """Every array of a weights file. Raises ConfigurationError when it is not one."""
    load(path)
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def dilations(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[int, ...]:
    """The step of each convolution, first layer first."""
    return tuple(map(int, arrays.get("dilations", DILATIONS)))


def write(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a weights file that only its owner can read, whole or not at all.

    Weights made from private texts may tell something of them. Raises ConfigurationError for
    numbers that are none, OSError when the file cannot be written.
    """
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ConfigurationError("the training diverged; nothing was written")
    whole = io.BytesIO()
    np.savez(whole, allow_pickle=False, **arrays)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(whole.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
