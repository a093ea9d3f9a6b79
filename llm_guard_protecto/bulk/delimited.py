"""CSV and its kin: the first line names the columns.

Output has the separator, the line ends and the mark of the input. A field is in quotes where it
has to be, whether it was before or not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llm_guard_protecto.bulk.cells import Cells, TokenType
from llm_guard_protecto.bulk.format import Chunk, Place, bad_row, missing
from llm_guard_protecto.bulk.lines import LONGEST, LineFile, Lines, grouped
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["Delimited"]


class Delimited(LineFile):
    """A `Format` of rows of fields."""

    def __init__(
        self,
        path: Path,
        columns: Sequence[str] | None,
        types: Mapping[str, TokenType],
        encoding: str,
        separator: str,
    ) -> None:
        """`columns` None means every column. `types` has the token types of some of them."""
        super().__init__(path, encoding)
        self._columns, self._types = columns, types
        self._separator = separator
        self._end = "\n"
        self._width = 0
        self._at: list[tuple[int, TokenType | None]] = []

    def begin(self) -> tuple[bytes, Place]:
        """The mark and the line with the names."""
        with self._lines(Place()) as lines:
            first = next(lines, "")
        with self._lines(Place()) as lines:
            names = self._row(csv.reader(lines, delimiter=self._separator, strict=True), lines)
            after = lines.place
        if not names:
            raise ConfigurationError(f"{self._path.name}: line 1 names no columns")
        self._end = "\r\n" if first.endswith("\r\n") else "\n"
        self._width = len(names)
        for name in dict.fromkeys([*(self._columns or ()), *self._types]):
            if name not in names:
                raise missing(self._path, name, names)
            if names.count(name) > 1:
                raise ConfigurationError(f"{self._path.name} has two columns {name!r}")
        chosen = set(names if self._columns is None else self._columns) | set(self._types)
        self._at = [(at, self._types.get(name)) for at, name in enumerate(names) if name in chosen]
        return self._mark() + self._written([names]), after

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """The rows, some at a time."""
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST))  # the module has no other way
        with self._lines(start) as lines:
            for rows, after in grouped(self._rows(lines), lines, start):
                yield self._chunk(rows, after)

    def _rows(self, lines: Lines) -> Iterator[tuple[list[str], int]]:
        reader = csv.reader(lines, delimiter=self._separator, strict=True)
        while (row := self._row(reader, lines)) is not None:
            if row and len(row) != self._width:
                wrong = f"has {len(row)} fields, and line 1 has {self._width}"
                raise bad_row(self._path, lines.place.line, wrong)
            yield row, sum(len(row[at]) for at, _ in self._at) if row else 0

    def _row(self, reader: Iterator[list[str]], lines: Lines) -> list[str] | None:
        try:
            return next(reader, None)
        except csv.Error:
            wrong = "the quotes of a field do not match, or it is too long"
        raise bad_row(self._path, lines.place.line, wrong)

    def _chunk(self, rows: list[list[str]], after: Place) -> Chunk:
        full = [row for row in rows if row]
        texts = [row[at] for row in full for at, _ in self._at]
        types = [kind for _ in full for _, kind in self._at]

        def write(results: Sequence[str]) -> bytes:
            each = iter(results)
            for row in full:
                for at, _ in self._at:
                    row[at] = next(each)
            return self._written(rows)

        return Chunk(Cells(texts, types), after, write)

    def _written(self, rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self._separator, lineterminator=self._end).writerows(rows)
        return self._encoded(text.getvalue())
