"""Plain text: each line is a cell of its own, line ends and all else stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from llm_guard_protecto.bulk.cells import Cells, TokenType
from llm_guard_protecto.bulk.format import MOST_ROWS, MOST_TEXT, Chunk, Place
from llm_guard_protecto.bulk.lines import Lines, encoded, mark_of, size_of
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["TextLines"]

_END = re.compile(r"\r?\n\Z")


class TextLines:
    """A `Format` of lines."""

    def __init__(
        self,
        path: Path,
        columns: Sequence[str] | None,
        types: Mapping[str, TokenType],
        encoding: str,
    ) -> None:
        """Raises `ConfigurationError` when columns are named."""
        if columns is not None or types:
            raise ConfigurationError(f"{path.name} is plain text, which has no columns")
        self._path, self._encoding = path, encoding

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return size_of(self._path)

    def begin(self) -> tuple[bytes, Place]:
        """The mark, if there is one."""
        return mark_of(self._path) if self._encoding == "utf-8" else b"", Place()

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """The lines, some at a time."""
        with Lines(self._path, self._encoding, start) as lines:
            some: list[str] = []
            size = 0
            for line in lines:
                some.append(line)
                size += len(line)
                if len(some) == MOST_ROWS or size >= MOST_TEXT:
                    start = replace(lines.place, rows=start.rows + len(some))
                    yield self._chunk(some, start)
                    some, size = [], 0
            if some:
                yield self._chunk(some, replace(lines.place, rows=start.rows + len(some)))

    def finish(self, part: Path, target: Path) -> None:
        """The bytes are the file."""
        part.replace(target)

    def _chunk(self, some: list[str], after: Place) -> Chunk:
        ends = [found.group() if (found := _END.search(line)) else "" for line in some]
        texts = [line[: len(line) - len(end)] for line, end in zip(some, ends, strict=True)]

        def write(results: Sequence[str]) -> bytes:
            lines = (text + end for text, end in zip(results, ends, strict=True))
            return encoded("".join(lines), self._encoding)

        return Chunk(Cells(texts, [None] * len(texts)), after, write)
