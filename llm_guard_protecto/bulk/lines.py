"""Lines of a text file, with the place after each, so that reading can go on from there."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from llm_guard_protecto.bulk.format import MOST_ROWS, MOST_TEXT, Place, bad_row
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["LONGEST", "LineFile", "Lines", "checked_encoding", "grouped"]

T = TypeVar("T")

LONGEST = 16 * 2**20
"""Bytes of one line; more is no line of a table, and would have to fit into memory."""

_BOM = codecs.BOM_UTF8
_SIGNS = "\r\n,;|\t\"'{}:\\"


class Lines:
    """Iterates over the lines of a file, ends included. `place` is where the next one begins.

    A byte order mark is skipped. Raises `UnknownFormat` for a line that is not of the encoding,
    that holds a zero byte, or that is longer than `LONGEST`.
    """

    def __init__(self, path: Path, encoding: str, start: Place) -> None:
        """Open the file at `start`."""
        self._path, self._encoding = path, encoding
        self._file = path.open("rb")
        self._file.seek(start.offset)
        self.place = start
        """Where the next line begins; `rows` is left to the reader."""

    def __iter__(self) -> Iterator[str]:
        """The lines themselves."""
        return self

    def __next__(self) -> str:
        """The next line."""
        line = self._file.readline(LONGEST)
        if not line:
            raise StopIteration
        number = self.place.line + 1
        if len(line) == LONGEST and not line.endswith(b"\n"):
            raise bad_row(self._path, number, f"longer than {LONGEST // 2**20} MiB")
        if b"\0" in line:
            raise bad_row(self._path, number, "has zero bytes, so this is no text in this encoding")
        place = Place(self.place.offset + len(line), number, self.place.rows)
        if self.place.offset == 0 and self._encoding == "utf-8":
            line = line.removeprefix(_BOM)
        try:
            text = line.decode(self._encoding)
        except UnicodeDecodeError:
            wrong = f"not {self._encoding}; name the encoding of the file"
            raise bad_row(self._path, number, wrong) from None
        self.place = place
        return text

    def __enter__(self) -> Self:
        """The lines."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()


class LineFile:
    """What all kinds of files that are read line by line share of a `Format`."""

    def __init__(self, path: Path, encoding: str) -> None:
        """`encoding` as `checked_encoding` gives it."""
        self._path, self._encoding = path, encoding

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._path.stat().st_size

    def finish(self, part: Path, target: Path) -> None:
        """The bytes are the file."""
        part.replace(target)

    def _lines(self, start: Place) -> Lines:
        return Lines(self._path, self._encoding, start)

    def _mark(self) -> bytes:
        """The byte order mark of UTF-8 if the file begins with it, else nothing."""
        with self._path.open("rb") as file:
            marked = self._encoding == "utf-8" and file.read(len(_BOM)) == _BOM
        return _BOM if marked else b""

    def _encoded(self, text: str) -> bytes:
        """The bytes of a text. Raises `ConfigurationError` when it cannot be written so."""
        try:
            return text.encode(self._encoding)
        except UnicodeEncodeError:
            message = (
                f"a result cannot be written in {self._encoding}; convert the file to UTF-8 first"
            )
            raise ConfigurationError(message) from None


def grouped(
    rows: Iterable[tuple[T, int]], lines: Lines, start: Place
) -> Iterator[tuple[list[T], Place]]:
    """The rows that make a chunk, and the place after them.

    `rows` are read from `lines`, each with how many characters its cells have; `start` is where
    the first of them stands.
    """
    some: list[T] = []
    size = 0
    for row, characters in rows:
        some.append(row)
        size += characters
        if len(some) == MOST_ROWS or size >= MOST_TEXT:
            start = replace(lines.place, rows=start.rows + len(some))
            yield some, start
            some, size = [], 0
    if some:
        yield some, replace(lines.place, rows=start.rows + len(some))


def checked_encoding(name: str) -> str:
    """The encoding's own name, if its lines can be told apart byte by byte.

    Raises `ConfigurationError` for one that nobody knows or that is written otherwise.
    """
    try:
        found = codecs.lookup(name).name.removesuffix("-sig")  # the mark is looked for anyway
        same = _SIGNS.encode(found) == _SIGNS.encode("ascii")
    except (LookupError, UnicodeError, TypeError):
        raise ConfigurationError(f"unknown encoding {name!r}") from None
    if not same:
        raise ConfigurationError(f"files in {name} are not read; write it as UTF-8 first")
    return found
