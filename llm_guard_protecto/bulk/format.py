"""What a kind of file must do: give its cells chunk by chunk, and write them back in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from llm_guard_protecto.bulk.cells import Cells
from llm_guard_protecto.errors import ConfigurationError, UnknownFormat

__all__ = ["MOST_ROWS", "MOST_TEXT", "Chunk", "Format", "Place", "bad_row", "missing"]

MOST_ROWS = 1_000
"""Rows of a chunk."""

MOST_TEXT = 1_000_000
"""Characters of the cells of a chunk; the row that exceeds them is its last."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two rows: bytes (or rows, where a format counts those), lines, rows."""

    offset: int = 0
    line: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: their cells, where the file goes on after them, and how they are written.

    `write` takes a text for each cell and gives the bytes of the rows.
    """

    cells: Cells
    after: Place
    write: Callable[[Sequence[str]], bytes] = field(repr=False)


class Format(Protocol):
    """One file of some kind, open for reading."""

    @property
    def size(self) -> int:
        """How much there is to read, in the unit of `Place.offset`."""
        ...

    def begin(self) -> tuple[bytes, Place]:
        """What the output begins with, and where the first row stands.

        Raises `ConfigurationError` for a column that there is not.
        """
        ...

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """The rows from `start` on. Raises `UnknownFormat` for a row that cannot be read."""
        ...

    def finish(self, part: Path, target: Path) -> None:
        """Make the output of the bytes that were written; `target` is not there yet."""
        ...


def bad_row(path: Path, line: int, wrong: str) -> UnknownFormat:
    """What to raise for a line, counted from 1; `wrong` must not quote it."""
    return UnknownFormat(f"{path.name}, line {line}: {wrong}")


def missing(path: Path, name: str, names: Sequence[str]) -> ConfigurationError:
    """What to raise for a column that is not there; names one much like it.

    No others: where nobody wrote a first line with names, it holds values.
    """
    [*like] = get_close_matches(name, names, 1, 0.75)
    hint = f"; did you mean {like[0]!r}?" if like else ""
    return ConfigurationError(f"{path.name} has no column {name!r}{hint}")
