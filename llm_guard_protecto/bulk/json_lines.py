"""JSON Lines: an object a line. Strings are masked where they stand, all else stays as it is.

A column is a key of the outermost object; every string inside its value is a cell, at any depth.
Keys, numbers, white space and the order of keys are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llm_guard_protecto.bulk.cells import Cells, TokenType
from llm_guard_protecto.bulk.format import MOST_ROWS, Chunk, Place, bad_row, missing
from llm_guard_protecto.bulk.lines import LineFile, Lines, grouped
from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit

__all__ = ["JsonLines"]

_Row = tuple[str, list[Leaf]]
"""A line, and the strings in it that are cells."""


class JsonLines(LineFile):
    """A `Format` of objects."""

    def __init__(
        self,
        path: Path,
        columns: Sequence[str] | None,
        types: Mapping[str, TokenType],
        encoding: str,
    ) -> None:
        """`columns` None means every string. `types` has the token types of some columns."""
        super().__init__(path, encoding)
        self._types = types
        self._chosen = None if columns is None else {*columns, *types}

    def begin(self) -> tuple[bytes, Place]:
        """The mark, if there is one. A column must be in one of the rows of the first chunk."""
        wanted = [*(self._chosen or self._types)]
        seen: dict[str, None] = {}
        if wanted:
            with self._lines(Place()) as lines:
                for line, _ in zip(lines, range(MOST_ROWS), strict=False):
                    if line.strip():
                        keys = (
                            leaf.path[0] for leaf in self._parsed(line, lines.place.line).leaves
                        )
                        seen.update((key, None) for key in keys if isinstance(key, str))
        for name in sorted({*wanted} - {*seen}):
            raise missing(self._path, name, [*seen])
        return self._mark(), Place()

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """The rows, some at a time; empty lines are rows without cells."""
        with self._lines(start) as lines:
            for rows, after in grouped(self._rows(lines), lines, start):
                yield self._chunk(rows, after)

    def _rows(self, lines: Lines) -> Iterator[tuple[_Row, int]]:
        for line in lines:
            leaves = self._cells(line, lines.place.line) if line.strip() else []
            yield (line, leaves), sum(len(leaf.value) for leaf in leaves)

    def _parsed(self, line: str, number: int) -> JsonText:
        try:
            parsed = JsonText(line)
        except UnknownFormat as error:
            wrong = str(error)  # a position, no text
        else:
            if parsed.is_object:
                return parsed
            wrong = "not an object"
        raise bad_row(self._path, number, wrong)

    def _cells(self, line: str, number: int) -> list[Leaf]:
        found = []
        for leaf in self._parsed(line, number).leaves:
            if leaf.kind == "key":
                continue
            if self._chosen is not None and leaf.path[0] not in self._chosen:
                continue
            if leaf.kind == "string":
                found.append(leaf)
            elif leaf.kind == "number" and (self._chosen or leaf.path[0] in self._types):
                wrong = f"column {leaf.path[0]!r} has a number, and only text is masked"
                raise bad_row(self._path, number, wrong)
        return found

    def _chunk(self, rows: list[_Row], after: Place) -> Chunk:
        texts = [leaf.value for _, leaves in rows for leaf in leaves]
        types = [self._types.get(str(leaf.path[0])) for _, leaves in rows for leaf in leaves]

        def write(results: Sequence[str]) -> bytes:
            each = iter(results)
            lines = (
                edit(line, [(leaf, next(each)) for leaf in leaves]) if leaves else line
                for line, leaves in rows
            )
            return self._encoded("".join(lines))

        return Chunk(Cells(texts, types), after, write)
