"""Reading a file of known values: one a line, or a column of a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from llm_guard_protecto.errors import ConfigurationError

__all__ = ["read_values"]

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read_values(path: Path, column: str | int | None) -> Iterator[str]:
    """The values of a UTF-8 file, as they are read; empty ones are left out.

    A `.csv` or `.tsv` file is a table: `column` is the name of one in its header, or its number
    (from 1, and then there is no header). Any other file holds a value a line. Raises
    `ConfigurationError` that names the file and the mistake, never a value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = _SEPARATORS.get(path.suffix.lower())
            if separator is not None:
                values = _column(csv.reader(file, delimiter=separator, strict=True), column)
            elif column is not None:
                raise ConfigurationError(f"{path}: only a .csv or .tsv file has columns")
            else:
                values = (line.strip() for line in file)
            yield from filter(None, values)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"{path}: {reason}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8") from None
    except csv.Error:
        raise ConfigurationError(f"{path}: is not a table that can be read") from None


def _column(rows: Iterator[list[str]], column: str | int | None) -> Iterator[str]:
    if column is None:
        raise ConfigurationError("column: must say which column of the table")
    if isinstance(column, int):
        at = column - 1
    else:
        header = [name.strip() for name in next(rows, [])]
        if column not in header:
            raise ConfigurationError(f"column: the table has no column {column!r}")
        at = header.index(column)
    for number, row in enumerate(rows, 1):
        if row and len(row) <= at:
            raise ConfigurationError(f"row {number} of the table has no column {column!r}")
        if row:
            yield row[at].strip()
