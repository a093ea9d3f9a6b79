"""Plain text: each line is a cell of its own, line ends and all else stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llm_guard_protecto.bulk.cells import Cells, TokenType
from llm_guard_protecto.bulk.format import Chunk, Place
from llm_guard_protecto.bulk.lines import LineFile, grouped
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["TextLines"]

_END = re.compile(r"\r?\n\Z")


class TextLines(LineFile):
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
        super().__init__(path, encoding)

    def begin(self) -> tuple[bytes, Place]:
        """The mark, if there is one."""
        return self._mark(), Place()

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """The lines, some at a time."""
        with self._lines(start) as lines:
            for some, after in grouped(((line, len(line)) for line in lines), lines, start):
                yield self._chunk(some, after)

    def _chunk(self, some: list[str], after: Place) -> Chunk:
        ends = [found.group() if (found := _END.search(line)) else "" for line in some]
        texts = [line[: len(line) - len(end)] for line, end in zip(some, ends, strict=True)]

        def write(results: Sequence[str]) -> bytes:
            lines = (text + end for text, end in zip(results, ends, strict=True))
            return self._encoded("".join(lines))

        return Chunk(Cells(texts, [None] * len(texts)), after, write)
