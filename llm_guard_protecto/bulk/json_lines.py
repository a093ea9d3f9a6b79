"""JSON Lines: an object a line. Strings are masked where they stand, all else stays as it is.

A column is a key of the outermost object; every string inside its value is a cell, at any depth.
Keys, numbers, white space and the order of keys are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from llm_guard_protecto.bulk.cells import Cells, TokenType
from llm_guard_protecto.bulk.format import MOST_ROWS, MOST_TEXT, Chunk, Place, bad_row, missing
from llm_guard_protecto.bulk.lines import Lines, encoded, mark_of, size_of
from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, Leaf, edit

__all__ = ["JsonLines"]

_Row = tuple[str, list[Leaf]]
"""A line, and the strings in it that are cells."""


class JsonLines:
    """A `Format` of objects."""

    def __init__(
        self,
        path: Path,
        columns: Sequence[str] | None,
        types: Mapping[str, TokenType],
        encoding: str,
    ) -> None:
        """`columns` None means every string. `types` has the token types of some columns."""
        self._path, self._encoding = path, encoding
        self._types = types
        self._chosen = None if columns is None else {*columns, *types}

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return size_of(self._path)

    def begin(self) -> tuple[bytes, Place]:
        """The mark, if there is one. A column must be in one of the rows of the first chunk."""
        wanted = [*(self._chosen or self._types)]
        seen: dict[str, None] = {}
        if wanted:
            with Lines(self._path, self._encoding, Place()) as lines:
                for line, _ in zip(lines, range(MOST_ROWS), strict=False):
                    if line.strip():
                        keys = (
                            leaf.path[0] for leaf in self._parsed(line, lines.place.line).leaves
                        )
                        seen.update((key, None) for key in keys if isinstance(key, str))
        for name in sorted({*wanted} - {*seen}):
            raise missing(self._path, name, [*seen])
        return mark_of(self._path) if self._encoding == "utf-8" else b"", Place()

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """The rows, some at a time; empty lines are rows without cells."""
        with Lines(self._path, self._encoding, start) as lines:
            rows: list[_Row] = []
            size = 0
            for line in lines:
                leaves = self._cells(line, lines.place.line) if line.strip() else []
                rows.append((line, leaves))
                size += sum(len(leaf.value) for leaf in leaves)
                if len(rows) == MOST_ROWS or size >= MOST_TEXT:
                    start = replace(lines.place, rows=start.rows + len(rows))
                    yield self._chunk(rows, start)
                    rows, size = [], 0
            if rows:
                yield self._chunk(rows, replace(lines.place, rows=start.rows + len(rows)))

    def finish(self, part: Path, target: Path) -> None:
        """The bytes are the file."""
        part.replace(target)

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
            return encoded("".join(lines), self._encoding)

        return Chunk(Cells(texts, types), after, write)
