"""Parquet: the extra `parquet`. Columns of text are masked, all others are copied.

A Parquet file is whole only when its end is written, so what is done is kept as Arrow streams, one
for each chunk, and the file is made of them when the last one is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llm_guard_protecto.bulk.cells import Cells, TokenType
from llm_guard_protecto.bulk.columns import text_type
from llm_guard_protecto.bulk.format import MOST_ROWS, Chunk, Place, missing
from llm_guard_protecto.errors import ConfigurationError, UnknownFormat

__all__ = ["GROUP", "Parquet"]

GROUP = 64_000
"""Rows of a row group of the output, at least."""


class Parquet:
    """A `Format` of columns. `Place.offset` counts rows."""

    def __init__(
        self, path: Path, columns: Sequence[str] | None, types: Mapping[str, TokenType]
    ) -> None:
        """`columns` None means every column of text. `types` has the token types of some.

        Raises `ConfigurationError` where pyarrow is not installed.
        """
        try:
            import pyarrow.parquet
        except ImportError:
            raise ConfigurationError(
                "pyarrow is not installed: pip install 'llm-guard-protecto[parquet]'"
            ) from None
        self._arrow: Any = pyarrow
        self._path, self._types = path, types
        self._columns = columns
        try:
            self._file = pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
        except pyarrow.ArrowInvalid:
            raise UnknownFormat(f"{path.name} is no Parquet file") from None
        self._masked: dict[str, TokenType | None] = {}
        self._schema: Any = self._file.schema_arrow

    @property
    def size(self) -> int:
        """Rows of the file."""
        rows: int = self._file.metadata.num_rows
        return rows

    def begin(self) -> tuple[bytes, Place]:
        """Nothing yet. Raises `ConfigurationError` for a column that holds no text."""
        schema = self._schema
        for name in dict.fromkeys([*(self._columns or ()), *self._types]):
            if name not in schema.names:
                raise missing(self._path, name, schema.names)
            if text_type(schema.field(name).type) is None:
                there = schema.field(name).type
                raise ConfigurationError(
                    f"{self._path.name}: column {name!r} is {there}, and only text is masked"
                )
        for column in schema:
            if self._columns is None and _hides_text(column.type):
                raise ConfigurationError(
                    f"{self._path.name}: column {column.name!r} is {column.type}, where text is "
                    "not looked for; name the columns to mask"
                )
        chosen = {*(schema.names if self._columns is None else self._columns), *self._types}
        for at, column in enumerate(schema):
            kind = text_type(column.type)
            if column.name in chosen and kind is not None:
                self._masked[column.name] = self._types.get(column.name)
                self._schema = self._schema.set(at, column.with_type(kind))
        return b"", Place()

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """The rows, some at a time."""
        rows = 0
        for batch in self._file.iter_batches(batch_size=MOST_ROWS):
            rows += batch.num_rows
            if rows > start.rows:
                yield self._chunk(batch, Place(rows, 0, rows))

    def finish(self, part: Path, target: Path) -> None:
        """Read the streams and write the file."""
        whole = part.with_name("whole")
        whole.unlink(missing_ok=True)
        whole.touch(part.stat().st_mode & 0o777)
        parquet = self._arrow.parquet
        with (
            self._arrow.OSFile(str(part), "rb") as file,
            parquet.ParquetWriter(whole, self._schema) as writer,
        ):
            batches: list[Any] = []
            while file.tell() < file.size():
                batches += self._arrow.ipc.open_stream(file)
                if sum(batch.num_rows for batch in batches) >= GROUP:
                    writer.write_table(self._arrow.Table.from_batches(batches, self._schema))
                    batches = []
            if batches:
                writer.write_table(self._arrow.Table.from_batches(batches, self._schema))
        whole.replace(target)

    def _chunk(self, batch: Any, after: Place) -> Chunk:
        arrow = self._arrow
        columns = {name: batch.column(name).to_pylist() for name in self._masked}
        texts = [text for name in columns for text in columns[name] if text is not None]
        types = [
            self._masked[name] for name in columns for text in columns[name] if text is not None
        ]

        def write(results: Sequence[str]) -> bytes:
            each = iter(results)
            arrays = []
            for column in self._schema:
                if column.name in columns:
                    values = [None if old is None else next(each) for old in columns[column.name]]
                    arrays.append(arrow.array(values, column.type))
                else:
                    arrays.append(batch.column(column.name))
            sink = arrow.BufferOutputStream()
            with arrow.ipc.new_stream(sink, self._schema) as stream:
                stream.write_batch(arrow.RecordBatch.from_arrays(arrays, schema=self._schema))
            return bytes(sink.getvalue())

        return Chunk(Cells(texts, types), after, write)


def _hides_text(kind: Any) -> bool:
    """Whether text lies deeper in a type: in a list, a structure, a map."""
    inner = [kind.field(at).type for at in range(kind.num_fields)]
    return any(text_type(one) is not None or _hides_text(one) for one in inner)
