"""How far the work on a file has come, on disk: a folder `OUT.part` beside the output.

What is written is on disk before the note that says so. Whatever happens in between, the bytes
after the noted place are cut off, and the work goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from llm_guard_protecto.bulk.cells import Done
from llm_guard_protecto.bulk.format import Chunk, Place
from llm_guard_protecto.engine.private_files import hold, let_go, make_directory, sync_directory
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["Note", "Part"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Note:
    """What is done: the `place` in the input, the bytes `written`, and what was counted."""

    place: Place
    written: int
    cells: int = 0
    changed: int = 0
    entities: Counter[str] = field(default_factory=Counter)

    def after(self, chunk: Chunk, done: Done, size: int) -> Note:
        """The note when a chunk is written too, as `size` bytes."""
        return Note(
            chunk.after,
            self.written + size,
            self.cells + len(done.texts),
            self.changed + done.changed,
            self.entities + Counter(done.entities),
        )


class Part:
    """The folder of one output while it is made. Only one process can have it open."""

    def __init__(self, target: Path, settings: str) -> None:
        """`settings` is a digest of everything that the result depends on."""
        self.folder = target.with_name(target.name + ".part")
        self.data = self.folder / "data"
        self._note = self.folder / "done.json"
        self._settings = settings

    @classmethod
    @contextmanager
    def of(cls, target: Path, settings: str, *, restart: bool) -> Iterator[Self]:
        """Hold the folder, made if it is missing; with `restart` what was done is forgotten.

        Raises `ConfigurationError` when another process has it.
        """
        part = cls(target, settings)
        make_directory(part.folder)
        lock = hold(part.folder / "lock")
        if lock is None:
            raise ConfigurationError(f"another process is writing {target.name}")
        try:
            if restart:
                part._note.unlink(missing_ok=True)
            yield part
        finally:
            let_go(lock)

    def read(self) -> Note | None:
        """What is done; None at the beginning.

        Raises `ConfigurationError` when it was done with another input or other settings.
        """
        try:
            kept: dict[str, Any] = json.loads(self._note.read_bytes())
        except FileNotFoundError:
            return None
        if not self.data.exists():  # its file was finished, and then somebody removed that
            return None
        if kept.pop("version") != _VERSION or kept.pop("settings") != self._settings:
            raise ConfigurationError(
                f"{self.folder.name} was begun with another input, vault, policy or other options; "
                "run what began it, or begin anew with --restart (restart=True)"
            )
        place, entities = Place(**kept.pop("place")), Counter(kept.pop("entities"))
        return Note(place, entities=entities, **kept)

    def begin(self, head: bytes, place: Place, *, private: bool) -> Note:
        """Start with an empty output but for its `head`; `private` for nobody but the owner."""
        self.data.unlink(missing_ok=True)
        mode = 0o600 if private else 0o666
        handle = os.open(self.data, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(head)
        return Note(place, len(head))

    def keep(self, note: Note, handle: int) -> None:
        """Put the bytes of `handle` on disk, and then the note."""
        os.fsync(handle)
        content = {
            "version": _VERSION,
            "settings": self._settings,
            "place": asdict(note.place),
            "written": note.written,
            "cells": note.cells,
            "changed": note.changed,
            "entities": dict(note.entities),
        }
        fresh = self._note.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._note)
        sync_directory(self.folder)

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)
